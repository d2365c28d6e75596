// Members of a JSON object into a row's fields (heap text, counts with -1 for "not known").
#ifndef HW_JOBS_FIELDS_H
#define HW_JOBS_FIELDS_H

#include <stdint.h>

#include "base/json.h"
#include "base/mem.h"

static inline char *field_text(const json_t *obj, const char *key)
{
    const char *s = json_string_value(json_object_get(obj, key));
    return s ? mem_strdup(s) : NULL;
}

static inline int64_t field_count(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_integer(v) ? (int64_t)json_integer_value(v) : -1;
}

// Any value as compact JSON text; NULL if it is absent.
static inline char *field_json(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    if (!v) return NULL;
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_json(&w, v);
    return buf_detach(&b, NULL);
}

#endif
