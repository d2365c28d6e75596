// The store: where jobs, entities, metrics and logs are kept. A backend is one const struct of functions.
//
// Threads. store_write and store_read may be called from any thread and return at once. A write's function runs on the
// store's writer thread inside a transaction; writes run in the order in which they were submitted, many share one
// commit (group commit: the batch ends when the queue is empty, 1,000 rows are reached or 20 ms have passed), and each
// is undone alone (savepoint) if its function returns an error. A function whose statement had to give way to another
// program's transaction (a deadlock, a serialization failure) is undone and run again, so it must forget first what an
// earlier run of it has left in its context. `done` is called after the commit is durable (or has
// failed), in the same order. Reads run on reader threads, each seeing one consistent snapshot. `done` is handed to the
// poster, which carries it to the loop; without a poster it is called on the store's thread.
//
// Times are integer microseconds UTC. Text is UTF-8. JSON columns hold compact JSON text.
#ifndef HW_STORE_STORE_H
#define HW_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "store/latency.h"

struct store;
struct store_tx; // one transaction; only valid inside a store_fn

typedef int (*store_fn)(struct store_tx *tx, void *ctx, struct err *e);
typedef void (*store_done_fn)(void *ctx, int rc, const struct err *e);
// Runs fn(arg) on the loop's thread, in the order of the calls.
typedef void (*store_post_fn)(void *poster, void (*fn)(void *arg), void *arg);

// Of a database server; zeros: as the settings' defaults.
struct store_options {
    int pool_size;    // connections that are kept
    int max_overflow; // more of them while there is much to read
};

// Opens (and migrates) the database `url`: "sqlite:/path/to/file.db" or "postgresql://…". HW_EIO, HW_EINVALID (not a
// database, a newer schema), HW_EUNAVAILABLE (no server answers). A server that goes away later is no end: until it is
// back what is asked for fails at once with HW_EUNAVAILABLE, and nothing of it has been done.
int store_open(struct store **out, const char *url, struct err *e);
int store_open_with(struct store **out, const char *url, const struct store_options *o, struct err *e);
// Migrates and opens nothing. `note` (may be NULL) is called after each migration that was applied. The same errors.
typedef void (*store_migrated_fn)(void *ctx, int version, const char *name);
int store_migrate(const char *url, store_migrated_fn note, void *ctx, struct err *e);
// Runs what is queued, commits, joins the threads. `done` of everything has been called or posted.
void store_close(struct store *s);
void store_set_poster(struct store *s, store_post_fn post, void *poster);

// `done` may be NULL.
void store_write(struct store *s, store_fn fn, store_done_fn done, void *ctx);
void store_read(struct store *s, store_fn fn, store_done_fn done, void *ctx);
// The same, waited for; not to be called from the loop's or the store's own threads.
int store_write_wait(struct store *s, store_fn fn, void *ctx, struct err *e);
int store_read_wait(struct store *s, store_fn fn, void *ctx, struct err *e);

// What a database wants done to it from time to time, beside the work and without holding it up: the planner's
// statistics are refreshed where they are out of date (on the writer's thread, from samples), and what lies in the
// write-ahead log is moved into the database as far as no reader needs it. On the caller's thread, as the waiting
// calls.
struct store_maintenance {
    int64_t optimize_us;                // that the writer was held
    int64_t wal_pages, wal_pages_moved; // in the log, and of these now in the database
    int64_t pages, free_pages, page_bytes;
};
int store_maintain(struct store *s, struct store_maintenance *out, struct err *e);
// The second half of it: for whoever writes so much that the log would grow until a commit has to move it.
// A database server sees to its own log: nothing is done.
int store_move_log(struct store *s, struct store_maintenance *out, struct err *e);

// Since it was opened. Any thread.
struct store_stats {
    int writes_queued, reads_queued; // now
    uint64_t writes_failed, reads_failed;
    struct latency write, read;  // from asked for to done: for a write that is durable
    struct latency transactions; // of the writer, from BEGIN to COMMIT, the functions of many writes in between
    struct latency commits;      // COMMIT alone: what the disk takes
};
void store_stats(struct store *s, struct store_stats *out);

#endif
