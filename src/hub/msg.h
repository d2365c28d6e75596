// One event, encoded once, shared by everyone it goes to: immutable and reference-counted (atomically: references may
// be taken and dropped on any thread).
//
// The text is what every transport carries: the Engine.IO message packet with the Socket.IO event packet inside it,
//     42["training:progress",{"channel":"…","epoch":"…","seq":7,"ts":"…", …the body's members}]
// A WebSocket text frame is a header and this text (they lie together in memory, so that one pointer sends both), a
// polling payload is this text between separators.
#ifndef HW_HUB_MSG_H
#define HW_HUB_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// What a bounded outbox may do with the message.
enum msg_class {
    MSG_STATE,     // the newest is enough: an unsent older one of the same channel and event is replaced (conflation)
    MSG_LIFECYCLE, // never dropped
};

struct msg;

// `channel` and `event` are valid names (bus_channel_valid, msg_event_valid); they are not escaped.
// `body` is a JSON object ("{}" at least); channel, epoch, seq and ts are put before its members. Reference count 1.
struct msg *msg_new(struct slice channel, struct slice event, struct slice epoch, uint64_t seq, int64_t ts_us,
                    struct slice body, enum msg_class cls);
// A packet for one client alone ("42[…]", "40{…}"): no channel, no event, MSG_LIFECYCLE.
struct msg *msg_private(struct slice text);
// A binary message for one client alone: the same, but the text is any bytes and the frame a binary one.
struct msg *msg_private_binary(struct slice data);
struct msg *msg_ref(struct msg *m);
void msg_unref(struct msg *m); // NULL is fine

bool msg_is_binary(const struct msg *m);
enum msg_class msg_class_of(const struct msg *m);
uint64_t msg_seq(const struct msg *m);
int64_t msg_ts(const struct msg *m);
struct slice msg_channel(const struct msg *m);
struct slice msg_event(const struct msg *m);
struct slice msg_text(const struct msg *m);    // the whole packet, "42[…]"
struct slice msg_payload(const struct msg *m); // the payload object alone, "{…}", a part of the text
struct slice msg_frame(const struct msg *m);   // the text as an unmasked WebSocket text frame (RFC 6455 §5.2)
size_t msg_bytes(const struct msg *m);         // memory it takes

// The compressed WebSocket frame, made at most once whatever the number of receivers: `make` appends the whole frame to
// `out`, or returns false if the message is better sent as it is. Returns that frame, or msg_frame. Any thread: should
// two come at once, one of the two frames is kept.
typedef bool (*msg_deflate_fn)(void *ctx, struct slice text, struct buf *out);
struct slice msg_deflated(struct msg *m, msg_deflate_fn make, void *ctx);

// 1 to 100 of [A-Za-z0-9_.:-].
bool msg_event_valid(struct slice event);

// Hashes by which an outbox finds messages of the same channel (and event); equal names have equal hashes.
uint32_t msg_channel_hash(const struct msg *m);
uint32_t msg_key_hash(const struct msg *m);

#endif
