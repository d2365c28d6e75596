// Long work on the store's writer, cut into slices so short that nobody else's writes wait for long.
//
// Each slice is a transaction of its own. How long one may work adapts to how long the writer was really held, commit
// included; between two slices the writer is left to others for half as long as the last one took.
#ifndef HW_JOBS_SLICES_H
#define HW_JOBS_SLICES_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct schedule_run;
struct store;
struct store_tx;

// Does the next small piece, much less than a millisecond's worth. 1: there is more; 0: that was all; or a negative
// code, which undoes the slice and ends it all.
typedef int (*slice_fn)(struct store_tx *tx, void *ctx, struct err *e);

struct slices {
    int64_t count;
    int64_t longest_us; // that the writer was held for one, with whatever else was committed together with it
};

// On the run's thread; what it measures is added to *sum. HW_ECANCELLED when the run is to stop: what was committed
// stays.
int slices_run(struct schedule_run *run, struct store *s, slice_fn fn, void *ctx, struct slices *sum, struct err *e);
// Between stretches of many slices, on the run's thread: every fourth time the write-ahead log is moved. A commit that
// finds the log full moves it, and the writer waits: here that is done long before it is full.
void slices_relieve(struct store *s, int *stretches);
void slices_write(const struct slices *s, struct jw *w); // the members "slices" and "longest_slice_ms"

#endif
