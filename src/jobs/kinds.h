// The job kinds as a table: adding a kind is adding a row. Pure.
//
// A row says what a kind may use (resource class), what it belongs to, its phases, and each parameter with its type,
// default and bounds. Submitted parameters are checked against it before anything is queued; defaults stand here and
// nowhere else.
#ifndef HW_JOBS_KINDS_H
#define HW_JOBS_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum param_type {
    PARAM_STRING,
    PARAM_INT,
    PARAM_NUMBER,
    PARAM_BOOL,
    PARAM_CHOICE,      // one of `choices`
    PARAM_INT_LIST,    // array of distinct integers, not empty
    PARAM_CHOICE_LIST, // array of distinct values of `choices`, not empty
    PARAM_STRING_LIST, // array of distinct strings, not empty
};

struct param_spec {
    const char *name;
    enum param_type type;
    bool required;
    const char *def;     // the default as JSON text; NULL: none (absent stays absent)
    double lo, hi;       // PARAM_INT, PARAM_NUMBER and the members of PARAM_INT_LIST; bytes of PARAM_STRING(_LIST)
    const char *choices; // "a|b|c"
    const char *help;    // one line, for --help and messages
};

struct phase_spec {
    const char *name;
    double from, to;
};

struct job_kind {
    const char *name;
    const char *resource_class;      // "cpu", "gpu", "io"
    const char *entity_type;         // "model", "dataset", "extraction", "training"; "" for none
    bool determinate;                // progress starts at 0 rather than unknown
    bool checkpoints;                // pauses by leaving what it has and ending (SIGUSR1); others stand still
    bool stops;                      // can finish early with the result it has (SIGUSR2)
    const struct phase_spec *phases; // ends with name NULL
    const struct param_spec *params; // ends with name NULL
};

const struct job_kind *job_kind_find(const char *name); // NULL if there is none
const struct job_kind *job_kind_at(size_t i);           // NULL past the end
void job_kind_names(struct buf *out);                   // "tokenize, extract, train_sae, …" for messages

// Checks `given` (an object) against the table and makes the complete parameters: what was given, and defaults for the
// rest. NULL on error with the parameter in e->field (HW_EVALIDATION): unknown, missing, of the wrong type, out of
// range. The caller owns the object.
json_t *job_kind_resolve(const struct job_kind *kind, const json_t *given, struct err *e);

// Checks parameters that are to replace some of a job's (a retry): each must be one of the kind's and in range. 0 or
// HW_EVALIDATION.
int job_kind_check_changes(const struct job_kind *kind, const json_t *changed, struct err *e);

#endif
