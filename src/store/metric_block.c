#include "store/metric_block.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "store/metric_rules.h"
#include "store/packed_ints.h"

// version, rows, steps, times, columns, texts, crc32 of all that.
enum { VERSION = 1, CRC_BYTES = 4 };
enum { SOME_ARE_NULL = 0x80 }; // beside a column's rule
enum { TEXT_MAX = 1 << 26 };   // of all rows of a block together

static const size_t columns[] = {
#define X(name) offsetof(struct metric_row, name),
    METRIC_COLUMNS(X)
#undef X
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static double *cell(struct metric_row *r, size_t column)
{
    return (double *)(void *)((char *)r + columns[column]);
}

static double value(const struct metric_row *r, size_t column)
{
    return *(const double *)(const void *)((const char *)r + columns[column]);
}

bool metric_row_same(const struct metric_row *a, const struct metric_row *b)
{
    bool same = a->step == b->step && a->layer_idx == b->layer_idx && a->timestamp == b->timestamp;
    for (size_t i = 0; same && i < N_COLUMNS; i++)
        same = metric_same_bits(value(a, i), value(b, i)) || (isnan(value(a, i)) && isnan(value(b, i)));
    if (!same || !a->extra != !b->extra) return false;
    return !a->extra || strcmp(a->extra, b->extra) == 0;
}

// ---- writing -------------------------------------------------------------------------------------------------------

struct writing {
    const struct metric_row *rows;
    size_t n;
    double values[N_COLUMNS][METRIC_BLOCK_ROWS];
    int64_t ints[METRIC_BLOCK_ROWS], scratch[METRIC_BLOCK_ROWS];
};

static bool equal_columns(const struct writing *w, size_t a, size_t b)
{
    for (size_t i = 0; i < w->n; i++) {
        double x = w->values[a][i], y = w->values[b][i];
        if (!metric_same_bits(x, y) && !(isnan(x) && isnan(y))) return false;
    }
    return true;
}

// NaN is what isn't known: it is left out, and where some are known a bit for each row says which.
static void write_column(struct writing *w, size_t column, struct buf *out)
{
    unsigned char known[METRIC_BLOCK_ROWS / 8] = {0};
    double present[METRIC_BLOCK_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (isnan(w->values[column][i])) continue;
        known[i / 8] |= (unsigned char)(1 << i % 8);
        present[n++] = w->values[column][i];
    }
    struct metric_rule rule = {METRIC_RULE_NONE, 0};
    for (size_t before = 0; n && before < column; before++) {
        if (!equal_columns(w, before, column)) continue;
        buf_add_char(out, METRIC_RULE_SAME);
        varint_put(out, before);
        return;
    }
    if (n) rule = metric_rule_choose(present, n, w->ints, w->scratch);
    bool some = n && n < w->n;
    buf_add_char(out, (char)(rule.kind | (some ? SOME_ARE_NULL : 0)));
    if (some) buf_add(out, known, (w->n + 7) / 8);
    if (!n) return;
    varint_put(out, rule.parameter);
    packed_ints_put(out, w->ints, n, w->scratch);
}

// 0: there are none. Else their bytes and how many these are when deflated, then so many: each row's length + 1 (0: it
// has none), and all of them one behind the other.
static void write_texts(const struct writing *w, struct buf *out)
{
    struct buf plain = BUF_INIT;
    size_t any = 0;
    for (size_t i = 0; i < w->n; i++) {
        varint_put(&plain, w->rows[i].extra ? strlen(w->rows[i].extra) + 1 : 0);
        any += w->rows[i].extra != NULL;
    }
    for (size_t i = 0; i < w->n; i++)
        if (w->rows[i].extra) buf_add_str(&plain, w->rows[i].extra);
    uLongf room = compressBound(plain.n), n = room;
    Bytef *packed = mem_alloc(room);
    // With room for the worst case it fails only for want of memory.
    if (any && compress2(packed, &n, (const Bytef *)plain.p, plain.n, Z_BEST_COMPRESSION) != Z_OK) mem_exhausted(room);
    varint_put(out, any ? plain.n : 0);
    if (any) {
        varint_put(out, n);
        buf_add(out, packed, n);
    }
    free(packed);
    buf_release(&plain);
}

void metric_block_write(const struct metric_row *rows, size_t n, struct buf *out)
{
    struct writing *w = mem_alloc(sizeof *w);
    size_t begin = out->n;
    w->rows = rows;
    w->n = n;
    buf_add_char(out, VERSION);
    varint_put(out, n);
    for (size_t i = 0; i < n; i++) w->ints[i] = rows[i].step;
    packed_ints_put(out, w->ints, n, w->scratch);
    for (size_t i = 0; i < n; i++) w->ints[i] = rows[i].timestamp;
    packed_ints_put(out, w->ints, n, w->scratch);
    varint_put(out, N_COLUMNS);
    for (size_t k = 0; k < N_COLUMNS; k++)
        for (size_t i = 0; i < n; i++) w->values[k][i] = value(&rows[i], k);
    for (size_t k = 0; k < N_COLUMNS; k++) write_column(w, k, out);
    write_texts(w, out);
    uint32_t crc = htole32((uint32_t)crc32_z(0, (const Bytef *)out->p + begin, out->n - begin));
    buf_add(out, &crc, CRC_BYTES);
    free(w);
}

// ---- reading -------------------------------------------------------------------------------------------------------

struct reading {
    struct slice in;
    struct metric_row *rows;
    size_t n;
    int64_t ints[METRIC_BLOCK_ROWS];
    double present[METRIC_BLOCK_ROWS];
};

static bool take(struct slice *in, void *out, size_t n)
{
    if (in->n < n) return false;
    memcpy(out, in->p, n);
    in->p += n;
    in->n -= n;
    return true;
}

static bool take_places(struct reading *r)
{
    if (!packed_ints_take(&r->in, r->ints, r->n)) return false;
    for (size_t i = 0; i < r->n; i++) {
        if (i && r->ints[i] <= r->ints[i - 1]) return false;
        r->rows[i].step = r->ints[i];
    }
    if (!packed_ints_take(&r->in, r->ints, r->n)) return false;
    for (size_t i = 0; i < r->n; i++) r->rows[i].timestamp = r->ints[i];
    return true;
}

static bool take_column(struct reading *r, size_t column)
{
    unsigned char kind, known[METRIC_BLOCK_ROWS / 8];
    struct metric_rule rule;
    if (!take(&r->in, &kind, 1)) return false;
    rule.kind = kind & ~SOME_ARE_NULL;
    if (rule.kind == METRIC_RULE_NONE) {
        for (size_t i = 0; i < r->n; i++) *cell(&r->rows[i], column) = (double)NAN;
        return kind == METRIC_RULE_NONE;
    }
    if (rule.kind == METRIC_RULE_SAME) {
        if (kind != METRIC_RULE_SAME || !varint_take(&r->in, &rule.parameter) || rule.parameter >= column) return false;
        for (size_t i = 0; i < r->n; i++) *cell(&r->rows[i], column) = value(&r->rows[i], (size_t)rule.parameter);
        return true;
    }
    size_t n = r->n;
    memset(known, 0xff, sizeof known);
    if (kind & SOME_ARE_NULL) {
        if (!take(&r->in, known, (r->n + 7) / 8)) return false;
        n = 0;
        for (size_t i = 0; i < r->n; i++) n += known[i / 8] >> i % 8 & 1;
    }
    if (!varint_take(&r->in, &rule.parameter) || !packed_ints_take(&r->in, r->ints, n)) return false;
    if (!metric_rule_apply(&rule, r->ints, r->present, n)) return false;
    for (size_t i = 0, at = 0; i < r->n; i++)
        *cell(&r->rows[i], column) = known[i / 8] >> i % 8 & 1 ? r->present[at++] : (double)NAN;
    return true;
}

// `plain` is as write_texts made it.
static bool take_plain_texts(struct reading *r, struct slice plain)
{
    uint64_t length, left;
    struct slice lengths = plain;
    for (size_t i = 0; i < r->n; i++)
        if (!varint_take(&plain, &length)) return false;
    left = plain.n;
    for (size_t i = 0; i < r->n; i++) {
        if (!varint_take(&lengths, &length)) return false;
        if (length == 0) continue;
        if (--length > left) return false;
        r->rows[i].extra = mem_strndup(plain.p, (size_t)length);
        plain.p += length;
        left -= length;
    }
    return left == 0;
}

static bool take_texts(struct reading *r)
{
    uint64_t size, n;
    if (!varint_take(&r->in, &size)) return false;
    if (size == 0) return true;
    // Deflate makes a thousand bytes of one at most: what claims more is not believed, nor given the memory.
    if (!varint_take(&r->in, &n) || n > r->in.n || size > TEXT_MAX || size / 1100 > n) return false;
    uLongf got = (uLongf)size;
    char *plain = mem_alloc((size_t)size);
    bool good = uncompress((Bytef *)plain, &got, (const Bytef *)r->in.p, (uLong)n) == Z_OK && got == size &&
                take_plain_texts(r, slice_of(plain, (size_t)size));
    free(plain);
    r->in.p += n;
    r->in.n -= (size_t)n;
    return good;
}

static bool take_columns(struct reading *r)
{
    uint64_t n;
    if (!varint_take(&r->in, &n) || n != N_COLUMNS) return false;
    for (size_t k = 0; k < N_COLUMNS; k++)
        if (!take_column(r, k)) return false;
    return true;
}

int metric_block_read(struct slice block, int layer, struct metric_rows *out, struct err *e)
{
    uint32_t crc;
    uint64_t n;
    *out = (struct metric_rows){.more_after = -1};
    if (block.n == 0) return err_set(e, HW_EIO, "it is empty");
    if ((unsigned char)block.p[0] != VERSION)
        return err_set(e, HW_EIO, "it is of version %d, this program knows %d", (unsigned char)block.p[0], VERSION);
    if (block.n < 1 + CRC_BYTES) return err_set(e, HW_EIO, "it is cut off");
    memcpy(&crc, block.p + block.n - CRC_BYTES, CRC_BYTES);
    if (le32toh(crc) != (uint32_t)crc32_z(0, (const Bytef *)block.p, block.n - CRC_BYTES))
        return err_set(e, HW_EIO, "its checksum is wrong");
    struct slice in = slice_of(block.p + 1, block.n - 1 - CRC_BYTES);
    if (!varint_take(&in, &n) || n == 0 || n > METRIC_BLOCK_ROWS) return err_set(e, HW_EIO, "it makes no sense");
    struct reading *r = mem_alloc(sizeof *r);
    r->in = in;
    r->n = (size_t)n;
    r->rows = mem_array(r->n, sizeof *r->rows);
    for (size_t i = 0; i < r->n; i++) r->rows[i].layer_idx = layer;
    out->rows = r->rows;
    out->n = (int64_t)n;
    bool good = take_places(r) && take_columns(r) && take_texts(r) && r->in.n == 0;
    free(r);
    if (good) return 0;
    metric_rows_release(out);
    return err_set(e, HW_EIO, "it makes no sense");
}
