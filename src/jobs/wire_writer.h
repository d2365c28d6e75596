// Writing the wire format (docs/wire-format.md): one JSON object a line on the descriptor that HEADWAY_FD names.
//
// Used by headway-task. Every function may be called from any thread; lines are whole. With no HEADWAY_FD in the
// environment the lines go to standard output, so that a task can be run by hand. A reader that has gone away (EPIPE)
// silences the writer; the task goes on, and its worker or its next signal decides about it.
#ifndef HW_JOBS_WIRE_WRITER_H
#define HW_JOBS_WIRE_WRITER_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct wire_writer;

struct wire_writer *wire_writer_new(int fd); // doesn't own fd
void wire_writer_free(struct wire_writer *w);
int wire_fd_from_env(void); // the descriptor named by HEADWAY_FD if it is open, else 1

// A phase of the whole job: its place `index` of `count` (from 1) and its share of the whole, in percent.
void wire_phase(struct wire_writer *w, const char *name, int index, int count, double from, double to);

// Progress inside the phase, in `unit`s. At most one line each 50 ms is written, the first and done == total always
// are; so a caller may report as often as it likes. `message` may be NULL.
void wire_progress(struct wire_writer *w, int64_t done, int64_t total, const char *unit, const char *message);
// The same, written in any case: for a caller that reports seldom, and that may not come again for long.
void wire_progress_now(struct wire_writer *w, int64_t done, int64_t total, const char *unit, const char *message);

// One row of metrics: `fields` writes members into the object ("type" and "step" are written already; `layer` < 0:
// all).
struct wire_metric {
    const char
        *name; // loss, l0_sparsity, dead_neurons, explained_variance, learning_rate, grad_norm, samples_per_second, …
    double value; // NaN and infinities become null
};
void wire_metrics(struct wire_writer *w, int64_t step, int layer, const struct wire_metric *m, int n);

void wire_checkpoint(struct wire_writer *w, int64_t step, int layer, const char *path, double loss, int is_best,
                     int64_t size_bytes);
void wire_log(struct wire_writer *w, const char *level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// `result` is a JSON object of any members; borrowed.
void wire_result(struct wire_writer *w, const json_t *result);

// The last line of a task that was asked to pause and has left a checkpoint: `resume` (an object, borrowed) holds the
// members that its next start's parameters get; NULL: it starts anew. Then it ends with status 0.
void wire_paused(struct wire_writer *w, const json_t *resume);

// The last line of a task that fails: error_type from the contract (OOM, VALIDATION, …) chosen from e->code.
// `retry_params` (may be NULL, borrowed): parameters that may work, e.g. {"batch_size": 4}.
void wire_error(struct wire_writer *w, const struct err *e, const json_t *retry_params);

#endif
