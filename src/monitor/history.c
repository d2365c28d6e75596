#include "monitor/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "monitor/history_codec.h"

// A block is unpacked from its start: short enough to start anywhere near, long enough that its head doesn't count.
#define BLOCK_SAMPLES 64
// Texts alternate between a few shapes (a rate is null now and then): so many are kept per channel to be shared by
// blocks.
#define SHAPES_KEPT 4

// Shared by the blocks whose samples have it, and by the channel while it may be used again.
struct shape {
    unsigned refs;
    size_t n;
    char text[];
};

// Consecutive samples of one shape, each as: difference of ts, differences of the numbers.
struct block {
    struct list in_channel;
    struct shape *shape;
    size_t numbers; // of each sample
    int64_t first_us, last_us;
    unsigned count;
    struct buf data;
};

struct channel {
    struct list in_history;
    struct list blocks; // oldest first; samples are added to the last one
    char *name;
    struct shape *shapes[SHAPES_KEPT]; // most recently used first
    struct numbers last;               // those of the newest sample
};

struct history {
    int64_t interval_us, keep_us;
    size_t max_bytes, bytes;
    struct list channels;
    struct buf shape; // scratch
    struct numbers numbers;
};

struct history *history_new(int64_t interval_us, int64_t keep_us, size_t max_bytes)
{
    struct history *h = mem_zalloc(sizeof *h);
    h->interval_us = interval_us;
    h->keep_us = keep_us;
    h->max_bytes = max_bytes;
    list_init(&h->channels);
    return h;
}

static void shape_unref(struct history *h, struct shape *s)
{
    if (!s || --s->refs) return;
    h->bytes -= sizeof *s + s->n;
    free(s);
}

static void block_free(struct history *h, struct block *b)
{
    list_remove(&b->in_channel);
    h->bytes -= sizeof *b + b->data.cap;
    shape_unref(h, b->shape);
    buf_release(&b->data);
    free(b);
}

static void channel_free(struct history *h, struct channel *c)
{
    LIST_EACH(it, next, &c->blocks) block_free(h, LIST_ITEM(it, struct block, in_channel));
    for (size_t i = 0; i < SHAPES_KEPT; i++) shape_unref(h, c->shapes[i]);
    list_remove(&c->in_history);
    h->bytes -= sizeof *c + strlen(c->name) + 1;
    numbers_release(&c->last);
    free(c->name);
    free(c);
}

void history_free(struct history *h)
{
    if (!h) return;
    LIST_EACH(it, next, &h->channels) channel_free(h, LIST_ITEM(it, struct channel, in_history));
    buf_release(&h->shape);
    numbers_release(&h->numbers);
    free(h);
}

static struct channel *channel_of(struct history *h, const char *name)
{
    LIST_EACH(it, next, &h->channels)
    {
        struct channel *c = LIST_ITEM(it, struct channel, in_history);
        if (strcmp(c->name, name) == 0) return c;
    }
    struct channel *c = mem_zalloc(sizeof *c);
    c->name = mem_strdup(name);
    list_init(&c->blocks);
    list_push_back(&h->channels, &c->in_history);
    h->bytes += sizeof *c + strlen(name) + 1;
    return c;
}

// The shape with this text, moved to the front; made if it isn't among those kept.
static struct shape *shape_of(struct history *h, struct channel *c, struct slice text)
{
    size_t at = 0;
    while (at < SHAPES_KEPT && c->shapes[at] && !slice_eq(slice_of(c->shapes[at]->text, c->shapes[at]->n), text)) at++;
    struct shape *s = at < SHAPES_KEPT ? c->shapes[at] : NULL;
    if (!s) {
        s = mem_alloc(sizeof *s + text.n);
        s->refs = 1;
        s->n = text.n;
        memcpy(s->text, text.p, text.n);
        h->bytes += sizeof *s + s->n;
        if (at == SHAPES_KEPT) shape_unref(h, c->shapes[--at]);
    }
    memmove(c->shapes + 1, c->shapes, at * sizeof c->shapes[0]);
    c->shapes[0] = s;
    return s;
}

static struct block *last_block(const struct channel *c)
{
    return list_empty(&c->blocks) ? NULL : LIST_ITEM(c->blocks.prev, struct block, in_channel);
}

static void block_close(struct history *h, struct block *b)
{
    if (b->data.cap == b->data.n || !b->data.n) return;
    h->bytes -= b->data.cap - b->data.n;
    b->data.p = mem_realloc(b->data.p, b->data.n);
    b->data.cap = b->data.n;
}

static struct block *block_open(struct history *h, struct channel *c, struct shape *s, int64_t ts_us)
{
    struct block *b = mem_zalloc(sizeof *b);
    b->shape = s;
    s->refs++;
    b->first_us = b->last_us = ts_us;
    b->numbers = h->numbers.n;
    list_push_back(&c->blocks, &b->in_channel);
    h->bytes += sizeof *b;
    return b;
}

static void drop_old(struct history *h, int64_t now_us)
{
    LIST_EACH(it, next, &h->channels)
    {
        struct channel *c = LIST_ITEM(it, struct channel, in_history);
        LIST_EACH(bit, bnext, &c->blocks)
        {
            struct block *b = LIST_ITEM(bit, struct block, in_channel);
            if (b->last_us >= now_us - h->keep_us) break;
            block_free(h, b);
        }
        if (list_empty(&c->blocks)) channel_free(h, c); // a device that is gone
    }
}

static void drop_excess(struct history *h)
{
    while (h->bytes > h->max_bytes) {
        struct block *oldest = NULL;
        LIST_EACH(it, next, &h->channels)
        {
            struct channel *c = LIST_ITEM(it, struct channel, in_history);
            if (list_empty(&c->blocks)) continue;
            struct block *b = LIST_ITEM(c->blocks.next, struct block, in_channel);
            if (!oldest || b->first_us < oldest->first_us) oldest = b;
        }
        if (!oldest) return;
        block_free(h, oldest);
    }
}

int history_add(struct history *h, const char *channel, int64_t ts_us, struct slice body)
{
    if (body.n < 2 || body.p[0] != '{' || body.p[body.n - 1] != '}') return HW_EINVALID;
    for (size_t i = 0; i < body.n; i++)
        if ((unsigned char)body.p[i] < 0x20) return HW_EINVALID;
    codec_split(body, &h->shape, &h->numbers);
    struct channel *c = channel_of(h, channel);
    struct shape *s = shape_of(h, c, buf_slice(&h->shape));
    struct block *b = last_block(c);
    bool go_on = b && b->shape == s && b->count < BLOCK_SAMPLES;
    if (!go_on) {
        if (b) block_close(h, b);
        b = block_open(h, c, s, ts_us);
    }

    size_t cap = b->data.cap;
    codec_put(&b->data, ts_us - b->last_us);
    for (size_t i = 0; i < h->numbers.n; i++) codec_put(&b->data, h->numbers.v[i] - (go_on ? c->last.v[i] : 0));
    h->bytes += b->data.cap - cap;
    b->last_us = ts_us;
    b->count++;

    struct numbers spare = c->last;
    c->last = h->numbers;
    h->numbers = spare;
    drop_old(h, ts_us);
    drop_excess(h);
    return 0;
}

// Where one is in unpacking a block.
struct reader {
    const struct block *block;
    struct slice data;
    int64_t ts_us;
    struct numbers numbers;
};

static void reader_start(struct reader *r, const struct block *b)
{
    r->block = b;
    r->data = buf_slice(&b->data);
    r->ts_us = b->first_us;
    if (r->numbers.cap < b->numbers) {
        r->numbers.v = mem_realloc_array(r->numbers.v, b->numbers, sizeof *r->numbers.v);
        r->numbers.cap = b->numbers;
    }
    r->numbers.n = b->numbers;
    if (b->numbers) memset(r->numbers.v, 0, b->numbers * sizeof *r->numbers.v);
}

static bool reader_next(struct reader *r)
{
    int64_t d;
    if (!codec_get(&r->data, &d)) return false;
    r->ts_us += d;
    for (size_t i = 0; i < r->numbers.n; i++) {
        if (!codec_get(&r->data, &d)) return false;
        r->numbers.v[i] += d;
    }
    return true;
}

// {"ts":…, and the fields of the body.
static void write_sample(const struct reader *r, struct buf *scratch, struct jw *w)
{
    char ts[CLOCK_RFC3339_SIZE];
    clock_format(r->ts_us, ts);
    buf_clear(scratch);
    buf_add_str(scratch, "{\"ts\":\"");
    buf_add_str(scratch, ts);
    buf_add_char(scratch, '"');
    size_t body = scratch->n;
    codec_join(slice_of(r->block->shape->text, r->block->shape->n), r->numbers.v, r->numbers.n, scratch);
    // The body's own brace becomes the comma.
    if (scratch->n - body > 2) {
        scratch->p[body] = ',';
    } else {
        scratch->n = body;
        buf_add_char(scratch, '}');
    }
    jw_raw(w, buf_slice(scratch));
}

void history_write_json(const struct history *h, int64_t window_us, int64_t now_us, struct jw *w)
{
    struct buf scratch = BUF_INIT;
    struct reader r = {0};
    int64_t after_us = now_us - window_us;
    jw_obj(w);
    jw_kf64(w, "interval_seconds", (double)h->interval_us / 1e6);
    jw_key(w, "channels");
    jw_obj(w);
    LIST_EACH(it, next, &h->channels)
    {
        const struct channel *c = LIST_ITEM(it, struct channel, in_history);
        if (list_empty(&c->blocks)) continue;
        jw_key(w, c->name);
        jw_arr(w);
        LIST_EACH(bit, bnext, &c->blocks)
        {
            const struct block *b = LIST_ITEM(bit, struct block, in_channel);
            if (b->last_us <= after_us) continue;
            reader_start(&r, b);
            while (reader_next(&r))
                if (r.ts_us > after_us) write_sample(&r, &scratch, w);
        }
        jw_arr_end(w);
    }
    jw_obj_end(w);
    jw_obj_end(w);
    numbers_release(&r.numbers);
    buf_release(&scratch);
}

void history_write_latest(const struct history *h, struct jw *w)
{
    struct buf scratch = BUF_INIT;
    jw_obj(w);
    LIST_EACH(it, next, &h->channels)
    {
        const struct channel *c = LIST_ITEM(it, struct channel, in_history);
        const struct block *b = last_block(c);
        if (!b) continue;
        struct reader r = {.block = b, .ts_us = b->last_us, .numbers = c->last};
        jw_key(w, c->name);
        write_sample(&r, &scratch, w);
    }
    jw_obj_end(w);
    buf_release(&scratch);
}

size_t history_bytes(const struct history *h)
{
    return h->bytes;
}
