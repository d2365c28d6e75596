#include "store/copy_format.h"

#include <endian.h>
#include <string.h>

static const char SIGNATURE[] = "PGCOPY\n\377\r\n"; // and the zero that ends it

static void put_u16(struct buf *b, uint16_t v)
{
    v = htobe16(v);
    buf_add(b, &v, sizeof v);
}

static void put_u32(struct buf *b, uint32_t v)
{
    v = htobe32(v);
    buf_add(b, &v, sizeof v);
}

static void put_u64(struct buf *b, uint64_t v)
{
    v = htobe64(v);
    buf_add(b, &v, sizeof v);
}

void copy_put_header(struct buf *out)
{
    buf_add(out, SIGNATURE, sizeof SIGNATURE);
    put_u32(out, 0); // flags
    put_u32(out, 0); // bytes of an extension
}

void copy_put_row(struct buf *out, int columns)
{
    put_u16(out, (uint16_t)columns);
}

void copy_put_value(struct buf *out, enum copy_type type, const struct copy_value *v)
{
    uint64_t bits;
    if (v->null) {
        put_u32(out, UINT32_MAX);
        return;
    }
    switch (type) {
    case COPY_I32:
        put_u32(out, 4);
        put_u32(out, (uint32_t)(int32_t)v->i64);
        break;
    case COPY_I64:
        put_u32(out, 8);
        put_u64(out, (uint64_t)v->i64);
        break;
    case COPY_F64:
        memcpy(&bits, &v->f64, sizeof bits);
        put_u32(out, 8);
        put_u64(out, bits);
        break;
    case COPY_BYTES:
    case COPY_BLOB:
        put_u32(out, (uint32_t)v->bytes.n);
        if (v->bytes.n) buf_add_slice(out, v->bytes);
        break;
    }
}

void copy_put_end(struct buf *out)
{
    put_u16(out, UINT16_MAX);
}

// ---- reading ------------------------------------------------------------------------------------------------------

static bool take(struct slice *in, void *out, size_t n)
{
    if (in->n < n) return false;
    memcpy(out, in->p, n);
    in->p += n;
    in->n -= n;
    return true;
}

static bool take_u32(struct slice *in, uint32_t *v)
{
    if (!take(in, v, sizeof *v)) return false;
    *v = be32toh(*v);
    return true;
}

static int broken(struct err *e)
{
    return err_set(e, HW_EPROTOCOL, "the database sent rows that can't be understood");
}

int copy_take_header(struct slice *in, struct err *e)
{
    char signature[sizeof SIGNATURE];
    uint32_t flags, extension;
    if (!take(in, signature, sizeof signature) || memcmp(signature, SIGNATURE, sizeof signature) != 0 ||
        !take_u32(in, &flags) || !take_u32(in, &extension) || in->n < extension)
        return broken(e);
    in->p += extension;
    in->n -= extension;
    return 0;
}

static bool take_value(struct slice *in, enum copy_type type, struct copy_value *v)
{
    uint32_t n, u32;
    uint64_t u64;
    *v = (struct copy_value){0};
    if (!take_u32(in, &n)) return false;
    v->null = n == UINT32_MAX;
    if (v->null) return true;
    switch (type) {
    case COPY_I32:
        if (n != 4 || !take_u32(in, &u32)) return false;
        v->i64 = (int32_t)u32;
        return true;
    case COPY_I64:
        if (n != 8 || !take(in, &u64, sizeof u64)) return false;
        v->i64 = (int64_t)be64toh(u64);
        return true;
    case COPY_F64:
        if (n != 8 || !take(in, &u64, sizeof u64)) return false;
        u64 = be64toh(u64);
        memcpy(&v->f64, &u64, sizeof v->f64);
        return true;
    case COPY_BYTES:
    case COPY_BLOB:
        if (in->n < n) return false;
        v->bytes = slice_of(in->p, n);
        in->p += n;
        in->n -= n;
        return true;
    }
    return false;
}

int copy_take_row(struct slice *in, const enum copy_type *types, int columns, struct copy_value *out, struct err *e)
{
    uint16_t n;
    if (!take(in, &n, sizeof n)) return broken(e);
    n = be16toh(n);
    if (n == UINT16_MAX) return 0;
    if (n != columns) return broken(e);
    for (int i = 0; i < columns; i++)
        if (!take_value(in, types[i], &out[i])) return broken(e);
    return 1;
}
