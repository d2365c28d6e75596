// Who gets what: channels and their subscribers. Publishing to N subscribers is N pointer appends; what is written, and
// when, is the subscriber's business. Knows no socket. One hub a loop, used on that loop's thread.
#ifndef HW_HUB_HUB_H
#define HW_HUB_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hub/msg.h"
#include "hub/outbox.h"

#define HUB_MAX_SUBSCRIPTIONS 1000
#define HUB_OUTBOX_BYTES      (1 << 20)

struct hub;
struct hub_channel;
struct subscriber;

struct subscriber_ops {
    // The outbox (batched: the batch's) got something, or overflowed. Arrange for it to be sent later; nothing is freed
    // here.
    void (*wake)(struct subscriber *s, bool batched);
    // Does the client take less than it is sent? Then state messages are conflated.
    bool (*behind)(const struct subscriber *s);
    // The outbox is half full although the client isn't behind: send now. Nothing is freed here either.
    void (*relieve)(struct subscriber *s);
};

struct subscription {
    struct hub_channel *channel;
    uint32_t place; // in the channel's list
    bool batched;
};

// Embed it.
struct subscriber {
    const struct subscriber_ops *ops;
    struct hub *hub;
    struct outbox out;
    struct outbox *batch; // made at the first batched subscription
    struct subscription *subs;
    uint32_t n_subs, cap_subs;
    bool overflowed; // "slow consumer": something that may not be dropped didn't fit; the outbox is empty, close the
                     // client
};

struct hub_stats {
    uint64_t published, delivered, conflated, overflowed;
    uint64_t dropped; // messages that a subscriber which overflowed had queued
    size_t channels, subscriptions;
};

struct hub *hub_new(size_t outbox_bytes);
// Called when a channel has lost its last subscriber; `joins`: how often it was joined since it had none, a subscriber
// that had joined already included. The name is borrowed. One listener.
typedef void (*hub_empty_fn)(void *ctx, struct slice channel, uint32_t joins);
void hub_on_empty(struct hub *h, hub_empty_fn fn, void *ctx);
void hub_free(struct hub *h); // after the last subscriber
void hub_stats(const struct hub *h, struct hub_stats *out);

void hub_publish(struct hub *h, struct msg *m);

void subscriber_init(struct subscriber *s, struct hub *h, const struct subscriber_ops *ops);
void subscriber_release(struct subscriber *s); // leaves everything, drops what is queued
// 0, also if it had joined already (then `batched` is taken over); HW_ETOOBIG beyond HUB_MAX_SUBSCRIPTIONS.
int subscriber_join(struct subscriber *s, struct slice channel, bool batched, struct err *e);
bool subscriber_leave(struct subscriber *s, struct slice channel); // false: it hadn't joined
void subscriber_leave_all(struct subscriber *s);
// A subscriber goes on at another hub, on another thread: its channels by name, while it is at neither. What is queued
// stays with it.
struct subscriber_channels {
    struct moved_channel {
        char *name;
        size_t name_n;
        bool batched;
    } * list;
    size_t n;
};
void subscriber_move_out(struct subscriber *s, struct subscriber_channels *out);                    // leaves all
void subscriber_move_in(struct subscriber *s, struct hub *h, struct subscriber_channels *channels); // releases them
void subscriber_channels_release(struct subscriber_channels *channels);
// For this client alone, in order with what was published to it.
void subscriber_push(struct subscriber *s, struct msg *m);
// Bytes that may still be queued.
size_t subscriber_room(const struct subscriber *s);

#endif
