// Reading the wire format (docs/wire-format.md): what a job writes, line by line; and, with a few types of the worker's
// own, what a worker reports. Pure: bytes in, one event out.
#ifndef HW_JOBS_WIRE_H
#define HW_JOBS_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

// A line's length in bytes, and how deep its values may be nested: a line that one reader takes is then taken by every
// other, also within the texts that it is put into on its way.
enum { WIRE_LINE_MAX = 1 << 20, WIRE_DEPTH_MAX = 64, WIRE_LAYER_MAX = 100000 };
#define WIRE_COUNT_MAX (1LL << 53) // what a JSON number holds exactly everywhere

enum wire_type {
    WIRE_UNKNOWN, // a JSON object of a type that this version doesn't know: ignored
    WIRE_PHASE,
    WIRE_PROGRESS,
    WIRE_METRIC,
    WIRE_CHECKPOINT,
    WIRE_LOG,
    WIRE_RESULT,
    WIRE_ERROR,
    WIRE_PAUSED, // it has left a checkpoint, from which its next start goes on, and ends
    // from the worker
    WIRE_STARTED,
    WIRE_OUTPUT,
    WIRE_RESOURCES,
    WIRE_FROZEN, // its processes stand still
    WIRE_THAWED, // and go on
    WIRE_EXITED,
    WIRE_HEARTBEAT,
    WIRE_TYPE_COUNT
};

// The named columns of a metric row; what isn't here goes to `extra`.
#define WIRE_METRIC_COLUMNS(X)                                                                                         \
    X(loss)                                                                                                            \
    X(loss_reconstructed)                                                                                              \
    X(l0_sparsity)                                                                                                     \
    X(l1_sparsity)                                                                                                     \
    X(dead_neurons)                                                                                                    \
    X(explained_variance)                                                                                              \
    X(learning_rate)                                                                                                   \
    X(grad_norm)                                                                                                       \
    X(gpu_memory_used_mb)                                                                                              \
    X(samples_per_second)

// The bit of a column in wire_event.u.metric.given.
enum wire_metric_column {
#define X(name) WIRE_METRIC_##name,
    WIRE_METRIC_COLUMNS(X)
#undef X
        WIRE_METRIC_COLUMN_COUNT
};

// Strings are borrowed from `json` and `held`, which the event owns (wire_event_release). Numbers not given are NaN, or
// -1 for counts.
struct wire_event {
    enum wire_type type;
    json_t *json;  // NULL: it was read without a tree (jobs/wire_scan.h)
    char *held;    // NULL: nothing
    int64_t ts_us; // the writer's clock; 0: not given
    union {
        struct {
            const char *name;
            int index, count;
            double from, to; // NaN: not given
        } phase;
        struct {
            int64_t done, total;        // total -1: not known
            const char *unit, *message; // NULL: not given
        } progress;
        struct {
            int64_t step;
            int layer; // -1: over all layers
#define X(name) double name;
            WIRE_METRIC_COLUMNS(X)
#undef X
            unsigned given;    // the columns that are members, though it be as null: a bit each
            const char *extra; // the members that are numbers and no column, as one JSON object; NULL: none
        } metric;
        struct {
            int64_t step, size_bytes;
            int layer;
            const char *path;
            double loss;
            bool is_best;
        } checkpoint;
        struct {
            const char *level, *text;
        } log;
        struct {
            const char *error_type, *message;
            const json_t *params; // NULL: none
        } error;
        struct {
            const json_t *resume; // members that its next start's parameters get; NULL: none
        } paused;
        struct {
            int64_t pid;
        } started;
        struct {
            const char *stream, *text;
        } output;
        struct {
            int code, signal; // signal 0: exited by itself
            bool oom_killed, timed_out;
            bool paused;      // at a checkpoint, as it was asked to
            bool requeue;     // and not because of a user: it is to go on as soon as a place is free
            bool interrupted; // by whoever called it, at its terminal
            const char *last_stderr;
        } exited;
    } u;
};

// Takes ownership of `obj` in every case. 0; HW_EVALIDATION if a member that the type needs is missing or of the wrong
// kind (the message names it), and then nothing needs releasing.
int wire_event_from_json(json_t *obj, struct wire_event *out, struct err *e);

// Reads one line (without its newline). HW_EINVALID: not a JSON object — the caller keeps it as a log line.
int wire_event_parse(struct slice line, struct wire_event *out, struct err *e);

void wire_event_release(struct wire_event *ev);

#endif
