// The loops that carry real-time clients: the server's own and, with --io-threads N, N - 1 more, each on a thread with
// its own hub and sockets. Connections are accepted, and HTTP is spoken, on the server's own loop; a client that comes
// by WebSocket is handed to the loop that has the fewest.
#ifndef HW_SERVER_IO_THREADS_H
#define HW_SERVER_IO_THREADS_H

#include "api/sessions.h"
#include "base/err.h"
#include "base/prometheus.h"
#include "fanout/fanout.h"
#include "hub/hub.h"

struct bus;
struct io_threads;
struct loop;
struct router;

#define IO_THREADS_MAX FANOUT_SHARDS_MAX
int io_threads_default(void); // the cores this process may use, at most 4

// Starts n - 1 threads; borrows loop and bus, and sets the bus's `deliver`. All of these on the loop's thread.
int io_threads_start(struct io_threads **out, int n, struct loop *l, struct bus *bus,
                     const struct sessions_config *config, struct err *e);
void io_threads_routes(struct io_threads *t, struct router *r);
// Refuses new clients and closes those there are.
void io_threads_stop(struct io_threads *t);
// Ends the threads, and whatever client is left. Before the server's loop is freed.
void io_threads_join(struct io_threads *t);
void io_threads_free(struct io_threads *t); // after the server's loop was freed; NULL is fine

// ---- for watching --------------------------------------------------------------------------------------------------

struct io_thread_stats {
    struct eio_server_stats clients;
    struct hub_stats hub;
    struct prom_histogram lag; // its counts are `lag_counts`
    uint64_t lag_counts[16];
};
// Asks every loop; fn(ctx, stats of n loops, and how the events got there) on the server's loop, within this iteration
// if there is one loop only; with n 0 if the threads were joined meanwhile.
typedef void (*io_threads_stats_fn)(void *ctx, const struct io_thread_stats *stats, int n,
                                    const struct fanout_stats *f);
void io_threads_stats(struct io_threads *t, io_threads_stats_fn fn, void *ctx);

#endif
