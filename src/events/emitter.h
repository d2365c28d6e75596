// One typed function per event of the contract (docs/api/websocket-events.md): the only way anything is published.
//
// Called on the loop's thread. Each encodes the payload once, gives it to the bus, and returns the event's seq on its
// channel (> 0) or a negative code (bad channel name, bus unavailable); the caller looks at it. Strings are borrowed
// for the call. In payloads NaN, and negative counts, mean "not known" and are sent as null.
#ifndef HW_EVENTS_EMITTER_H
#define HW_EVENTS_EMITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "hub/msg.h"

// A call whose answer nobody looks at doesn't compile: an event that is refused must not go unnoticed.
#define EMIT_CHECKED __attribute__((warn_unused_result))

struct bus;
struct emitter;

struct emitter *emitter_new(struct bus *bus); // borrows the bus
void emitter_free(struct emitter *em);

// Any event on any channel: the typed functions end here. `body` is a JSON object.
EMIT_CHECKED int64_t emit_raw(struct emitter *em, struct slice channel, struct slice event, struct slice body,
                              enum msg_class cls);

// ---- {entity_type}s/{entity_id}/progress: any entity ---------------------------------------------------------------

// What every kind of work can say about how far it is.
struct ev_progress {
    const char *status, *phase, *unit, *message;
    int phase_index, phase_count; // 0: no phases
    double progress, rate, eta_seconds;
    int64_t done, total;
};

// `entity_type` in the singular: "job" emits job:progress on jobs/{entity_id}/progress, with {entity_type}_id as its
// first member. For entities that have no event of their own below.
EMIT_CHECKED int64_t emit_progress(struct emitter *em, const char *entity_type, const char *entity_id,
                                   const struct ev_progress *p);

// ---- trainings/{id}/progress, trainings/{id}/checkpoints -----------------------------------------------------------

struct ev_layer {
    int layer_idx;
    double loss, l0_sparsity, dead_neurons;
};

struct ev_training_progress {
    const char *training_id;
    int64_t current_step, total_steps;
    double progress; // 0 to 100
    double loss, l0_sparsity, l1_sparsity, dead_neurons, explained_variance, learning_rate, grad_norm,
        samples_per_second;
    double eta_seconds, eta_low, eta_high;
    const struct ev_layer *layers;
    int n_layers;
};

EMIT_CHECKED int64_t emit_training_created(struct emitter *em, const char *training_id, struct slice training_json);
EMIT_CHECKED int64_t emit_training_progress(struct emitter *em, const struct ev_training_progress *p);
EMIT_CHECKED int64_t emit_training_status_changed(struct emitter *em, const char *training_id, const char *status,
                                                  const char *previous, int64_t current_step, double progress);
EMIT_CHECKED int64_t emit_training_completed(struct emitter *em, const char *training_id, double final_loss,
                                             double duration_seconds);

struct ev_failure {
    const char *error_type, *error_message;
    struct slice suggested_retry_params; // JSON object; empty: null
    double progress;                     // the last one reached
    bool retry_available;
};

EMIT_CHECKED int64_t emit_training_failed(struct emitter *em, const char *training_id, const struct ev_failure *f);

// To those who look at the training, as the last that is known of it; and to those who look at all jobs.
EMIT_CHECKED int64_t emit_training_deleted(struct emitter *em, const char *training_id, const char *job_id);

struct ev_checkpoint {
    const char *training_id, *checkpoint_id, *storage_path;
    int64_t step, size_bytes;
    double loss;
    bool is_best;
};

EMIT_CHECKED int64_t emit_checkpoint_created(struct emitter *em, const struct ev_checkpoint *c);

// ---- models/{id}/progress, models/{id}/extraction, datasets/{id}/progress ------------------------------------------

struct ev_model_progress {
    const char *model_id, *status, *file, *message;
    double progress, bytes_per_second, eta_seconds;
    int64_t bytes_done, bytes_total;
    int file_index, file_count; // which of how many, from 1; negative: not known
};

EMIT_CHECKED int64_t emit_model_progress(struct emitter *em, const struct ev_model_progress *p);
EMIT_CHECKED int64_t emit_model_completed(struct emitter *em, const struct ev_model_progress *p);
EMIT_CHECKED int64_t emit_model_failed(struct emitter *em, const struct ev_model_progress *p,
                                       const struct ev_failure *f);

struct ev_extraction_progress {
    const char *model_id, *extraction_id, *phase, *message;
    double progress, samples_per_second, eta_seconds;
    int64_t samples_processed, samples_total;
};

EMIT_CHECKED int64_t emit_extraction_progress(struct emitter *em, const struct ev_extraction_progress *p);
EMIT_CHECKED int64_t emit_extraction_completed(struct emitter *em, const struct ev_extraction_progress *p);
EMIT_CHECKED int64_t emit_extraction_failed(struct emitter *em, const char *model_id, const char *extraction_id,
                                            const struct ev_failure *f);

// As emit_training_deleted does.
EMIT_CHECKED int64_t emit_model_deleted(struct emitter *em, const char *model_id, const char *job_id);
EMIT_CHECKED int64_t emit_dataset_deleted(struct emitter *em, const char *dataset_id, const char *job_id);

struct ev_dataset_progress {
    const char *dataset_id, *operation, *phase, *unit, *message; // operation: download, tokenize
    double progress, rate, eta_seconds;
    int64_t done, total;
};

EMIT_CHECKED int64_t emit_dataset_progress(struct emitter *em, const struct ev_dataset_progress *p);
EMIT_CHECKED int64_t emit_dataset_completed(struct emitter *em, const struct ev_dataset_progress *p);
EMIT_CHECKED int64_t emit_dataset_failed(struct emitter *em, const struct ev_dataset_progress *p,
                                         const struct ev_failure *f);

// ---- jobs/{id}/progress, jobs/{id}/logs, jobs/{id}/resources, operations -------------------------------------------

struct ev_job {
    const char *job_id, *kind;
    const char *previous; // job:status_changed alone
    struct ev_progress at;
};

EMIT_CHECKED int64_t emit_job_progress(struct emitter *em, const struct ev_job *p);
EMIT_CHECKED int64_t emit_job_status_changed(struct emitter *em, const struct ev_job *p);
EMIT_CHECKED int64_t emit_job_completed(struct emitter *em, const struct ev_job *p);
EMIT_CHECKED int64_t emit_job_failed(struct emitter *em, const struct ev_job *p, const struct ev_failure *f);

struct ev_log_line {
    int64_t seq, ts_us;
    const char *stream; // stdout, stderr, log
    struct slice text;
};

EMIT_CHECKED int64_t emit_job_logs(struct emitter *em, const char *job_id, const struct ev_log_line *lines, int n);
// `body`: the whole payload, its job_id included.
EMIT_CHECKED int64_t emit_job_resources(struct emitter *em, const char *job_id, struct slice body);

// `job_json` is the job as GET /api/v1/jobs/{id} shows it; of an update without params and result.
EMIT_CHECKED int64_t emit_operation_created(struct emitter *em, struct slice job_json);
EMIT_CHECKED int64_t emit_operation_updated(struct emitter *em, struct slice job_json);
EMIT_CHECKED int64_t emit_operation_finished(struct emitter *em, struct slice job_json);

// ---- system/…, hosts/… ---------------------------------------------------------------------------------------------

// `kind`: what comes after "system/", such as "cpu" or "gpu/0". `body`: the readings, as src/monitor writes them.
EMIT_CHECKED int64_t emit_system_metrics(struct emitter *em, const char *kind, struct slice body);
EMIT_CHECKED int64_t emit_cpu_metrics(struct emitter *em, struct slice body);
EMIT_CHECKED int64_t emit_memory_metrics(struct emitter *em, struct slice body);
EMIT_CHECKED int64_t emit_disk_metrics(struct emitter *em, struct slice body);
EMIT_CHECKED int64_t emit_network_metrics(struct emitter *em, struct slice body);
EMIT_CHECKED int64_t emit_gpu_metrics(struct emitter *em, int gpu_id, struct slice body);
// The same of a machine that isn't the server's own, on hosts/{host}/{kind}; `kind`: "cpu", "gpu-0", …
EMIT_CHECKED int64_t emit_host_metrics(struct emitter *em, const char *host, const char *kind, struct slice body);

#endif
