#include "store/postgres_array.h"

#include <endian.h>
#include <math.h>
#include <string.h>

static void put_u32(struct buf *out, uint32_t v)
{
    v = htobe32(v);
    buf_add(out, &v, sizeof v);
}

static void put_u64(struct buf *out, uint64_t v)
{
    v = htobe64(v);
    buf_add(out, &v, sizeof v);
}

void pg_array_begin(struct buf *out, int oid, size_t n)
{
    put_u32(out, n > 0); // dimensions
    put_u32(out, 1);     // there may be NULLs
    put_u32(out, (uint32_t)oid);
    if (n == 0) return;
    put_u32(out, (uint32_t)n);
    put_u32(out, 1);
}

void pg_array_i64(struct buf *out, int64_t v)
{
    put_u32(out, 8);
    put_u64(out, (uint64_t)v);
}

void pg_array_i32(struct buf *out, int32_t v)
{
    put_u32(out, 4);
    put_u32(out, (uint32_t)v);
}

void pg_array_f64(struct buf *out, double v)
{
    uint64_t bits;
    if (isnan(v)) {
        put_u32(out, UINT32_MAX);
        return;
    }
    memcpy(&bits, &v, sizeof bits);
    put_u32(out, 8);
    put_u64(out, bits);
}

void pg_array_text(struct buf *out, const char *s)
{
    if (!s) {
        put_u32(out, UINT32_MAX);
        return;
    }
    size_t n = strlen(s);
    put_u32(out, (uint32_t)n);
    buf_add(out, s, n);
}
