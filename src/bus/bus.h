// The bus gives every event its place in its channel (epoch, seq) and carries it to every server instance.
//
// Guarantees, for every backend:
//  - seq counts from 1 within (channel, epoch) without gaps. An epoch is a random name for the time since when the
//    counting goes on: when a backend loses its history (a restart of the memory bus), the epoch changes, never the
//    meaning of a seq.
//  - deliveries of one channel come in seq order, each once, on the loop's thread; of the memory bus before publish()
//    returns.
//  - history is bounded (messages, bytes and age, per channel and in total); what fell out of it is said by history()
//    returning false.
//  - snapshot: for each event of class MSG_STATE the last message of the channel; it outlives the history's age limit.
//  - a channel that loses more than its history (for want of memory) starts again under another epoch.
// All functions are called on the loop's thread.
#ifndef HW_BUS_BUS_H
#define HW_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hub/msg.h"

struct bus;

typedef void (*bus_deliver_fn)(void *ctx, struct msg *m); // borrowed; take a reference to keep it
typedef void (*bus_visit_fn)(void *ctx, struct msg *m);

struct bus_ops {
    void (*free)(struct bus *bus);
    // > 0: the seq; or HW_EINVALID (channel or event name), HW_EUNAVAILABLE.
    int64_t (*publish)(struct bus *bus, struct slice channel, struct slice event, struct slice body,
                       enum msg_class cls);
    // Where the channel stands: its epoch (copied into out[17], 16 characters) and last seq (0: nothing yet).
    void (*position)(struct bus *bus, struct slice channel, char epoch[17], uint64_t *seq);
    // Visits what came after (epoch, seq), in order, and returns true; false (nothing visited) if it isn't all there
    // any more.
    bool (*history)(struct bus *bus, struct slice channel, struct slice epoch, uint64_t seq, bus_visit_fn fn,
                    void *ctx);
    void (*snapshot)(struct bus *bus, struct slice channel, bus_visit_fn fn, void *ctx);
};

struct bus {
    const struct bus_ops *ops;
    bus_deliver_fn deliver; // set once, before the first publish
    void *deliver_ctx;
};

struct bus_limits {
    uint32_t channel_messages; // history a channel at most
    uint64_t channel_bytes;
    int64_t age_us;
    uint64_t total_bytes; // over all channels; the longest unused channels lose theirs first
};
#define BUS_LIMITS_DEFAULT ((struct bus_limits){1024, 1 << 20, 300 * 1000000LL, 64 << 20})

struct bus *bus_memory_new(struct bus_limits limits);

#define BUS_CHANNEL_MAX 200

// "{entity_type}/{entity_id}/{event_type}" or one of the reserved short forms ("operations", "system/cpu",
// "system/gpu/0"): 1 to 3 parts of [A-Za-z0-9_.:-], 200 bytes at most.
bool bus_channel_valid(struct slice channel);

#endif
