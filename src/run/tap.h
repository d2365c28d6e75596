// A copy of what a program writes, for recording, that never holds the program up: what comes faster than it is taken
// is left out, and only counted, but for its last part.
//
// One thread puts, another takes.
#ifndef HW_RUN_TAP_H
#define HW_RUN_TAP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { TAP_BYTES = 256 << 10, TAP_TAIL_BYTES = 32 << 10 };

struct tap {
    pthread_mutex_t lock;
    struct buf bytes, tail;
    uint64_t skipped; // between `bytes` and the end of `tail`; 0: nothing, and then the tail is empty
    int wake_fd;      // an eventfd, written when something came to an empty tap
};

struct tap_piece {
    struct buf bytes;
    uint64_t left_out; // bytes between the two
    struct buf tail;   // empty unless bytes were left out
};

void tap_init(struct tap *t, int wake_fd);
void tap_release(struct tap *t);
void tap_put(struct tap *t, struct slice bytes);
// Swaps what there is with *out's (emptied) memory; false: nothing.
bool tap_take(struct tap *t, struct tap_piece *out);
void tap_piece_release(struct tap_piece *p);

#endif
