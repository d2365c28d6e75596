// From one bus to the hubs of several loops. Every I/O thread has a loop, a hub and its sockets; the bus lives on one
// loop, the home loop, and this carries what it delivers to the others, and their subscriptions to it.
//
// A message crosses as one reference for each thread, and only to threads that have a subscriber of its channel; what
// one iteration of the home loop publishes crosses as one batch, with one wake-up. Order: what a shard is handed comes
// in the order in which the bus delivered it, and the answer to a subscription lies at its exact place among it, so
// that a subscriber gets every message after the answer's position and none before it.
//
// A thread that is slower than the publishers makes them wait: when more than FANOUT_IN_FLIGHT_BYTES are on their way
// to it, fanout_deliver blocks until it has caught up, as it would take its time if it ran the hub itself. A shard's
// thread never waits for the home loop.
#ifndef HW_FANOUT_FANOUT_H
#define HW_FANOUT_FANOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "hub/msg.h"

#define FANOUT_SHARDS_MAX      16
#define FANOUT_IN_FLIGHT_BYTES (16u << 20)

struct bus;
struct fanout;
struct fanout_shard;
struct hub;
struct loop;

// Borrows the bus; sets its `deliver`. `home`: the loop on which the bus is used.
struct fanout *fanout_new(struct bus *bus, struct loop *home);
void fanout_free(struct fanout *f); // after all shards' loops have stopped; NULL is fine

// A loop and its hub, both borrowed; before that loop runs (the home loop: before the first publish). At most
// FANOUT_SHARDS_MAX. Takes over the hub's on_empty.
struct fanout_shard *fanout_add(struct fanout *f, struct loop *l, struct hub *hub);
// On the shard's loop: nothing is delivered there any more, and answers that are still to come are given with
// `gone` set.
void fanout_stop(struct fanout_shard *s);
// On the home loop, after fanout_stop and after the shard's loop was freed: what is still to go there is given up.
void fanout_forget(struct fanout_shard *s);

// ---- subscribing: on the shard's loop ------------------------------------------------------------------------------

struct fanout_question {
    struct slice channel;
    bool has_since;
    struct slice since_epoch;
    uint64_t since_seq;
    size_t room; // bytes of missed messages at most (msg_bytes); more: recovered is false
};

struct fanout_answer {
    bool gone;                 // the shard has stopped: free what belongs to the question, and touch nothing else
    char epoch[17];            // where the channel stands
    uint64_t seq;              // 0: nothing yet
    bool recovered;            // `missed` is all that came after the question's position
    struct msg *const *missed; // in order; borrowed
    size_t n_missed;
    struct slice snapshot; // JSON object, event name → last payload; {} if recovered
};

// Says whether the subscriber joined the hub's channel (now, within the call). Called once for each question: on the
// home loop within fanout_subscribe, else later.
typedef bool (*fanout_answer_fn)(void *ctx, struct slice channel, const struct fanout_answer *answer);

void fanout_subscribe(struct fanout_shard *s, const struct fanout_question *q, fanout_answer_fn fn, void *ctx);

// fn(ctx, gone) on the shard's loop, in order with the answers: after that of every question asked before. On the home
// loop at once.
void fanout_fence(struct fanout_shard *s, void (*fn)(void *ctx, bool gone), void *ctx);

// ---- moving a subscriber to another loop: on the home loop
// ------------------------------------------------------------

// The shard is given the channel's messages from here on, for a subscriber that joins its hub in the next fanout_call.
void fanout_grant(struct fanout_shard *s, struct slice channel);
// fn(ctx, gone) on the shard's loop, in order with what is delivered there. The shard isn't that of the home loop.
void fanout_call(struct fanout_shard *s, void (*fn)(void *ctx, bool gone), void *ctx);

// ---- for watching --------------------------------------------------------------------------------------------------

struct fanout_stats {
    uint64_t crossed;    // messages handed to other threads
    uint64_t recoveries; // questions with `since`, …
    uint64_t recovered;  // … and how many of them were recovered
    uint64_t waits;      // times a publisher waited for a slow thread
};
void fanout_stats(const struct fanout *f, struct fanout_stats *out); // home loop

#endif
