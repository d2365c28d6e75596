#include "publisher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crowd.h"
#include "event.h"

static bool broke(struct publisher *p, const char *why)
{
    p->why = why;
    return false;
}

bool publisher_init(struct publisher *p, const struct options *o, int epoll)
{
    *p = (struct publisher){.options = o, .epoll = epoll};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(o->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (; p->n < o->connections; p->n++) {
        struct publishing *c = &p->conns[p->n];
        int one = 1;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0) return broke(p, "no more sockets");
        if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) {
            close(c->fd);
            return broke(p, "the publisher can't connect");
        }
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event ev = {.events = EPOLLIN, .data.u64 = PUBLISHER_TAG | p->n};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
            close(c->fd);
            return broke(p, "the publisher can't be watched");
        }
    }
    return true;
}

void publisher_release(struct publisher *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        close(p->conns[i].fd);
        free(p->conns[i].out);
    }
}

// ---- requests ------------------------------------------------------------------------------------------------------

static void reserve(struct publishing *c, size_t more)
{
    if (c->out_n + more <= c->out_cap) return;
    c->out_cap = (c->out_n + more) * 2;
    c->out = realloc(c->out, c->out_cap);
    if (!c->out) abort();
}

void publisher_post(struct publisher *p, uint32_t conn, uint32_t first, uint32_t step, uint32_t count)
{
    const struct options *o = p->options;
    struct publishing *c = &p->conns[conn];
    char body[EVENT_BODY_MAX];
    size_t length = 0;
    // The head says how long the body is: the space for it is kept free, and its end moved up to the body.
    enum { HEAD = 256 };
    size_t start = c->out_n;
    reserve(c, HEAD + (size_t)count * EVENT_BODY_MAX);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = first + i * step;
        size_t bytes = event_write_body(body, o->event, n % o->channels, n, o->bytes);
        memcpy(c->out + start + HEAD + length, body, bytes);
        length += bytes;
        if (o->batch > 1) c->out[start + HEAD + length++] = '\n';
    }
    char head[HEAD];
    size_t head_n = (size_t)snprintf(head, sizeof head,
                                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: %s\r\n"
                                     "Content-Length: %zu\r\n\r\n",
                                     o->batch > 1 ? o->batch_path : o->post_path, o->port,
                                     o->batch > 1 ? "application/x-ndjson" : "application/json", length);
    memcpy(c->out + start, head, head_n);
    memmove(c->out + start + head_n, c->out + start + HEAD, length);
    c->out_n = start + head_n + length;
    c->outstanding++;
    p->requests++;
}

bool publisher_flush(struct publisher *p, uint32_t conn)
{
    struct publishing *c = &p->conns[conn];
    while (c->out_sent < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_sent, c->out_n - c->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) return broke(p, "the server closed a publisher's connection");
        if (n < 0) break;
        c->out_sent += (size_t)n;
    }
    bool waits = c->out_sent < c->out_n;
    if (!waits) c->out_n = c->out_sent = 0;
    if (waits != c->waits) {
        c->waits = waits;
        struct epoll_event ev = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.u64 = PUBLISHER_TAG | conn};
        if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, c->fd, &ev) != 0) return broke(p, "the publisher can't be watched");
    }
    return true;
}

// ---- answers -------------------------------------------------------------------------------------------------------

// Bytes of the first answer in p[0, n), 0 if it isn't all there, -1 if it is none.
static long answer(const char *p, size_t n, int *status)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (!end) return 0;
    if (sscanf(p, "HTTP/1.1 %d", status) != 1) return -1;
    size_t body = 0;
    for (const char *line = p; line < end;) {
        if (strncasecmp(line, "content-length:", 15) == 0) body = strtoull(line + 15, NULL, 10);
        if (strncasecmp(line, "transfer-encoding:", 18) == 0) return -1;
        line = (const char *)memmem(line, (size_t)(end + 2 - line), "\r\n", 2) + 2;
    }
    size_t all = (size_t)(end - p) + 4 + body;
    return all <= n ? (long)all : 0;
}

bool publisher_event(struct publisher *p, uint32_t conn)
{
    struct publishing *c = &p->conns[conn];
    if (c->waits && !publisher_flush(p, conn)) return false;
    ssize_t got = recv(c->fd, c->in + c->in_n, sizeof c->in - 1 - c->in_n, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return broke(p, "the server closed a publisher's connection");
    c->in_n += (size_t)got;
    c->in[c->in_n] = 0;
    size_t at = 0;
    while (at < c->in_n) {
        int status = 0;
        long n = answer(c->in + at, c->in_n - at, &status);
        if (n < 0) return broke(p, "an answer that is no plain HTTP/1.1");
        if (n == 0) break;
        if (status < 200 || status > 299) {
            p->status = status;
            return broke(p, "a message was refused");
        }
        c->outstanding--;
        at += (size_t)n;
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
    return true;
}
