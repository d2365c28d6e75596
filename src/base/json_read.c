#include <string.h>

#include "base/json.h"

json_t *json_read(struct slice text, struct err *e)
{
    json_error_t je;
    json_t *v = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
    if (!v) err_set(e, HW_EINVALID, "not valid JSON: %s (line %d, column %d)", je.text, je.line, je.column);
    return v;
}

json_t *json_read_object(struct slice text, struct err *e)
{
    json_t *v = json_read(text, e);
    if (v && !json_is_object(v)) {
        json_decref(v);
        err_set(e, HW_EINVALID, "a JSON object is wanted");
        return NULL;
    }
    return v;
}

static const json_t *member(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_null(v) ? NULL : v;
}

int json_get_str(const json_t *obj, const char *key, const char *def, const char **out, struct err *e)
{
    const json_t *v = member(obj, key);
    *out = def;
    if (!v) return 0;
    if (!json_is_string(v)) return err_field(e, HW_EVALIDATION, key, "%s must be a string", key);
    if (strlen(json_string_value(v)) != json_string_length(v))
        return err_field(e, HW_EVALIDATION, key, "%s must not contain U+0000", key);
    *out = json_string_value(v);
    return 0;
}

int json_get_i64(const json_t *obj, const char *key, int64_t def, int64_t lo, int64_t hi, int64_t *out, struct err *e)
{
    const json_t *v = member(obj, key);
    *out = def;
    if (!v) return 0;
    int64_t n;
    if (json_is_integer(v)) {
        n = json_integer_value(v);
    } else if (json_is_real(v) && json_real_value(v) >= -9e15 && json_real_value(v) <= 9e15 &&
               (double)(int64_t)json_real_value(v) == json_real_value(v)) {
        n = (int64_t)json_real_value(v); // 1e6 is an integer to whoever wrote it
    } else {
        return err_field(e, HW_EVALIDATION, key, "%s must be a whole number", key);
    }
    if (n < lo || n > hi)
        return err_field(e, HW_EVALIDATION, key, "%s is %lld; %lld to %lld is accepted", key, (long long)n,
                         (long long)lo, (long long)hi);
    *out = n;
    return 0;
}

int json_get_f64(const json_t *obj, const char *key, double def, double lo, double hi, double *out, struct err *e)
{
    const json_t *v = member(obj, key);
    *out = def;
    if (!v) return 0;
    if (!json_is_number(v)) return err_field(e, HW_EVALIDATION, key, "%s must be a number", key);
    double x = json_number_value(v);
    if (!(x >= lo && x <= hi))
        return err_field(e, HW_EVALIDATION, key, "%s is %g; %g to %g is accepted", key, x, lo, hi);
    *out = x;
    return 0;
}

int json_get_bool(const json_t *obj, const char *key, bool def, bool *out, struct err *e)
{
    const json_t *v = member(obj, key);
    *out = def;
    if (!v) return 0;
    if (!json_is_boolean(v)) return err_field(e, HW_EVALIDATION, key, "%s must be true or false", key);
    *out = json_is_true(v);
    return 0;
}
