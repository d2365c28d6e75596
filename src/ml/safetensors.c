// The reading half of safetensors.h: the header is checked completely before any tensor is handed out.
#include "ml/safetensors.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "ml/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are mapped as they lie in the file");

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [ST_BOOL] = {"BOOL", 1},       [ST_U8] = {"U8", 1},   [ST_I8] = {"I8", 1},   [ST_F8_E5M2] = {"F8_E5M2", 1},
    [ST_F8_E4M3] = {"F8_E4M3", 1}, [ST_I16] = {"I16", 2}, [ST_U16] = {"U16", 2}, [ST_F16] = {"F16", 2},
    [ST_BF16] = {"BF16", 2},       [ST_I32] = {"I32", 4}, [ST_U32] = {"U32", 4}, [ST_F32] = {"F32", 4},
    [ST_F64] = {"F64", 8},         [ST_I64] = {"I64", 8}, [ST_U64] = {"U64", 8},
};

const char *st_dtype_name(enum st_dtype d)
{
    return dtypes[d].name;
}

size_t st_dtype_size(enum st_dtype d)
{
    return dtypes[d].size;
}

bool st_dtype_parse(const char *name, enum st_dtype *out)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].name, name) != 0) continue;
        *out = (enum st_dtype)i;
        return true;
    }
    return false;
}

void st_shape_text(int rank, const int64_t *shape, char *out, size_t n)
{
    size_t at = (size_t)snprintf(out, n, "[");
    for (int i = 0; i < rank && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, "%s%" PRId64, i ? ", " : "", shape[i]);
    if (at < n) snprintf(out + at, n - at, "]");
}

struct safetensors {
    char *path;
    const char *base; // the whole file
    size_t size;
    bool mapped;
    json_t *header; // owns the names
    struct st_tensor *tensors;
    size_t count;
    struct map by_name;
};

static int parse_shape(struct safetensors *s, struct st_tensor *t, const json_t *shape, struct err *e)
{
    if (!json_is_array(shape))
        return err_set(e, HW_EINVALID, "%.160s: tensor %.100s: shape must be an array", s->path, t->name);
    if (json_array_size(shape) > ST_MAX_RANK)
        return err_set(e, HW_EINVALID, "%.160s: tensor %.100s has %zu dimensions; at most %d are accepted", s->path,
                       t->name, json_array_size(shape), ST_MAX_RANK);
    t->rank = (int)json_array_size(shape);
    t->count = 1;
    bool empty = false, overflow = false;
    for (int i = 0; i < t->rank; i++) {
        const json_t *d = json_array_get(shape, (size_t)i);
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return err_set(e, HW_EINVALID, "%.160s: tensor %.100s: dimension %d must be a whole number, 0 or more",
                           s->path, t->name, i);
        t->shape[i] = json_integer_value(d);
        if (t->shape[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(t->count, (size_t)t->shape[i], &t->count))
            overflow = true;
    }
    // A product that is 0 is 0, in whatever order it is taken.
    if (empty) t->count = 0;
    if ((overflow && !empty) || __builtin_mul_overflow(t->count, st_dtype_size(t->dtype), &t->size)) {
        char text[128];
        st_shape_text(t->rank, t->shape, text, sizeof text);
        return err_set(e, HW_EINVALID, "%.160s: tensor %.100s: the shape %s is larger than any file", s->path, t->name,
                       text);
    }
    return 0;
}

static int parse_tensor(struct safetensors *s, struct st_tensor *t, const json_t *v, struct err *e)
{
    const char *where = s->path;
    if (!json_is_object(v))
        return err_set(e, HW_EINVALID, "%.160s: tensor %.100s must be described by an object", where, t->name);
    const json_t *dtype = json_object_get(v, "dtype"), *offsets = json_object_get(v, "data_offsets");
    if (!json_is_string(dtype))
        return err_set(e, HW_EINVALID, "%.160s: tensor %.100s: dtype must be a string", where, t->name);
    if (!st_dtype_parse(json_string_value(dtype), &t->dtype))
        return err_set(e, HW_EINVALID, "%.160s: tensor %.100s: unknown dtype %.20s", where, t->name,
                       json_string_value(dtype));
    int rc = parse_shape(s, t, json_object_get(v, "shape"), e);
    if (rc) return rc;
    const json_t *b = json_array_get(offsets, 0), *n = json_array_get(offsets, 1);
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !json_is_integer(b) || !json_is_integer(n) ||
        json_integer_value(b) < 0 || json_integer_value(n) < json_integer_value(b))
        return err_set(e, HW_EINVALID,
                       "%.160s: tensor %.100s: data_offsets must be [begin, end] with 0 <= begin <= end", where,
                       t->name);
    t->offset = (uint64_t)json_integer_value(b);
    uint64_t bytes = (uint64_t)json_integer_value(n) - t->offset;
    if (bytes != t->size) {
        char text[128];
        st_shape_text(t->rank, t->shape, text, sizeof text);
        return err_set(e, HW_EINVALID,
                       "%.160s: tensor %.100s: shape %s of %s is %zu bytes, data_offsets [%" PRIu64 ", %" PRIu64
                       "] hold %" PRIu64,
                       where, t->name, text, st_dtype_name(t->dtype), t->size, t->offset, t->offset + bytes, bytes);
    }
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct st_tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    if (x->size != y->size) return x->size < y->size ? -1 : 1; // empty ones come before what starts at the same byte
    return strcmp(x->name, y->name);
}

static int check_layout(struct safetensors *s, size_t data_start, struct err *e)
{
    uint64_t at = 0, have = s->size - data_start;
    for (size_t i = 0; i < s->count; i++) {
        struct st_tensor *t = &s->tensors[i];
        if (t->offset != at)
            return err_set(e, HW_EINVALID,
                           "%.160s: tensor %.100s begins at byte %" PRIu64
                           " of the data, the one before it ends at %" PRIu64 ": %s",
                           s->path, t->name, t->offset, at, t->offset < at ? "they overlap" : "there is a hole");
        at = t->offset + t->size;
        if (at > have)
            return err_set(e, HW_EEOF,
                           "%.160s: truncated: tensor %.100s needs bytes %" PRIu64 " to %" PRIu64
                           " of the file, which has %zu",
                           s->path, t->name, data_start + t->offset, data_start + at, s->size);
        t->offset += data_start;
        t->data = s->base + t->offset;
    }
    if (at != have)
        return err_set(e, HW_EINVALID,
                       "%.160s: the header describes %" PRIu64 " bytes, the file has %zu: %" PRIu64
                       " bytes too many at the end",
                       s->path, data_start + at, s->size, have - at);
    return 0;
}

static int check_metadata(struct safetensors *s, const json_t *meta, struct err *e)
{
    if (!json_is_object(meta)) return err_set(e, HW_EINVALID, "%.160s: __metadata__ must be an object", s->path);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)meta, key, value)
    {
        if (!json_is_string(value))
            return err_set(e, HW_EINVALID, "%.160s: __metadata__: %.100s must be a string", s->path, key);
    }
    return 0;
}

static int parse(struct safetensors *s, struct err *e)
{
    if (s->size < 8)
        return err_set(e, HW_EEOF, "%.160s: truncated: needs 8 bytes for the header's length, has %zu", s->path,
                       s->size);
    uint64_t header_len;
    memcpy(&header_len, s->base, sizeof header_len);
    if (header_len > ST_MAX_HEADER)
        return err_set(e, HW_EINVALID,
                       "%.160s: not a safetensors file: its header would be %" PRIu64
                       " bytes long; at most %d are accepted",
                       s->path, header_len, ST_MAX_HEADER);
    if (header_len > s->size - 8)
        return err_set(e, HW_EEOF, "%.160s: truncated: needs %" PRIu64 " bytes for the header, has %zu", s->path,
                       header_len + 8, s->size);
    if (header_len == 0 || s->base[8] != '{')
        return err_set(e, HW_EINVALID, "%.160s: not a safetensors file: the header must begin with {", s->path);
    s->header = json_read_object(slice_of(s->base + 8, header_len), e);
    if (!s->header) {
        err_prefix(e, "%.160s: header", s->path);
        return HW_EINVALID;
    }

    s->tensors = mem_array(json_object_size(s->header) + 1, sizeof *s->tensors);
    const char *key;
    json_t *value;
    json_object_foreach(s->header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            int rc = check_metadata(s, value, e);
            if (rc) return rc;
            continue;
        }
        struct st_tensor *t = &s->tensors[s->count++];
        t->name = key;
        int rc = parse_tensor(s, t, value, e);
        if (rc) return rc;
    }
    qsort(s->tensors, s->count, sizeof *s->tensors, by_offset);
    int rc = check_layout(s, 8 + (size_t)header_len, e);
    for (size_t i = 0; !rc && i < s->count; i++) map_put(&s->by_name, slice_str(s->tensors[i].name), &s->tensors[i]);
    return rc;
}

static int finish_open(struct safetensors *s, struct safetensors **out, struct err *e)
{
    map_init(&s->by_name);
    int rc = parse(s, e);
    if (rc) {
        safetensors_close(s);
        s = NULL;
    }
    *out = s;
    return rc;
}

int safetensors_parse(struct slice bytes, const char *name, struct safetensors **out, struct err *e)
{
    struct safetensors *s = mem_zalloc(sizeof *s);
    s->path = mem_strdup(name);
    s->base = bytes.p;
    s->size = bytes.n;
    return finish_open(s, out, e);
}

int safetensors_open(const char *path, struct safetensors **out, struct err *e)
{
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_sys(e, errno, "can't open %.300s", path);
    struct stat st;
    int rc = 0;
    void *base = MAP_FAILED;
    if (fstat(fd, &st) < 0)
        rc = err_sys(e, errno, "can't read %.300s", path);
    else if (!S_ISREG(st.st_mode))
        rc = err_set(e, HW_EINVALID, "%.300s is not a file", path);
    else if (st.st_size == 0)
        rc = err_set(e, HW_EEOF, "%.300s: truncated: the file is empty", path);
    else if ((base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
        rc = err_sys(e, errno, "can't map %.300s", path);
    close(fd);
    if (rc) return rc;
    struct safetensors *s = mem_zalloc(sizeof *s);
    s->path = mem_strdup(path);
    s->base = base;
    s->size = (size_t)st.st_size;
    s->mapped = true;
    return finish_open(s, out, e);
}

void safetensors_close(struct safetensors *s)
{
    if (!s) return;
    if (s->mapped) {
        int rc = munmap((void *)(uintptr_t)s->base, s->size);
        assert(rc == 0);
        (void)rc;
    }
    map_release(&s->by_name);
    free(s->tensors);
    json_decref(s->header);
    free(s->path);
    free(s);
}

const char *safetensors_path(const struct safetensors *s)
{
    return s->path;
}

size_t safetensors_count(const struct safetensors *s)
{
    return s->count;
}

const struct st_tensor *safetensors_at(const struct safetensors *s, size_t i)
{
    assert(i < s->count);
    return &s->tensors[i];
}

const struct st_tensor *safetensors_get(const struct safetensors *s, const char *name)
{
    return map_get(&s->by_name, slice_str(name));
}

const char *safetensors_metadata(const struct safetensors *s, const char *key)
{
    return json_string_value(json_object_get(json_object_get(s->header, "__metadata__"), key));
}

int safetensors_need(const struct safetensors *s, const char *name, int rank, const int64_t *shape,
                     const struct st_tensor **out, struct err *e)
{
    const struct st_tensor *t = safetensors_get(s, name);
    *out = t;
    if (!t) return err_set(e, HW_EINVALID, "%.160s: there is no tensor %.100s", s->path, name);
    bool same = t->rank == rank;
    for (int i = 0; same && i < rank; i++) same = t->shape[i] == shape[i];
    if (same) return 0;
    char has[96], wants[96];
    st_shape_text(t->rank, t->shape, has, sizeof has);
    st_shape_text(rank, shape, wants, sizeof wants);
    return err_set(e, HW_EINVALID, "%.160s: tensor %.100s has the shape %s; %s is wanted", s->path, name, has, wants);
}

int safetensors_f32(const struct st_tensor *t, size_t first, size_t count, float *out, struct err *e)
{
    assert(first <= t->count && count <= t->count - first);
    const char *from = (const char *)t->data + first * st_dtype_size(t->dtype);
    switch (t->dtype) {
    case ST_F32:
        if (count) memcpy(out, from, count * sizeof *out);
        return 0;
    case ST_F16: half_to_f32_n(from, out, count); return 0;
    case ST_BF16: bf16_to_f32_n(from, out, count); return 0;
    case ST_F64:
        for (size_t i = 0; i < count; i++) {
            double v;
            memcpy(&v, from + i * sizeof v, sizeof v);
            out[i] = (float)v;
        }
        return 0;
    default:
        return err_set(e, HW_EUNSUPPORTED, "tensor %.100s is %s; F32, F16, BF16 and F64 can be read as numbers",
                       t->name, st_dtype_name(t->dtype));
    }
}
