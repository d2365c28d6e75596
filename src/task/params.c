#include "task/params.h"

#include <assert.h>

#include "jobs/kinds.h"

json_t *task_params_resolve(const char *kind, const json_t *given, struct err *e)
{
    const struct job_kind *k = job_kind_find(kind);
    assert(k);
    json_t *own = json_object();
    for (const struct param_spec *p = k->params; p->name; p++) {
        json_t *v = json_object_get(given, p->name);
        if (v) json_object_set(own, p->name, v);
    }
    json_t *resolved = job_kind_resolve(k, own, e);
    json_decref(own);
    return resolved;
}

int task_params_path(const json_t *given, const char *key, const char **out, struct err *e)
{
    int rc = json_get_str(given, key, "", out, e);
    return !rc && !**out ? err_field(e, HW_EVALIDATION, key, "%s is missing", key) : rc;
}
