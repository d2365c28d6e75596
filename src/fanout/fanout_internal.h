// What the two sides of a fanout share. Not for others.
#ifndef HW_FANOUT_FANOUT_INTERNAL_H
#define HW_FANOUT_FANOUT_INTERNAL_H

#include <pthread.h>

#include "base/buf.h"
#include "base/map.h"
#include "fanout/fanout.h"
#include "net/loop.h"

// A question, on its way to the home loop and back.
struct question {
    struct fanout_shard *shard;
    fanout_answer_fn fn;
    void (*fence)(void *ctx, bool gone); // instead of `fn`: nothing is asked
    void *ctx;
    char *channel, *since_epoch;
    size_t channel_n, since_epoch_n;
    uint64_t since_seq;
    size_t room;
    bool has_since;
    // the answer
    char epoch[17];
    uint64_t seq;
    bool recovered;
    struct msg **missed;
    size_t n_missed, cap_missed, missed_bytes;
    struct buf snapshot;
};

// What goes to a shard: a message, or a question with its answer.
struct parcel {
    struct msg *msg; // NULL: the question
    struct question *question;
};

struct batch {
    struct fanout_shard *shard;
    size_t n, bytes;
    struct parcel parcels[];
};

struct fanout_shard {
    struct fanout *fanout;
    struct loop *loop; // NULL: gone
    struct hub *hub;
    uint32_t place; // among the fanout's shards
    bool home;      // its loop is the home loop
    bool stopped;   // the shard's loop
    // The home loop's: what this iteration has for the shard.
    struct loop_task flush;
    struct parcel *out;
    size_t n_out, cap_out, out_bytes;
    // On its way; guarded by the lock.
    pthread_mutex_t lock;
    pthread_cond_t caught_up;
    size_t in_flight;
    bool closed; // takes nothing more
};

// Subscribers of one channel by shard, the home shard left out. Counts what was granted, not who is there: a shard
// that has no subscriber left gives all its grants back at once.
struct interest {
    uint32_t granted[FANOUT_SHARDS_MAX];
};

struct fanout {
    struct bus *bus;
    struct loop *home_loop;
    struct fanout_shard *home; // NULL: the home loop has no sockets
    struct fanout_shard *shards[FANOUT_SHARDS_MAX];
    uint32_t n_shards;
    struct map interests; // channel → struct interest
    struct fanout_stats stats;
};

void question_answer(struct fanout *f, struct question *q); // on the home loop
// Gives the answer to who asked; on the shard's loop.
bool question_tell(struct question *q, bool gone);
void question_free(struct question *q);

#endif
