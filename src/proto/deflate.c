// permessage-deflate's compression (RFC 7692 §7.2) on zlib's raw deflate.
#include "proto/deflate.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

// ---- compressing ----------------------------------------------------------------------------------------------------

// zlib's memLevel: a hash table of 8 KiB is cleared for every message instead of one of 64 KiB (bench/deflate.md).
#define DEFLATE_MEMORY 5

struct deflater {
    z_stream z;
};

struct deflater *deflater_new(int level, int window_bits)
{
    assert(level >= 1 && level <= 9 && window_bits >= 9 && window_bits <= 15);
    struct deflater *d = mem_zalloc(sizeof *d);
    int rc = deflateInit2(&d->z, level, Z_DEFLATED, -window_bits, DEFLATE_MEMORY, Z_DEFAULT_STRATEGY);
    if (rc != Z_OK) mem_exhausted(sizeof *d); // With arguments in range, memory is all it can lack.
    return d;
}

void deflater_free(struct deflater *d)
{
    if (!d) return;
    deflateEnd(&d->z);
    free(d);
}

void deflater_message(struct deflater *d, struct slice message, struct buf *out)
{
    z_stream *z = &d->z;
    size_t left = message.n;
    z->next_in = (Bytef *)(uintptr_t)message.p;
    size_t start = out->n;
    for (;;) {
        // avail_in and avail_out are 32 bits wide.
        z->avail_in = left > (1u << 30) ? 1u << 30 : (uInt)left;
        left -= z->avail_in;
        int flush = left ? Z_NO_FLUSH : Z_SYNC_FLUSH;
        do {
            size_t room = deflateBound(z, z->avail_in) + 16;
            if (room > (1u << 30)) room = 1u << 30;
            z->next_out = (Bytef *)buf_reserve(out, room);
            z->avail_out = (uInt)room;
            int rc = deflate(z, flush);
            assert(rc == Z_OK || rc == Z_BUF_ERROR);
            (void)rc;
            out->n += room - z->avail_out;
        } while (z->avail_out == 0);
        if (!left) break;
    }
    deflateReset(z); // The next message knows nothing of this one.
    assert(out->n - start >= 4 && memcmp(out->p + out->n - 4, "\0\0\xff\xff", 4) == 0);
    out->n -= 4;
    if (out->n == start) buf_add_char(out, 0); // An empty message is one empty block (§7.2.3.6).
}

// ---- decompressing --------------------------------------------------------------------------------------------------

#define KEEP_BYTES (64 * 1024) // of the last message's buffer, for the next

struct inflater {
    z_stream z;
    struct buf out;
};

struct inflater *inflater_new(void)
{
    struct inflater *i = mem_zalloc(sizeof *i);
    int rc = inflateInit2(&i->z, -15);
    if (rc != Z_OK) mem_exhausted(sizeof *i);
    return i;
}

void inflater_free(struct inflater *i)
{
    if (!i) return;
    inflateEnd(&i->z);
    buf_release(&i->out);
    free(i);
}

void inflater_begin(struct inflater *i)
{
    if (i->out.cap > KEEP_BYTES)
        buf_release(&i->out);
    else
        buf_clear(&i->out);
    int rc = inflateReset(&i->z);
    assert(rc == Z_OK); // It refuses only what inflateInit2 didn't make.
    (void)rc;
}

int inflater_feed(struct inflater *i, struct slice data, size_t limit)
{
    assert(data.n < UINT32_MAX && limit < SIZE_MAX);
    z_stream *z = &i->z;
    z->next_in = (Bytef *)(uintptr_t)data.p;
    z->avail_in = (uInt)data.n;
    if (data.n == 0) return 0;
    while (true) {
        // One byte beyond the limit tells "exactly full" from "too big".
        size_t room = limit + 1 - i->out.n, guess = (size_t)z->avail_in * 4 + 64;
        if (guess > 64 * 1024) guess = 64 * 1024;
        if (room == 0) return HW_ETOOBIG;
        if (room > guess) room = guess; // A few bytes of a message still to come shouldn't hold much.
        z->next_out = (Bytef *)buf_reserve(&i->out, room);
        z->avail_out = (uInt)room;
        int rc = inflate(z, Z_SYNC_FLUSH);
        i->out.n += room - z->avail_out;
        if (i->out.n > limit) return HW_ETOOBIG;
        if (rc == Z_STREAM_END) {
            // A final block. The message may go on with further blocks at the next byte (RFC 7692 §7.2.1), which may
            // refer to what lies before: the window is kept.
            if (inflateResetKeep(z) != Z_OK) return HW_EPROTOCOL;
            if (z->avail_in == 0) return 0;
            continue;
        }
        if (rc != Z_OK && rc != Z_BUF_ERROR) return HW_EPROTOCOL;
        if (z->avail_in == 0 && z->avail_out) return 0;
        if (rc == Z_BUF_ERROR && z->avail_out) return HW_EPROTOCOL;
    }
}

int inflater_end(struct inflater *i, size_t limit)
{
    int rc = inflater_feed(i, SLICE_LIT("\0\0\xff\xff"), limit);
    // The tail is an empty stored block, so a whole message ends at a block's start. zlib says so: data_type's bit 7.
    if (rc == 0 && !(i->z.data_type & 128)) rc = HW_EPROTOCOL;
    return rc;
}

struct slice inflater_plain(const struct inflater *i)
{
    return buf_slice(&i->out);
}

int inflater_message(struct inflater *i, struct slice data, size_t limit, struct slice *out)
{
    inflater_begin(i);
    int rc = inflater_feed(i, data, limit);
    if (rc == 0) rc = inflater_end(i, limit);
    *out = rc == 0 ? inflater_plain(i) : (struct slice){0};
    return rc;
}
