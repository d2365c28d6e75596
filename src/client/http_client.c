#include "client/http_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/http_response.h"

enum { BODY_MAX = 64 << 20, HEAD_MAX = 64 << 10, READ_SIZE = 64 << 10 };

struct http_client {
    struct http_url url;
    int fd;           // -1: not connected
    int interrupt_fd; // an eventfd, readable from the moment of the interruption on
    bool used;        // a request has been answered on this connection: it may have been closed since
    struct http_response_reader *reader;
    struct buf out;
    char *chunk; // READ_SIZE bytes
};

// ---- addresses ----------------------------------------------------------------------------------------------------

// Nothing that could end a line or begin another part of a URL.
static bool plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("?#@\\\"", s.p[i])) return false;
    return true;
}

// "host", "host:port", "[::1]", "[::1]:port".
static bool split_authority(struct slice authority, struct slice *host, struct slice *port)
{
    *port = SLICE_LIT("80");
    if (authority.n && authority.p[0] == '[') {
        authority = slice_of(authority.p + 1, authority.n - 1);
        if (!memchr(authority.p, ']', authority.n)) return false;
        *host = slice_cut(&authority, ']');
        if (authority.n && authority.p[0] != ':') return false;
        if (authority.n) *port = slice_of(authority.p + 1, authority.n - 1);
        return true;
    }
    *host = slice_cut(&authority, ':');
    if (authority.n) *port = authority;
    return true;
}

int http_url_parse(const char *url, struct http_url *out, struct err *e)
{
    struct slice rest = slice_str(url);
    *out = (struct http_url){0};
    if (!slice_starts(rest, "http://"))
        return err_field(e, HW_EVALIDATION, "server",
                         "the server's address \"%s\" must be like http://127.0.0.1:8080%s", url,
                         slice_starts(rest, "https://") ? " (TLS isn't spoken here; give the server's own port)" : "");
    rest = slice_of(rest.p + 7, rest.n - 7);
    struct slice authority = slice_cut(&rest, '/'), host, port;
    unsigned long long number = 0;
    while (rest.n && rest.p[rest.n - 1] == '/') rest.n--;
    bool ok = plain(authority) && plain(rest) && split_authority(authority, &host, &port);
    ok = ok && host.n > 0 && host.n < sizeof out->host && rest.n + 1 < sizeof out->path;
    ok = ok && port.n < sizeof out->port && slice_u64(port, &number) && number > 0 && number <= 65535;
    if (!ok)
        return err_field(e, HW_EVALIDATION, "server", "the server's address \"%s\" must be like http://127.0.0.1:8080",
                         url);
    memcpy(out->host, host.p, host.n);
    memcpy(out->port, port.p, port.n);
    if (rest.n) snprintf(out->path, sizeof out->path, "/%.*s", SLICE_FMT(rest));
    return 0;
}

int http_client_new(struct http_client **out, const char *base_url, struct err *e)
{
    struct http_url url;
    int rc = http_url_parse(base_url, &url, e);
    if (rc) return rc;
    int interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (interrupt_fd < 0) return err_sys(e, errno, "can't make an eventfd");
    struct http_client *c = mem_zalloc(sizeof *c);
    c->url = url;
    c->fd = -1;
    c->interrupt_fd = interrupt_fd;
    c->chunk = mem_alloc(READ_SIZE);
    *out = c;
    return 0;
}

static void disconnect(struct http_client *c)
{
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    http_response_reader_free(c->reader);
    c->reader = NULL;
    c->used = false;
}

void http_client_free(struct http_client *c)
{
    if (!c) return;
    disconnect(c);
    close(c->interrupt_fd);
    buf_release(&c->out);
    free(c->chunk);
    free(c);
}

void http_client_interrupt(struct http_client *c)
{
    uint64_t one = 1;
    ssize_t ignored = write(c->interrupt_fd, &one, sizeof one); // fails only when it is readable for ever already
    (void)ignored;
}

// ---- connecting ---------------------------------------------------------------------------------------------------

// Waits until fd is ready for `events`: 0, HW_ETIMEOUT, HW_EIO, or HW_ECANCELLED when `interrupt_fd` (-1: none) is
// readable.
static int wait_fd(int fd, short events, int interrupt_fd, int64_t deadline_us, struct err *e)
{
    for (;;) {
        int64_t left = (deadline_us - clock_mono_us() + 999) / 1000;
        struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = interrupt_fd, .events = POLLIN}};
        int rc = poll(p, 2, left <= 0 ? 0 : left > 60000 ? 60000 : (int)left);
        if (rc < 0 && errno != EINTR) return err_sys(e, errno, "poll");
        if (rc > 0 && p[1].revents) return err_set(e, HW_ECANCELLED, "interrupted");
        if (rc > 0) return 0;
        if (left <= 0) return err_set(e, HW_ETIMEOUT, "the server did not answer in time");
    }
}

static int connect_one(const struct addrinfo *a, int interrupt_fd, int64_t deadline_us, struct err *e)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return err_sys(e, errno, "can't make a socket");
    int rc = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (rc == EINPROGRESS) {
        socklen_t size = sizeof rc;
        int waited = wait_fd(fd, POLLOUT, interrupt_fd, deadline_us, e);
        if (waited) {
            close(fd);
            return waited;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &rc, &size) < 0) rc = errno;
    }
    int one = 1;
    if (rc == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0) rc = errno;
    if (rc == 0) return fd;
    close(fd);
    return err_set(e, HW_EUNAVAILABLE, "%s", strerror(rc));
}

static int connect_to(const struct http_url *url, int interrupt_fd, int64_t deadline_us, struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list;
    int gai = getaddrinfo(url->host, url->port, &hints, &list);
    if (gai) return err_set(e, HW_EUNAVAILABLE, "can't resolve %s: %s", url->host, gai_strerror(gai));
    int fd = HW_EUNAVAILABLE;
    for (const struct addrinfo *a = list; a && fd < 0 && fd != HW_ECANCELLED; a = a->ai_next)
        fd = connect_one(a, interrupt_fd, deadline_us, e);
    freeaddrinfo(list);
    if (fd < 0 && fd != HW_ECANCELLED) err_prefix(e, "can't connect to http://%s:%s", url->host, url->port);
    return fd;
}

int http_connect(const struct http_url *url, int timeout_ms, struct err *e)
{
    return connect_to(url, -1, clock_mono_us() + (int64_t)timeout_ms * 1000, e);
}

// ---- one exchange -------------------------------------------------------------------------------------------------

static int send_all(struct http_client *c, int64_t deadline_us, struct err *e)
{
    size_t sent = 0;
    while (sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + sent, c->out.n - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int rc = wait_fd(c->fd, POLLOUT, c->interrupt_fd, deadline_us, e);
            if (rc) return rc;
        } else if (errno != EINTR) {
            return err_set(e, HW_EUNAVAILABLE, "the connection broke: %s", strerror(errno));
        }
    }
    return 0;
}

// Reads the answer; *started says whether any byte of one came.
static int receive(struct http_client *c, int64_t deadline_us, bool *started, struct err *e)
{
    for (bool eof = false;;) {
        enum http_response_event ev = http_response_reader_next(c->reader, eof, e);
        if (ev == HTTP_RESPONSE_DONE) return 0;
        if (eof)
            return err_set(e, HW_EUNAVAILABLE, "the server closed the connection %s",
                           *started ? "within its answer" : "without an answer");
        if (ev == HTTP_RESPONSE_BAD) {
            if (e) e->code = HW_EPROTOCOL;
            err_prefix(e, "the server's answer can't be read");
            return HW_EPROTOCOL;
        }
        int rc = wait_fd(c->fd, POLLIN, c->interrupt_fd, deadline_us, e);
        if (rc) return rc;
        ssize_t n = recv(c->fd, c->chunk, READ_SIZE, 0);
        if (n > 0) {
            *started = true;
            http_response_reader_feed(c->reader, c->chunk, (size_t)n);
        } else if (n == 0) {
            eof = true;
        } else if (errno != EINTR && errno != EAGAIN) {
            return err_set(e, HW_EUNAVAILABLE, "the connection broke: %s", strerror(errno));
        }
    }
}

static void write_request(struct http_client *c, const char *method, const char *path, struct slice json)
{
    buf_clear(&c->out);
    struct buf target = BUF_INIT, host = BUF_INIT;
    buf_addf(&target, "%s%s", c->url.path, path);
    buf_addf(&host, strchr(c->url.host, ':') ? "[%s]:%s" : "%s:%s", c->url.host, c->url.port);
    http_write_request(&c->out, method, buf_slice(&target), buf_slice(&host));
    http_write_header(&c->out, "User-Agent", SLICE_LIT("headway/" HEADWAY_VERSION));
    http_write_header(&c->out, "Accept", SLICE_LIT("application/json"));
    if (json.n) {
        http_write_header(&c->out, "Content-Type", SLICE_LIT("application/json"));
        http_write_end_length(&c->out, json.n);
        buf_add_slice(&c->out, json);
    } else if (strcmp(method, "POST") == 0) {
        http_write_end_length(&c->out, 0);
    } else {
        http_write_end(&c->out);
    }
    buf_release(&target);
    buf_release(&host);
}

// A server may close an idle connection at any moment. Whatever can be read where nothing was asked means that.
static bool gone_stale(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) != 0;
}

static int ensure_connected(struct http_client *c, int64_t deadline_us, struct err *e)
{
    if (c->fd >= 0 && gone_stale(c->fd)) disconnect(c);
    if (c->fd >= 0) return 0;
    int fd = connect_to(&c->url, c->interrupt_fd, deadline_us, e);
    if (fd < 0) return fd;
    c->fd = fd;
    c->reader = http_response_reader_new((struct http_limits){HEAD_MAX, BODY_MAX});
    return 0;
}

// *unanswered: the connection, an older one, broke before a byte of the answer came.
static int exchange(struct http_client *c, const char *method, int64_t deadline_us, bool *unanswered, struct err *e)
{
    *unanswered = false;
    int rc = ensure_connected(c, deadline_us, e);
    if (rc) return rc;
    bool started = false, kept = c->used;
    http_response_reader_begin(c->reader, strcmp(method, "HEAD") == 0);
    rc = send_all(c, deadline_us, e);
    if (!rc) rc = receive(c, deadline_us, &started, e);
    *unanswered = rc == HW_EUNAVAILABLE && kept && !started;
    return rc;
}

static bool interrupted(const struct http_client *c)
{
    struct pollfd p = {.fd = c->interrupt_fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

int http_client_request(struct http_client *c, const char *method, const char *path, struct slice json, int timeout_ms,
                        struct buf *body, struct err *e)
{
    buf_clear(body);
    if (interrupted(c)) return err_set(e, HW_ECANCELLED, "interrupted");
    write_request(c, method, path, json);
    int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    bool unanswered;
    int rc = exchange(c, method, deadline_us, &unanswered, e);
    // It may have been closed just as the request went out. Only what can be done twice is sent again: of a POST nobody
    // knows whether it had its effect.
    if (rc && unanswered && strcmp(method, "POST") != 0) {
        disconnect(c);
        rc = exchange(c, method, deadline_us, &unanswered, e);
    }
    if (rc) {
        disconnect(c);
        return rc;
    }
    const struct http_response *res = http_response_reader_get(c->reader);
    buf_add_slice(body, res->body);
    int status = res->status;
    if (res->keep_alive)
        c->used = true;
    else
        disconnect(c);
    return status;
}
