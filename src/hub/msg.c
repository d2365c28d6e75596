#include "hub/msg.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define FRAME_HEADER_MAX 10

struct encoded {
    size_t n; // 0: the plain frame is better
    char bytes[];
};

struct msg {
    atomic_uint refs;
    uint8_t cls;
    bool binary;
    uint8_t header_n; // bytes of the frame's header, right before the text
    uint32_t channel_hash, key_hash;
    uint32_t text_n;
    uint32_t channel_at, event_at, payload_at; // offsets in the text
    uint16_t channel_n, event_n;
    uint64_t seq;
    int64_t ts_us;
    _Atomic(struct encoded *) deflated;
    char bytes[]; // FRAME_HEADER_MAX bytes that end in the header, then the text
};

static uint32_t hash(uint32_t h, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 16777619u; // FNV-1a: names are short
    return h;
}

// A message with room for a text of `text_n` bytes, which the caller writes to text_of(m).
static struct msg *msg_alloc(size_t text_n, bool binary)
{
    assert(text_n < UINT32_MAX);
    struct msg *m = mem_alloc(sizeof *m + FRAME_HEADER_MAX + text_n);
    memset(m, 0, sizeof *m);
    atomic_init(&m->refs, 1);
    atomic_init(&m->deflated, NULL);
    m->cls = MSG_LIFECYCLE;
    m->binary = binary;
    m->text_n = (uint32_t)text_n;

    // The frame's header: FIN and opcode 1 (binary: 2), then the length in 7 bits, 16 bits or 64 bits, big-endian.
    unsigned char h[FRAME_HEADER_MAX] = {binary ? 0x82 : 0x81};
    m->header_n = text_n < 126 ? 2 : text_n < 65536 ? 4 : 10;
    h[1] = (unsigned char)(m->header_n == 2 ? text_n : m->header_n == 4 ? 126 : 127);
    for (int i = 2; i < m->header_n; i++) h[i] = (unsigned char)(text_n >> 8 * (m->header_n - 1 - i));
    memcpy(m->bytes + FRAME_HEADER_MAX - m->header_n, h, m->header_n);
    return m;
}

static char *text_of(struct msg *m)
{
    return m->bytes + FRAME_HEADER_MAX;
}

static struct msg *new_with_text(struct slice text, bool binary)
{
    struct msg *m = msg_alloc(text.n, binary);
    if (text.n) memcpy(text_of(m), text.p, text.n);
    return m;
}

struct msg *msg_private(struct slice text)
{
    return new_with_text(text, false);
}

struct msg *msg_private_binary(struct slice data)
{
    return new_with_text(data, true);
}

bool msg_is_binary(const struct msg *m)
{
    return m->binary;
}

struct msg *msg_new(struct slice channel, struct slice event, struct slice epoch, uint64_t seq, int64_t ts_us,
                    struct slice body, enum msg_class cls)
{
    assert(channel.n < UINT16_MAX && event.n < UINT16_MAX && body.n >= 2 && body.p[0] == '{');
    char digits[20], ts[CLOCK_RFC3339_SIZE];
    size_t from = sizeof digits;
    uint64_t left = seq;
    do digits[--from] = (char)('0' + left % 10);
    while (left /= 10);
    clock_format(ts_us, ts);
    struct slice members = slice_of(body.p + 1, body.n - 1);
    while (members.n && (members.p[0] == ' ' || members.p[0] == '\n' || members.p[0] == '\t' || members.p[0] == '\r'))
        members.p++, members.n--;
    bool more = members.n && members.p[0] != '}';

    // The parts, so that the length is known before and each is copied once, to where it stays.
    enum { EVENT = 1, PAYLOAD = 3, CHANNEL = 4, PARTS = 13 };
    const struct slice parts[PARTS] = {
        SLICE_LIT("42[\""),
        event,
        SLICE_LIT("\","),
        SLICE_LIT("{\"channel\":\""),
        channel,
        SLICE_LIT("\",\"epoch\":\""),
        epoch,
        SLICE_LIT("\",\"seq\":"),
        slice_of(digits + from, sizeof digits - from),
        SLICE_LIT(",\"ts\":\""),
        slice_str(ts),
        more ? SLICE_LIT("\",") : SLICE_LIT("\""),
        members,
    };
    size_t at[PARTS + 1] = {0};
    for (int i = 0; i < PARTS; i++) at[i + 1] = at[i] + parts[i].n;
    struct msg *m = msg_alloc(at[PARTS] + 1, false);
    for (int i = 0; i < PARTS; i++)
        if (parts[i].n) memcpy(text_of(m) + at[i], parts[i].p, parts[i].n);
    text_of(m)[at[PARTS]] = ']';

    m->cls = (uint8_t)cls;
    m->seq = seq;
    m->ts_us = ts_us;
    m->channel_at = (uint32_t)at[CHANNEL];
    m->channel_n = (uint16_t)channel.n;
    m->event_at = (uint32_t)at[EVENT];
    m->event_n = (uint16_t)event.n;
    m->payload_at = (uint32_t)at[PAYLOAD];
    m->channel_hash = hash(2166136261u, channel);
    m->key_hash = hash(m->channel_hash ^ 0x5bd1e995u, event);
    return m;
}

struct msg *msg_ref(struct msg *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void msg_unref(struct msg *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    free(atomic_load_explicit(&m->deflated, memory_order_relaxed));
    free(m);
}

struct slice msg_deflated(struct msg *m, msg_deflate_fn make, void *ctx)
{
    struct encoded *have = atomic_load_explicit(&m->deflated, memory_order_acquire);
    if (!have) {
        struct buf b = BUF_INIT;
        bool better = make(ctx, msg_text(m), &b);
        struct encoded *mine = mem_alloc(sizeof *mine + b.n);
        mine->n = better ? b.n : 0;
        if (mine->n) memcpy(mine->bytes, b.p, b.n);
        buf_release(&b);
        if (atomic_compare_exchange_strong_explicit(&m->deflated, &have, mine, memory_order_acq_rel,
                                                    memory_order_acquire))
            have = mine;
        else
            free(mine);
    }
    return have->n ? slice_of(have->bytes, have->n) : msg_frame(m);
}

enum msg_class msg_class_of(const struct msg *m)
{
    return (enum msg_class)m->cls;
}

uint64_t msg_seq(const struct msg *m)
{
    return m->seq;
}

int64_t msg_ts(const struct msg *m)
{
    return m->ts_us;
}

struct slice msg_text(const struct msg *m)
{
    return slice_of(m->bytes + FRAME_HEADER_MAX, m->text_n);
}

struct slice msg_frame(const struct msg *m)
{
    return slice_of(m->bytes + FRAME_HEADER_MAX - m->header_n, (size_t)m->header_n + m->text_n);
}

struct slice msg_channel(const struct msg *m)
{
    return slice_of(msg_text(m).p + m->channel_at, m->channel_n);
}

struct slice msg_event(const struct msg *m)
{
    return slice_of(msg_text(m).p + m->event_at, m->event_n);
}

struct slice msg_payload(const struct msg *m)
{
    if (!m->payload_at) return slice_of(NULL, 0);
    return slice_of(msg_text(m).p + m->payload_at, m->text_n - m->payload_at - 1);
}

size_t msg_bytes(const struct msg *m)
{
    // Without the compressed frame: what is made later must not change what was counted when the message was queued.
    return sizeof *m + FRAME_HEADER_MAX + m->text_n;
}

bool msg_event_valid(struct slice event)
{
    return event.n > 0 && event.n <= 100 && ascii_all(event, ASCII_NAME);
}

uint32_t msg_channel_hash(const struct msg *m)
{
    return m->channel_hash;
}

uint32_t msg_key_hash(const struct msg *m)
{
    return m->key_hash;
}
