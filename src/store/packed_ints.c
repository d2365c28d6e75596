#include "store/packed_ints.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/gcd.h"

// Regular steps have no second difference, a schedule of learning rates hardly a third. FEW is written where an order
// would stand: there are few different ones, which come first, in order, and then for each number which it is. GROUPS:
// so many at a time, each group in its own way; for a schedule that has a kink, and a loss that has fallen.
enum { ORDERS = 3, FEW = 4, FEW_MAX = 256, GROUPS = 5, GROUP = 128 };

// ---- varints -------------------------------------------------------------------------------------------------------

void varint_put(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) buf_add_char(out, (char)(v & 0x7f) | (char)0x80);
    buf_add_char(out, (char)v);
}

size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7) n++;
    return n;
}

bool varint_take(struct slice *in, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && in->n; shift += 7) {
        uint64_t byte = (unsigned char)*in->p;
        if (shift == 63 && byte > 1) return false;
        in->p++;
        in->n--;
        *v |= (byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

// The sign in the lowest bit.
static uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)((v >> 1) ^ (v & 1 ? UINT64_MAX : 0));
}

// ---- planning ------------------------------------------------------------------------------------------------------

// Every number is min + unit × q, q in so many bits. Sums and differences are taken modulo 2^64, so that any will do.
struct plan {
    size_t order;
    int64_t seeds[ORDERS]; // the first number, the first difference, …
    int64_t min;
    uint64_t unit;
    unsigned width;
};

static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static unsigned bits_of(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

// The next order of differences in the place of `d`, whose first number is kept.
static void differ(int64_t *d, size_t n, int64_t *seed)
{
    *seed = d[0];
    for (size_t i = 0; i + 1 < n; i++) d[i] = minus(d[i + 1], d[i]);
}

static void measure(const int64_t *d, size_t n, struct plan *p)
{
    uint64_t most = 0, unit = 0;
    p->min = n ? d[0] : 0;
    for (size_t i = 1; i < n; i++)
        if (d[i] < p->min) p->min = d[i];
    for (size_t i = 0; i < n; i++) {
        uint64_t q = (uint64_t)minus(d[i], p->min);
        if (q > most) most = q;
        if (unit != 1) unit = gcd_u64(q, unit);
    }
    p->unit = unit ? unit : 1;
    p->width = bits_of(most / p->unit);
}

static size_t bytes_of(size_t n, unsigned width)
{
    return (n * width + 7) / 8;
}

static size_t size_of(const struct plan *p, size_t n)
{
    size_t size = 2 + varint_size(zigzag(p->min)) + varint_size(p->unit) + bytes_of(n - p->order, p->width);
    for (size_t i = 0; i < p->order; i++) size += varint_size(zigzag(p->seeds[i]));
    return size;
}

static struct plan choose(const int64_t *v, size_t n, int64_t *scratch)
{
    struct plan p = {0}, best;
    memcpy(scratch, v, n * sizeof *v);
    measure(scratch, n, &p);
    best = p;
    for (size_t order = 1; order <= ORDERS && order < n; order++) {
        differ(scratch, n - order + 1, &p.seeds[order - 1]);
        p.order = order;
        measure(scratch, n - order, &p);
        if (size_of(&p, n) < size_of(&best, n)) best = p;
    }
    return best;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

// The different ones among n, in order; FEW_MAX + 1: there are more than that, or hardly fewer than n.
static size_t find_few(const int64_t *v, size_t n, int64_t few[FEW_MAX], int64_t *scratch)
{
    size_t found = 0;
    memcpy(scratch, v, n * sizeof *v);
    qsort(scratch, n, sizeof *scratch, by_size);
    for (size_t i = 0; i < n; i++) {
        if (i && scratch[i] == scratch[i - 1]) continue;
        if (found == FEW_MAX || found > n / 2) return FEW_MAX + 1;
        few[found++] = scratch[i];
    }
    return found;
}

static size_t size_of_few(const int64_t few[FEW_MAX], size_t found, size_t n, int64_t *scratch)
{
    struct plan p = choose(few, found, scratch);
    return 1 + varint_size(found) + size_of(&p, found) + bytes_of(n, bits_of(found - 1));
}

static bool few_are_smaller(const struct plan *p, const int64_t *v, size_t n, int64_t few[FEW_MAX], size_t *found,
                            size_t *size, int64_t *scratch)
{
    *size = size_of(p, n);
    if (p->width < 2) return false;
    *found = find_few(v, n, few, scratch);
    if (*found > FEW_MAX) return false;
    size_t other = size_of_few(few, *found, n, scratch);
    if (other >= *size) return false;
    *size = other;
    return true;
}

static size_t size_of_group(const int64_t *v, size_t n, int64_t *scratch)
{
    int64_t few[FEW_MAX];
    size_t found, size;
    struct plan p = choose(v, n, scratch);
    (void)few_are_smaller(&p, v, n, few, &found, &size, scratch);
    return size;
}

static size_t group_at(size_t at, size_t n)
{
    return n - at < GROUP ? n - at : GROUP;
}

static bool groups_are_smaller(const int64_t *v, size_t n, size_t *size, int64_t *scratch)
{
    size_t sum = 1;
    *size = size_of_group(v, n, scratch);
    if (n <= GROUP) return false;
    for (size_t at = 0; at < n && sum < *size; at += GROUP) sum += size_of_group(v + at, group_at(at, n), scratch);
    if (sum >= *size) return false;
    *size = sum;
    return true;
}

size_t packed_ints_size(const int64_t *v, size_t n, int64_t *scratch)
{
    size_t size = 0;
    if (n) (void)groups_are_smaller(v, n, &size, scratch);
    return size;
}

// ---- bits ----------------------------------------------------------------------------------------------------------

// Bit 0 of a byte is the first. `bytes` is zeroed.
static void put_bits(unsigned char *bytes, size_t at, uint64_t v, unsigned width)
{
    for (unsigned done = 0; done < width;) {
        unsigned shift = (at + done) % 8;
        bytes[(at + done) / 8] |= (unsigned char)((v >> done) << shift);
        done += 8 - shift;
    }
}

static uint64_t bits_at(const unsigned char *bytes, size_t n, size_t at, unsigned width)
{
    if (width == 0) return 0;
    size_t first = at / 8, left = n - first;
    unsigned shift = at % 8;
    uint64_t v = 0;
    memcpy(&v, bytes + first, left < sizeof v ? left : sizeof v);
    v = le64toh(v) >> shift;
    if (shift + width > 64) v |= (uint64_t)bytes[first + 8] << (64 - shift);
    return width == 64 ? v : v & ((UINT64_C(1) << width) - 1);
}

// ---- putting and taking --------------------------------------------------------------------------------------------

static unsigned char *make_room(struct buf *out, size_t size)
{
    unsigned char *bytes = (unsigned char *)buf_reserve(out, size ? size : 1);
    memset(bytes, 0, size);
    out->n += size;
    return bytes;
}

static void put_plan(struct buf *out, const struct plan *p, const int64_t *v, size_t n, int64_t *scratch)
{
    int64_t ignored;
    memcpy(scratch, v, n * sizeof *v);
    for (size_t order = 0; order < p->order; order++) differ(scratch, n - order, &ignored);
    buf_add_char(out, (char)p->order);
    buf_add_char(out, (char)p->width);
    for (size_t i = 0; i < p->order; i++) varint_put(out, zigzag(p->seeds[i]));
    varint_put(out, zigzag(p->min));
    varint_put(out, p->unit);
    unsigned char *bytes = make_room(out, bytes_of(n - p->order, p->width));
    for (size_t i = 0; i < n - p->order; i++)
        put_bits(bytes, i * p->width, (uint64_t)minus(scratch[i], p->min) / p->unit, p->width);
}

static void put_few(struct buf *out, const int64_t few[FEW_MAX], size_t found, const int64_t *v, size_t n,
                    int64_t *scratch)
{
    struct plan p = choose(few, found, scratch);
    unsigned width = bits_of(found - 1);
    buf_add_char(out, FEW);
    varint_put(out, found);
    put_plan(out, &p, few, found, scratch);
    unsigned char *bytes = make_room(out, bytes_of(n, width));
    for (size_t i = 0; i < n; i++) {
        const int64_t *it = bsearch(&v[i], few, found, sizeof *few, by_size);
        put_bits(bytes, i * width, (uint64_t)(it - few), width);
    }
}

static void put_group(struct buf *out, const int64_t *v, size_t n, int64_t *scratch)
{
    int64_t few[FEW_MAX];
    size_t found, size;
    struct plan p = choose(v, n, scratch);
    if (few_are_smaller(&p, v, n, few, &found, &size, scratch))
        put_few(out, few, found, v, n, scratch);
    else
        put_plan(out, &p, v, n, scratch);
}

void packed_ints_put(struct buf *out, const int64_t *v, size_t n, int64_t *scratch)
{
    size_t size;
    if (n == 0) return;
    if (!groups_are_smaller(v, n, &size, scratch)) {
        put_group(out, v, n, scratch);
        return;
    }
    buf_add_char(out, GROUPS);
    for (size_t at = 0; at < n; at += GROUP) put_group(out, v + at, group_at(at, n), scratch);
}

static bool take_plan(struct slice *in, struct plan *p, size_t n)
{
    uint64_t v;
    if (in->n < 2) return false;
    *p = (struct plan){.order = (unsigned char)in->p[0], .width = (unsigned char)in->p[1]};
    in->p += 2;
    in->n -= 2;
    if (p->order > ORDERS || p->order >= n || p->width > 64) return false;
    for (size_t i = 0; i < p->order; i++) {
        if (!varint_take(in, &v)) return false;
        p->seeds[i] = unzigzag(v);
    }
    if (!varint_take(in, &v)) return false;
    p->min = unzigzag(v);
    return varint_take(in, &p->unit);
}

static bool take_planned(struct slice *in, int64_t *v, size_t n)
{
    struct plan p;
    if (!take_plan(in, &p, n)) return false;
    size_t size = bytes_of(n - p.order, p.width);
    if (in->n < size) return false;
    const unsigned char *bytes = (const unsigned char *)in->p;
    uint64_t at[ORDERS + 1];
    for (size_t i = 0; i < p.order; i++) at[i] = (uint64_t)p.seeds[i];
    for (size_t i = 0; i < n; i++) {
        // Of the last ones only lower differences count.
        uint64_t q = i < n - p.order ? bits_at(bytes, size, i * p.width, p.width) : 0;
        at[p.order] = (uint64_t)p.min + p.unit * q;
        v[i] = (int64_t)at[0];
        for (size_t k = 0; k < p.order; k++) at[k] += at[k + 1];
    }
    in->p += size;
    in->n -= size;
    return true;
}

static bool take_few(struct slice *in, int64_t *v, size_t n)
{
    int64_t few[FEW_MAX];
    uint64_t found;
    if (!varint_take(in, &found) || found == 0 || found > FEW_MAX || !take_planned(in, few, (size_t)found))
        return false;
    unsigned width = bits_of(found - 1);
    size_t size = bytes_of(n, width);
    if (in->n < size) return false;
    for (size_t i = 0; i < n; i++) {
        uint64_t which = bits_at((const unsigned char *)in->p, size, i * width, width);
        if (which >= found) return false;
        v[i] = few[which];
    }
    in->p += size;
    in->n -= size;
    return true;
}

static bool take_group(struct slice *in, int64_t *v, size_t n)
{
    if (in->n == 0) return false;
    if ((unsigned char)*in->p != FEW) return take_planned(in, v, n);
    in->p++;
    in->n--;
    return take_few(in, v, n);
}

bool packed_ints_take(struct slice *in, int64_t *v, size_t n)
{
    if (n == 0) return true;
    if (n > SIZE_MAX / 64 || in->n == 0) return false;
    if ((unsigned char)*in->p != GROUPS) return take_group(in, v, n);
    in->p++;
    in->n--;
    for (size_t at = 0; at < n; at += GROUP)
        if (!take_group(in, v + at, group_at(at, n))) return false;
    return true;
}
