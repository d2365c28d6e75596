#include "store/metric_summary.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/metrics_table.h"
#include "store/packed_ints.h"

#define ONE(name) +1
enum { N_COLUMNS = 0 METRIC_COLUMNS(ONE) };

// ---- the list ------------------------------------------------------------------------------------------------------

void metric_summaries_init(struct metric_summaries *s)
{
    *s = (struct metric_summaries){.n_names = N_COLUMNS};
    map_init(&s->names);
}

void metric_summaries_release(struct metric_summaries *s)
{
    free(s->list);
    free(s->metrics);
    free(s->sum);
    map_release(&s->names);
    *s = (struct metric_summaries){0};
}

void metric_summaries_clear(struct metric_summaries *s)
{
    s->n = s->n_metrics = 0;
}

void metric_summaries_truncate(struct metric_summaries *s, size_t n)
{
    if (n < s->n) s->n = n; // a rotation may have left the metrics of those that stay at the end
}

void metric_summaries_rotate(struct metric_summaries *s, size_t n)
{
    if (n == 0 || n == s->n) return;
    struct metric_summary *first = mem_dup(s->list, n * sizeof *first);
    memmove(s->list, s->list + n, (s->n - n) * sizeof *first);
    memcpy(s->list + (s->n - n), first, n * sizeof *first);
    free(first);
}

// Names are kept as their index plus one, so that none is NULL.
static int extra_name(struct metric_summaries *s, struct slice name)
{
    uintptr_t known = (uintptr_t)map_get(&s->names, name);
    if (known) return (int)known - 1;
    (void)map_put(&s->names, name, (void *)(uintptr_t)(s->n_names + 1)); // there was none
    return s->n_names++;
}

static struct metric_summary *append(struct metric_summaries *s, int64_t first, int64_t last, int64_t rows)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->list = mem_realloc_array(s->list, s->cap, sizeof *s->list);
    }
    s->list[s->n] = (struct metric_summary){first, last, rows, s->n_metrics, 0};
    return &s->list[s->n++];
}

static void append_metric(struct metric_summaries *s, const struct metric_extremes *m)
{
    if (s->n_metrics == s->metrics_cap) {
        s->metrics_cap = s->metrics_cap ? s->metrics_cap * 2 : 256;
        s->metrics = mem_realloc_array(s->metrics, s->metrics_cap, sizeof *s->metrics);
    }
    s->metrics[s->n_metrics++] = *m;
    s->list[s->n - 1].n++;
}

static void append_value(struct metric_summaries *s, int name, int64_t step, double v)
{
    if (isnan(v)) return;
    struct metric_extremes m = {name, v, v, step, step, -1, -1, -1};
    if (isinf(v)) {
        m.lowest = m.highest = (double)NAN;
        m.lowest_at = m.highest_at = -1;
        *(v > 0 ? &m.up_at : &m.down_at) = step;
    }
    append_metric(s, &m);
}

static void append_extra(struct metric_summaries *s, int64_t step, const char *text)
{
    // The server wrote it; what it can't read after all has no part in the summary.
    json_t *extra = json_loads(text, 0, NULL);
    const char *key;
    json_t *value;
    json_object_foreach(extra, key, value)
    {
        if (json_is_number(value)) append_value(s, extra_name(s, slice_str(key)), step, json_number_value(value));
    }
    json_decref(extra);
}

void metric_summaries_add_row(struct metric_summaries *s, const struct metric_row *r)
{
    int name = 0;
    (void)append(s, r->step, r->step, 1);
#define X(column) append_value(s, name++, r->step, r->column);
    METRIC_COLUMNS(X)
#undef X
    if (r->extra) append_extra(s, r->step, r->extra);
}

int64_t metric_summaries_rows(const struct metric_summaries *s, size_t from, size_t to)
{
    int64_t rows = 0;
    for (size_t i = from; i < to; i++) rows += s->list[i].rows;
    return rows;
}

// ---- adding up -----------------------------------------------------------------------------------------------------

static void earlier(int64_t *at, int64_t other)
{
    if (*at < 0) *at = other;
}

// `m` comes behind what is in `sum`.
static void add(struct metric_extremes *sum, const struct metric_extremes *m)
{
    if (m->lowest_at >= 0 && (sum->lowest_at < 0 || m->lowest < sum->lowest))
        sum->lowest = m->lowest, sum->lowest_at = m->lowest_at;
    if (m->highest_at >= 0 && (sum->highest_at < 0 || m->highest > sum->highest))
        sum->highest = m->highest, sum->highest_at = m->highest_at;
    earlier(&sum->gap_at, m->gap_at);
    earlier(&sum->up_at, m->up_at);
    earlier(&sum->down_at, m->down_at);
}

// Sums up [from, to) into s->sum, by name; `name` is -1 in those of which there is no value. A metric that one of them
// doesn't have has a gap there.
static void sum_up(struct metric_summaries *s, size_t from, size_t to)
{
    size_t n = (size_t)s->n_names;
    if (s->sum_cap < n) {
        s->sum_cap = n;
        s->sum = mem_realloc_array(s->sum, n, sizeof *s->sum);
    }
    for (size_t i = 0; i < n; i++)
        s->sum[i] = (struct metric_extremes){-1, (double)NAN, (double)NAN, -1, -1, -1, -1, -1};
    for (size_t i = from; i < to; i++)
        for (int k = 0; k < s->list[i].n; k++) {
            const struct metric_extremes *m = &s->metrics[s->list[i].at + (size_t)k];
            struct metric_extremes *sum = &s->sum[m->name];
            sum->name = m->name;
            add(sum, m);
        }
    // Which of them lacks a metric that others have is looked for only now that it is known which there are.
    size_t *next = mem_array(n, sizeof *next);
    for (size_t i = 0; i < n; i++) next[i] = from;
    for (size_t i = from; i <= to; i++) {
        int count = i < to ? s->list[i].n : 0;
        for (int k = 0; k < count; k++) {
            int name = s->metrics[s->list[i].at + (size_t)k].name;
            if (next[name] == i) next[name] = i + 1;
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct metric_extremes *sum = &s->sum[i];
        if (sum->name < 0 || next[i] == to) continue;
        int64_t at = s->list[next[i]].first_step;
        if (sum->gap_at < 0 || at < sum->gap_at) sum->gap_at = at;
    }
    free(next);
}

const struct metric_extremes *metric_summaries_of(struct metric_summaries *s, size_t from, size_t to, int name)
{
    sum_up(s, from, to);
    return s->sum[name].name < 0 ? NULL : &s->sum[name];
}

void metric_summaries_fold(struct metric_summaries *s, size_t from, size_t group)
{
    struct metric_summaries folded = {.n_names = s->n_names};
    if (from >= s->n) return;
    for (size_t at = from, to; at < s->n; at = to) {
        to = s->n - at < group ? s->n : at + group;
        sum_up(s, at, to);
        (void)append(&folded, s->list[at].first_step, s->list[to - 1].last_step, metric_summaries_rows(s, at, to));
        for (int i = 0; i < s->n_names; i++)
            if (s->sum[i].name >= 0) append_metric(&folded, &s->sum[i]);
    }
    s->n_metrics = from ? s->list[from].at : 0;
    s->n = from;
    for (size_t i = 0; i < folded.n; i++) {
        const struct metric_summary *f = &folded.list[i];
        (void)append(s, f->first_step, f->last_step, f->rows);
        for (int k = 0; k < f->n; k++) append_metric(s, &folded.metrics[f->at + (size_t)k]);
    }
    free(folded.list);
    free(folded.metrics);
}

// ---- as text -------------------------------------------------------------------------------------------------------

static void put_f64(struct buf *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++) buf_add_char(out, (char)(bits >> (8 * i)));
}

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(struct buf *out, const struct buf *in)
{
    for (size_t i = 0; i < in->n; i += 3) {
        size_t left = in->n - i;
        uint32_t v = (uint32_t)(unsigned char)in->p[i] << 16;
        if (left > 1) v |= (uint32_t)(unsigned char)in->p[i + 1] << 8;
        if (left > 2) v |= (unsigned char)in->p[i + 2];
        buf_add_char(out, BASE64[v >> 18]);
        buf_add_char(out, BASE64[v >> 12 & 63]);
        if (left > 1) buf_add_char(out, BASE64[v >> 6 & 63]);
        if (left > 2) buf_add_char(out, BASE64[v & 63]);
    }
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool get_base64(struct slice in, struct buf *out)
{
    uint32_t v = 0;
    int bits = 0;
    for (size_t i = 0; i < in.n; i++) {
        int d = digit(in.p[i]);
        if (d < 0) return false;
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        buf_add_char(out, (char)(v >> bits));
    }
    return true;
}

static bool get_f64(struct slice *in, double *v)
{
    uint64_t bits = 0;
    if (in->n < 8) return false;
    for (int i = 0; i < 8; i++) bits |= (uint64_t)(unsigned char)in->p[i] << (8 * i);
    memcpy(v, &bits, sizeof *v);
    *in = slice_of(in->p + 8, in->n - 8);
    return true;
}

// A metric: its index plus one, or 0, length and bytes of its name; which of the rest is there; the values, and the
// steps counted from the summary's first.
enum { HAS_VALUE = 1, HAS_RANGE = 2, HAS_GAP = 4, HAS_UP = 8, HAS_DOWN = 16 };

static void put_metric(struct buf *out, const struct metric_extremes *m, struct slice name, int64_t first)
{
    unsigned has = 0;
    if (m->lowest_at >= 0) has |= HAS_VALUE;
    if (m->lowest_at != m->highest_at) has |= HAS_RANGE;
    if (m->gap_at >= 0) has |= HAS_GAP;
    if (m->up_at >= 0) has |= HAS_UP;
    if (m->down_at >= 0) has |= HAS_DOWN;
    if (m->name < N_COLUMNS) {
        varint_put(out, (uint64_t)m->name + 1);
    } else {
        varint_put(out, 0);
        varint_put(out, name.n);
        buf_add_slice(out, name);
    }
    buf_add_char(out, (char)has);
    if (has & HAS_VALUE) put_f64(out, m->lowest), varint_put(out, (uint64_t)(m->lowest_at - first));
    if (has & HAS_RANGE) put_f64(out, m->highest), varint_put(out, (uint64_t)(m->highest_at - first));
    if (has & HAS_GAP) varint_put(out, (uint64_t)(m->gap_at - first));
    if (has & HAS_UP) varint_put(out, (uint64_t)(m->up_at - first));
    if (has & HAS_DOWN) varint_put(out, (uint64_t)(m->down_at - first));
}

void metric_summaries_write(struct metric_summaries *s, size_t from, size_t to, struct buf *out)
{
    struct buf b = BUF_INIT;
    int64_t first = s->list[from].first_step;
    size_t at = 0;
    sum_up(s, from, to);
    for (int i = 0; i < N_COLUMNS; i++)
        if (s->sum[i].name >= 0) put_metric(&b, &s->sum[i], (struct slice){0}, first);
    for (struct map_entry *it; (it = map_next(&s->names, &at)) != NULL;) {
        const struct metric_extremes *m = &s->sum[(uintptr_t)it->value - 1];
        if (m->name >= 0) put_metric(&b, m, slice_of(it->key, it->key_len), first);
    }
    put_base64(out, &b);
    buf_release(&b);
}

static bool get_step(struct slice *in, int64_t first, int64_t *step)
{
    uint64_t offset;
    if (!varint_take(in, &offset) || offset > INT64_MAX / 2) return false;
    *step = first + (int64_t)offset;
    return true;
}

static bool get_metric(struct metric_summaries *s, struct slice *in, int64_t first)
{
    struct metric_extremes m = {-1, (double)NAN, (double)NAN, -1, -1, -1, -1, -1};
    uint64_t name, length;
    if (!varint_take(in, &name) || name > N_COLUMNS) return false;
    if (name) {
        m.name = (int)name - 1;
    } else {
        if (!varint_take(in, &length) || length > in->n) return false;
        m.name = extra_name(s, slice_of(in->p, length));
        *in = slice_of(in->p + length, in->n - length);
    }
    if (!in->n) return false;
    unsigned has = (unsigned char)in->p[0];
    *in = slice_of(in->p + 1, in->n - 1);
    if (has & HAS_VALUE) {
        if (!get_f64(in, &m.lowest) || !get_step(in, first, &m.lowest_at)) return false;
        m.highest = m.lowest, m.highest_at = m.lowest_at;
    }
    if (has & HAS_RANGE && (!get_f64(in, &m.highest) || !get_step(in, first, &m.highest_at))) return false;
    if (has & HAS_GAP && !get_step(in, first, &m.gap_at)) return false;
    if (has & HAS_UP && !get_step(in, first, &m.up_at)) return false;
    if (has & HAS_DOWN && !get_step(in, first, &m.down_at)) return false;
    append_metric(s, &m);
    return true;
}

int metric_summaries_add(struct metric_summaries *s, int64_t first_step, int64_t last_step, int64_t rows,
                         struct slice data, struct err *e)
{
    struct buf b = BUF_INIT;
    bool good = get_base64(data, &b);
    struct slice in = buf_slice(&b);
    (void)append(s, first_step, last_step, rows);
    while (good && in.n) good = get_metric(s, &in, first_step);
    buf_release(&b);
    return good ? 0 : err_set(e, HW_EINTERNAL, "the summary of the steps up to %lld is damaged", (long long)last_step);
}

// ---- choosing ------------------------------------------------------------------------------------------------------

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static size_t take_bucket(struct metric_summaries *s, size_t from, size_t to, int64_t *steps)
{
    size_t n = 0, kept = 0;
    sum_up(s, from, to);
    steps[n++] = s->list[from].first_step;
    steps[n++] = s->list[to - 1].last_step;
    for (int i = 0; i < s->n_names; i++) {
        const struct metric_extremes *m = &s->sum[i];
        const int64_t at[] = {m->lowest_at, m->highest_at, m->gap_at, m->up_at, m->down_at};
        for (size_t k = 0; k < sizeof at / sizeof *at; k++)
            if (at[k] >= 0) steps[n++] = at[k];
    }
    qsort(steps, n, sizeof *steps, by_number);
    for (size_t i = 0; i < n; i++)
        if (!kept || steps[kept - 1] != steps[i]) steps[kept++] = steps[i];
    return kept;
}

// Buckets of equal numbers of summaries, which stand for nearly equal numbers of rows.
static size_t bucket_begin(size_t n, size_t buckets, size_t i)
{
    return n / buckets * i + n % buckets * i / buckets;
}

// False as soon as it is more than max_rows, unless there is but one bucket.
static bool choose(struct metric_summaries *s, size_t buckets, size_t max_rows, struct metric_choice *c)
{
    size_t most = 2 + 5 * (size_t)s->n_names;
    c->n = c->n_buckets = 0;
    c->steps = mem_realloc_array(c->steps, max_rows + most, sizeof *c->steps);
    c->bucket_ends = mem_realloc_array(c->bucket_ends, buckets, sizeof *c->bucket_ends);
    for (size_t i = 0; i < buckets; i++) {
        size_t from = bucket_begin(s->n, buckets, i), to = bucket_begin(s->n, buckets, i + 1);
        c->n += take_bucket(s, from, to, c->steps + c->n);
        c->bucket_ends[c->n_buckets++] = s->list[to - 1].last_step;
        if (c->n > max_rows && buckets > 1) return false;
    }
    return true;
}

enum { TRIES = 6 };

void metric_summaries_choose(struct metric_summaries *s, size_t max_rows, struct metric_choice *out)
{
    *out = (struct metric_choice){0};
    if (s->n == 0) return;
    // Between what certainly fits and what may: halved a few times.
    size_t low = 1, high = max_rows / 2 < s->n ? max_rows / 2 : s->n;
    if (high < 1) high = 1;
    size_t guess = max_rows / 8 < high ? max_rows / 8 : high;
    for (int i = 0; i < TRIES && low < high; i++) {
        size_t buckets = i == 0 && guess > low ? guess : low + (high - low + 1) / 2;
        if (choose(s, buckets, max_rows, out))
            low = buckets;
        else
            high = buckets - 1;
        // Near enough to what was asked for.
        if (low == buckets && out->n > max_rows - max_rows / 8) return;
    }
    (void)choose(s, low, max_rows, out); // it fits, or it is one
}

void metric_choice_release(struct metric_choice *c)
{
    free(c->steps);
    free(c->bucket_ends);
    *c = (struct metric_choice){0};
}
