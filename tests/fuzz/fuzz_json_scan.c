// The scanner takes exactly what the parser takes, but for depth and the size of numbers; what it takes can be made
// compact and its names unescaped without changing what they are.
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth_of(struct slice text)
{
    size_t depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            if (++depth > deepest) deepest = depth;
        } else if (!in_string && (c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return deepest;
}

// Each member as the parser sees it. A name may come again; the last one counts.
static void check_member(const struct json_member *m, const json_t *object, bool unique)
{
    struct buf name = BUF_INIT, value = BUF_INIT;
    if (m->escaped)
        json_unescape(m->name, &name);
    else
        buf_add_slice(&name, m->name);
    json_t *held = json_object_get(object, buf_cstr(&name));
    assert(held);
    json_add_compact(&value, m->value);
    assert(m->spaced ? value.n < m->value.n : value.n == m->value.n);
    json_t *again = json_loadb(value.p, value.n, JSON_DECODE_ANY, NULL);
    assert(again && (!unique || json_equal(held, again)));
    (void)held, (void)unique;
    json_decref(again);
    buf_release(&name);
    buf_release(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_dup(data, size); // so that reading past the end is seen
    struct slice text = slice_of(copy, size);
    json_error_t je = {0}, jd = {0};
    json_t *v = json_loadb(copy, size, 0, &je);
    json_t *u = json_loadb(copy, size, JSON_REJECT_DUPLICATES, &jd);
    struct json_scan s;
    struct json_member m;
    struct err e = {0};
    int rc;
    json_scan_object(&s, text);
    while ((rc = json_scan_member(&s, &m, &e)) == 1) {
        if (json_is_object(v)) check_member(&m, v, u != NULL);
    }
    assert(rc == 0 || (rc == HW_EINVALID && e.message[0]));
    // The parser overlooks a NUL right behind a number, which is no JSON.
    bool nul = size && memchr(copy, 0, size);
    if (json_is_object(v) && !nul && depth_of(text) <= JSON_SCAN_DEPTH) assert(rc == 0);
    if (rc == 0 && !v) assert(json_error_code(&je) == json_error_numeric_overflow);
    json_decref(v);
    json_decref(u);
    free(copy);
    return 0;
}
