// Compression of one WebSocket message at a time (permessage-deflate, RFC 7692), without context takeover in either
// direction: every message stands alone. So one deflater and one inflater serve all connections of a thread, and one
// compressed message is valid for every client.
//
// Not thread-safe: one of each a thread.
#ifndef HW_PROTO_DEFLATE_H
#define HW_PROTO_DEFLATE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

// The window of what the server sends. 12 bits (4 KiB) rather than 15 because some clients insist on it (Python's
// websockets), and a frame compressed once must suit everyone: who wants a smaller one gets no compression. Level and
// window were measured (bench/deflate.md); docs/decisions/0008-compression.md says why.
#define DEFLATE_WINDOW_BITS 12
#define DEFLATE_LEVEL       3

struct deflater;
struct inflater;

struct deflater *deflater_new(int level, int window_bits); // level 1 (fast) to 9 (small); window_bits 9 to 15
void deflater_free(struct deflater *d);                    // NULL is fine
// Appends the message compressed, without the trailing 00 00 FF FF (RFC 7692 §7.2.1).
void deflater_message(struct deflater *d, struct slice message, struct buf *out);

struct inflater *inflater_new(void); // takes any window
void inflater_free(struct inflater *i);

// One message, in as many pieces as it comes: begin, feed…, end. What has come out lies in a buffer of the inflater:
// inflater_plain is valid until the next call of feed or begin, which gives a large message's buffer back.
//
// Feed and end return 0; HW_ETOOBIG when more than `limit` bytes would come out: exactly limit + 1 have then, however
// small the message was (a "bomb"); HW_EPROTOCOL when the data is broken (end: or cut off). After an error only begin
// makes sense; what came out before it can be read all the same. The pieces' sizes change neither bytes nor errors.
void inflater_begin(struct inflater *i);
int inflater_feed(struct inflater *i, struct slice data, size_t limit);
int inflater_end(struct inflater *i, size_t limit);
struct slice inflater_plain(const struct inflater *i);
// The three at once.
int inflater_message(struct inflater *i, struct slice data, size_t limit, struct slice *out);

#endif
