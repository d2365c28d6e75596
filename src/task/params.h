// A job's parameters, checked and completed by the row of its kind in jobs/kinds.h: types, bounds and defaults stand
// there alone. What the server adds to them (paths) is in no table; each kind asks for its own.
#ifndef HW_TASK_PARAMS_H
#define HW_TASK_PARAMS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

// A new object with every parameter of the kind that was given or has a default; the caller owns it. NULL with
// HW_EVALIDATION naming the parameter. The kind must be in the table (asserted).
json_t *task_params_resolve(const char *kind, const json_t *given, struct err *e);

// A path that must be there, borrowed from `given`. HW_EVALIDATION naming it.
int task_params_path(const json_t *given, const char *key, const char **out, struct err *e);

// Numbers of a resolved object. The table's bounds are the kind's promise that they fit.
static inline int64_t task_params_i64(const json_t *resolved, const char *key)
{
    return json_integer_value(json_object_get(resolved, key));
}

static inline int task_params_int(const json_t *resolved, const char *key)
{
    return (int)task_params_i64(resolved, key);
}

static inline double task_params_f64(const json_t *resolved, const char *key)
{
    return json_number_value(json_object_get(resolved, key));
}

#endif
