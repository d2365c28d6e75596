// The table `system_history`: what the machine did, a row a minute and host.
#ifndef HW_STORE_SYSTEM_HISTORY_TABLE_H
#define HW_STORE_SYSTEM_HISTORY_TABLE_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct store_tx;

struct system_minute {
    int64_t time; // of its beginning
    char *host;
    int64_t samples;
    char *readings; // JSON object (monitor/reading_stats.h)
};

// Of a minute that is there already (a server was started again in it, the clock was set back) the row of more samples
// stays.
int system_minute_put(struct store_tx *tx, const struct system_minute *m, struct err *e);
// Those that began from `from` on and before `to`, in order, one after the other; borrowed for the call. `host` "" : of
// all.
typedef void (*system_minute_fn)(void *ctx, int64_t time, int64_t samples, struct slice readings);
int system_minutes_each(struct store_tx *tx, const char *host, int64_t from, int64_t to, system_minute_fn fn, void *ctx,
                        struct err *e);
// Those from before `before`, `limit` at most: how many were removed, or a negative code.
int64_t system_minutes_remove(struct store_tx *tx, int64_t before, int limit, struct err *e);

#endif
