// One TCP connection (or one listener) on a loop. With listener.h the only code that touches sockets.
//
// Ownership: the connection is made by a listener and frees itself. conn_close only marks it: `closed` is called
// exactly once, in a later phase of the loop with nothing of this connection on the stack, and after it returned the
// connection is gone. That is the place for the owner to free what it holds. Nothing else is called after conn_close.
//
// Writing: what is queued during an iteration of the loop goes out in one writev at its end. Before that, `fill` asks
// the owner for what it holds back itself (an outbox); a connection whose peer doesn't read is asked for nothing, so
// that the owner's own bound and its own dropping rules apply to everything but the kernel's buffer and one write.
#ifndef HW_NET_CONN_H
#define HW_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct conn;
struct loop;

struct conn_events {
    // Bytes arrived; borrowed for the call (they lie in the loop's one read buffer, and may be changed there).
    void (*data)(struct conn *c, void *owner, char *bytes, size_t n);
    // The peer ended its side; NULL: the connection is closed.
    void (*eof)(struct conn *c, void *owner);
    // About to write: queue what you have, up to about `room` bytes. May be NULL.
    void (*fill)(struct conn *c, void *owner, size_t room);
    // Everything queued has been taken by the kernel, after a time in which it wasn't. May be NULL.
    void (*drained)(struct conn *c, void *owner);
    void (*closed)(struct conn *c, void *owner);
};

// Another owner takes over (an HTTP connection that becomes a WebSocket). Allowed inside `data`.
void conn_set_owner(struct conn *c, const struct conn_events *events, void *owner);
void *conn_owner(const struct conn *c);
struct loop *conn_loop(const struct conn *c);

// Takes the socket out of the connection, to go on with it on another loop: returns its descriptor, the caller's to
// close or to give to conn_adopt, and the connection ends without `closed` being called. -1, and nothing has changed:
// it is closing or has something left to write, or the process has no descriptor left.
int conn_detach(struct conn *c);
// A connection on this loop over the socket, which it owns from now on. NULL: it can't be had, and is closed. Reads
// once conn_set_owner and conn_read_resume were called.
struct conn *conn_adopt(struct loop *l, int fd);

void conn_read_pause(struct conn *c);
void conn_read_resume(struct conn *c);

// Queues a copy of the bytes.
void conn_write(struct conn *c, struct slice bytes);
// Queues what is in the buffer and takes its memory (the buffer is empty afterwards).
void conn_write_buf(struct conn *c, struct buf *bytes);
// Queues the bytes themselves; release(token) is called once they are written or given up. `release` may be NULL
// (static bytes).
void conn_write_ref(struct conn *c, struct slice bytes, void (*release)(void *token), void *token);
// Has the owner's `fill` asked at the end of the iteration, though nothing is queued here.
void conn_wake(struct conn *c);
// Writes now what is queued instead of at the end of the iteration. Returns false if the kernel didn't take all of it.
bool conn_flush(struct conn *c);

size_t conn_queued(const struct conn *c); // bytes not yet taken by the kernel
bool conn_blocked(const struct conn *c);  // the kernel took less than it was given, and hasn't caught up yet

// Closes at once; what is queued is given up. Calling it again does nothing.
void conn_close(struct conn *c);
// Sends what is queued, then FIN, then waits (at most 2 s) for the peer to end its side, so that a last answer isn't
// lost to a reset; then closes. No `data` or `fill` comes any more; what arrives is thrown away.
void conn_finish(struct conn *c);
bool conn_closing(const struct conn *c); // either of the two was called

// The peer's address: "127.0.0.1", "::1"; loopback also for ::ffff:127.0.0.1.
bool conn_peer_is_loopback(struct conn *c);
void conn_peer(const struct conn *c, char *out, size_t size);

#endif
