// What is to be sent to one client and wasn't yet: a bounded queue of references to messages.
//
// Conflation: while a client is behind, a state message takes the place of the queued one of the same channel and
// event. The older is taken out and the newer put at the end, so that a channel's messages stay in order. The number
// taken out is counted and comes out with the channel's next message, so that the gap in `seq` is explained before it
// is seen.
#ifndef HW_HUB_OUTBOX_H
#define HW_HUB_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub/msg.h"

struct outbox_entry {
    struct msg *msg;    // NULL: taken out by conflation
    uint32_t conflated; // how many of this channel were taken out before this one
};

// Embed it; zeroed memory is an empty outbox.
struct outbox {
    struct outbox_entry *entries; // [head, head + n) of cap; NULL: it is `one` alone, as most of the time
    struct outbox_entry one;
    uint32_t head, n, cap;
    uint32_t holes; // entries without a message among the n
    size_t bytes;   // of the messages held (msg_bytes)
};

void outbox_clear(struct outbox *o); // drops everything
static inline bool outbox_empty(const struct outbox *o)
{
    return o->n == o->holes;
}

// Takes a reference. `conflate`: apply conflation if it is a state message. False: it would exceed `limit` bytes;
// nothing was added (a message alone is always taken).
bool outbox_push(struct outbox *o, struct msg *m, bool conflate, size_t limit);

// The oldest; borrowed. NULL: empty.
const struct outbox_entry *outbox_peek(struct outbox *o);
// Takes the oldest out; the caller owns the reference. .msg NULL: empty.
struct outbox_entry outbox_pop(struct outbox *o);

#endif
