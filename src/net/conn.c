#include "net/conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/conn_internal.h"
#include "net/loop_internal.h"
#include "net/write_queue.h"

#define FILL_ROOM  (64 * 1024) // bytes asked of the owner at a time
#define WRITE_IOVS 64
#define LINGER_MS  2000 // without progress of the last bytes, or of the peer's end

// Only while the kernel takes less than it is given; a connection that is idle or fast has none.
struct pending_write {
    uv_write_t req;
    struct conn *conn;
    uint32_t chunks; // how many of the queue's first it carries
};

// Only while the connection ends.
struct ending {
    uv_shutdown_t req;
    struct loop_timer timer;
    struct conn *conn;
    size_t left_before; // bytes the kernel hadn't taken at the last look
    bool shut;
};

struct conn {
    uv_tcp_t tcp;
    struct loop *loop;
    struct list node;
    const struct conn_events *events;
    void *owner;
    struct loop_task flush;
    struct write_queue queue;
    struct pending_write *writing;
    struct ending *ending; // conn_finish was called
    bool closing, in_flush, eof;
    bool peer_known, peer_loopback; // asked once: programs on this host publish a message a request
};

// ---- closing -------------------------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *h)
{
    struct conn *c = h->data;
    loop_task_cancel(&c->flush);
    write_queue_release(&c->queue);
    if (c->ending) {
        loop_timer_stop(c->loop, &c->ending->timer);
        free(c->ending);
    }
    if (c->events) c->events->closed(c, c->owner);
    free(c);
}

void conn_close(struct conn *c)
{
    if (c->closing) return;
    c->closing = true;
    list_remove(&c->node);
    loop_task_cancel(&c->flush);
    // Writes and the shutdown under way are called back with UV_ECANCELED before on_closed.
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void conn_close_node(struct list *node)
{
    conn_close(LIST_ITEM(node, struct conn, node));
}

bool conn_closing(const struct conn *c)
{
    return c->closing || c->ending;
}

// ---- writing -------------------------------------------------------------------------------------------------------

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct conn *c = req->data;
    if (c->closing) return;
    if (status < 0 || c->eof) conn_close(c);
}

static void end_when_written(struct conn *c)
{
    if (!c->ending || c->ending->shut || c->queue.n || c->closing) return;
    c->ending->shut = true;
    if (uv_shutdown(&c->ending->req, (uv_stream_t *)&c->tcp, on_shutdown) < 0) conn_close(c);
}

static void on_written(uv_write_t *req, int status)
{
    struct pending_write *w = req->data;
    struct conn *c = w->conn;
    uint32_t chunks = w->chunks;
    free(w);
    c->writing = NULL;
    if (c->closing) return; // on_closed gives the queue up
    if (status < 0) {
        conn_close(c);
        return;
    }
    for (uint32_t i = 0; i < chunks; i++) write_queue_pop(&c->queue);
    if (!conn_flush(c) || c->closing) return;
    if (!c->ending && c->events && c->events->drained) c->events->drained(c, c->owner);
}

// The kernel takes no more: libuv writes the rest when it can. One request carries all that is queued.
static void write_pending(struct conn *c)
{
    struct pending_write *w = mem_zalloc(sizeof *w);
    uint32_t n = c->queue.n;
    uv_buf_t *bufs = mem_array(n, sizeof *bufs);
    for (uint32_t i = 0; i < n; i++) {
        const struct chunk *k = write_queue_at(&c->queue, i);
        bufs[i] = uv_buf_init((char *)k->p, (unsigned)k->n);
    }
    w->req.data = w;
    w->conn = c;
    w->chunks = n;
    c->writing = w;
    int rc = uv_write(&w->req, (uv_stream_t *)&c->tcp, bufs, n, on_written); // copies bufs
    free(bufs);
    if (rc < 0) {
        free(w);
        c->writing = NULL;
        conn_close(c);
    }
}

// Writes what is queued: false if something is left (or the connection broke).
static bool write_queue(struct conn *c)
{
    while (c->queue.n) {
        uv_buf_t bufs[WRITE_IOVS];
        unsigned n = 0;
        size_t bytes = 0;
        for (; n < c->queue.n && n < WRITE_IOVS; n++) {
            const struct chunk *k = write_queue_at(&c->queue, n);
            bufs[n] = uv_buf_init((char *)k->p, (unsigned)k->n);
            bytes += k->n;
        }
        int rc = uv_try_write((uv_stream_t *)&c->tcp, bufs, n);
        if (rc < 0 && rc != UV_EAGAIN) {
            conn_close(c);
            return false;
        }
        if (rc > 0) write_queue_consume(&c->queue, (size_t)rc);
        if (rc < 0 || (size_t)rc < bytes) {
            write_pending(c);
            return false;
        }
    }
    return true;
}

bool conn_flush(struct conn *c)
{
    if (c->closing || c->writing || c->in_flush) return false;
    c->in_flush = true;
    bool all = true;
    while (all && !c->closing) {
        if (!c->ending && c->events && c->events->fill && c->queue.bytes < FILL_ROOM)
            c->events->fill(c, c->owner, FILL_ROOM - c->queue.bytes);
        if (c->queue.n == 0 || c->closing) break;
        all = write_queue(c);
    }
    c->in_flush = false;
    if (!c->writing) write_queue_give_back(&c->queue, &c->loop->spare);
    end_when_written(c);
    return all && !c->closing;
}

static void on_flush(struct loop_task *t)
{
    conn_flush(LIST_ITEM(t, struct conn, flush));
}

void conn_wake(struct conn *c)
{
    if (!c->closing && !c->writing && !c->in_flush) loop_task_schedule(c->loop, &c->flush);
}

// libuv counts a buffer's bytes in an unsigned int.
static void queue_bytes(struct conn *c, struct chunk chunk)
{
    assert(chunk.n < UINT32_MAX);
    if (conn_closing(c) || chunk.n == 0) {
        if (chunk.release) chunk.release(chunk.token);
        return;
    }
    write_queue_push(&c->queue, chunk, &c->loop->spare);
    conn_wake(c);
}

void conn_write(struct conn *c, struct slice bytes)
{
    if (conn_closing(c) || bytes.n == 0) return;
    char *copy = mem_dup(bytes.p, bytes.n);
    queue_bytes(c, (struct chunk){copy, bytes.n, free, copy});
}

void conn_write_buf(struct conn *c, struct buf *bytes)
{
    struct buf b = *bytes;
    *bytes = BUF_INIT;
    queue_bytes(c, (struct chunk){b.p, b.n, free, b.p});
}

void conn_write_ref(struct conn *c, struct slice bytes, void (*release)(void *token), void *token)
{
    queue_bytes(c, (struct chunk){bytes.p, bytes.n, release, token});
}

size_t conn_queued(const struct conn *c)
{
    return c->queue.bytes;
}

bool conn_blocked(const struct conn *c)
{
    return c->writing != NULL;
}

static void on_linger(struct loop_timer *t)
{
    struct conn *c = t->ctx;
    size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);
    if (c->ending->shut || left >= c->ending->left_before) {
        conn_close(c);
        return;
    }
    c->ending->left_before = left;
}

void conn_finish(struct conn *c)
{
    if (conn_closing(c)) return;
    struct ending *end = mem_zalloc(sizeof *end);
    end->conn = c;
    end->req.data = c;
    end->left_before = SIZE_MAX;
    loop_timer_init(&end->timer, on_linger, c);
    loop_timer_repeat(c->loop, &end->timer, LINGER_MS);
    c->ending = end;
    conn_read_resume(c); // to see the peer's end
    loop_task_schedule(c->loop, &c->flush);
}

// ---- reading -------------------------------------------------------------------------------------------------------

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct conn *c = h->data;
    *out = uv_buf_init(c->loop->read_buf, LOOP_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct conn *c = stream->data;
    if (n == 0 || c->closing) return;
    if (n > 0) {
        if (!c->ending && c->events) c->events->data(c, c->owner, b->base, (size_t)n);
        return;
    }
    if (n == UV_EOF) {
        c->eof = true;
        uv_read_stop(stream);
        if (c->ending && !c->ending->shut) return; // the peer may still read what is on its way
        if (!c->ending && c->events && c->events->eof) {
            c->events->eof(c, c->owner);
            return;
        }
    }
    conn_close(c);
}

void conn_read_pause(struct conn *c)
{
    if (!c->closing) uv_read_stop((uv_stream_t *)&c->tcp);
}

void conn_read_resume(struct conn *c)
{
    if (c->closing || c->eof) return;
    int rc = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (rc < 0 && rc != UV_EALREADY) conn_close(c);
}

// ---- life ----------------------------------------------------------------------------------------------------------

static struct conn *conn_new(struct loop *l)
{
    struct conn *c = mem_zalloc(sizeof *c);
    if (uv_tcp_init(&l->uv, &c->tcp) < 0) {
        free(c);
        return NULL;
    }
    c->tcp.data = c;
    c->loop = l;
    list_init(&c->node);
    loop_task_init(&c->flush, on_flush);
    return c;
}

struct conn *conn_accept(struct loop *l, uv_stream_t *server)
{
    struct conn *c = conn_new(l);
    if (!c) return NULL;
    if (uv_accept(server, (uv_stream_t *)&c->tcp) < 0) {
        conn_close(c);
        return NULL;
    }
    // What is written is written in one piece already: waiting for more would only delay it. A failure costs time, no
    // more.
    (void)uv_tcp_nodelay(&c->tcp, 1);
    list_push_back(&l->conns, &c->node);
    return c;
}

struct conn *conn_adopt(struct loop *l, int fd)
{
    struct conn *c = conn_new(l);
    if (!c) {
        close(fd);
        return NULL;
    }
    if (uv_tcp_open(&c->tcp, fd) < 0) {
        close(fd);
        conn_close(c);
        return NULL;
    }
    list_push_back(&l->conns, &c->node);
    return c;
}

int conn_detach(struct conn *c)
{
    uv_os_fd_t fd;
    if (conn_closing(c) || c->writing || c->queue.n || c->eof) return -1;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0) return -1;
    // A second descriptor of the same socket: libuv closes the first, and offers no way to keep it.
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (kept < 0) return -1;
    c->events = NULL;
    conn_close(c);
    return kept;
}

void conn_set_owner(struct conn *c, const struct conn_events *events, void *owner)
{
    c->events = events;
    c->owner = owner;
}

void *conn_owner(const struct conn *c)
{
    return c->owner;
}

struct loop *conn_loop(const struct conn *c)
{
    return c->loop;
}

static bool peer_address(const struct conn *c, struct sockaddr_storage *out)
{
    int n = sizeof *out;
    return uv_tcp_getpeername(&c->tcp, (struct sockaddr *)out, &n) == 0;
}

static bool ask_loopback(const struct conn *c)
{
    struct sockaddr_storage sa;
    if (!peer_address(c, &sa)) return false;
    if (sa.ss_family == AF_INET) return ntohl(((struct sockaddr_in *)&sa)->sin_addr.s_addr) >> 24 == 127;
    if (sa.ss_family != AF_INET6) return false;
    const struct in6_addr *a = &((struct sockaddr_in6 *)&sa)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

bool conn_peer_is_loopback(struct conn *c)
{
    if (!c->peer_known) {
        c->peer_loopback = ask_loopback(c);
        c->peer_known = true;
    }
    return c->peer_loopback;
}

void conn_peer(const struct conn *c, char *out, size_t size)
{
    struct sockaddr_storage sa;
    if (!peer_address(c, &sa) || uv_ip_name((struct sockaddr *)&sa, out, size) < 0) snprintf(out, size, "unknown");
}
