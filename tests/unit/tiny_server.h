// A real HTTP server on a free port of the loopback, whose answers the test writes byte by byte. One thread a
// connection; what the test hangs on is closed when the server is stopped.
#ifndef HW_TESTS_TINY_SERVER_H
#define HW_TESTS_TINY_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

enum { TINY_CONNECTIONS_MAX = 256 };

struct tiny_server;

struct tiny_request {
    struct tiny_server *server;
    int fd;            // to answer on
    int connection, n; // which connection, and which request on it, from 0
    char method[16], path[256];
    struct slice head, body;
};

// Answers by writing to q->fd; false closes the connection. On the connection's thread.
typedef bool (*tiny_handler)(void *ctx, const struct tiny_request *q);

struct tiny_server {
    int fd, port;
    char url[64];
    tiny_handler handler;
    void *ctx;
    pthread_t acceptor;
    pthread_mutex_t lock;
    bool stopping;
    int n; // connections so far
    struct tiny_connection {
        struct tiny_server *server;
        int fd, index;
        bool open;
        pthread_t thread;
    } connections[TINY_CONNECTIONS_MAX];
};

// Waits until the server is stopped or the peer has gone: an answer that doesn't come.
static inline void tiny_hang(const struct tiny_request *q)
{
    char byte;
    while (recv(q->fd, &byte, 1, 0) > 0) {
    }
}

static inline void tiny_send(const struct tiny_request *q, const char *bytes)
{
    ssize_t ignored = send(q->fd, bytes, strlen(bytes), MSG_NOSIGNAL);
    (void)ignored;
}

static inline void tiny_answer(const struct tiny_request *q, int status, const char *json)
{
    struct buf b = BUF_INIT;
    buf_addf(&b, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
             strlen(json), json);
    tiny_send(q, buf_cstr(&b));
    buf_release(&b);
}

// One request in `in`, or 0 bytes if it isn't complete.
static inline size_t tiny_parse(struct buf *in, struct tiny_request *q)
{
    const char *text = buf_cstr(in), *end = strstr(text, "\r\n\r\n");
    if (!end) return 0;
    size_t head = (size_t)(end - text) + 4, length = 0;
    const char *field = strcasestr(text, "\r\nContent-Length:");
    if (field && field < end) length = strtoul(field + 17, NULL, 10);
    if (in->n < head + length) return 0;
    if (sscanf(text, "%15s %255s", q->method, q->path) != 2) return 0;
    q->head = slice_of(text, head);
    q->body = slice_of(text + head, length);
    return head + length;
}

static inline void *tiny_serve(void *arg)
{
    struct tiny_connection *c = arg;
    struct tiny_request q = {.server = c->server, .fd = c->fd, .connection = c->index};
    struct buf in = BUF_INIT;
    for (bool go = true; go;) {
        size_t used = tiny_parse(&in, &q);
        if (used) {
            go = c->server->handler(c->server->ctx, &q);
            q.n++;
            buf_consume(&in, used);
            continue;
        }
        ssize_t n = recv(c->fd, buf_reserve(&in, 65536), 65536, 0);
        if (n <= 0) break;
        in.n += (size_t)n;
    }
    buf_release(&in);
    pthread_mutex_lock(&c->server->lock);
    close(c->fd);
    c->open = false;
    pthread_mutex_unlock(&c->server->lock);
    return NULL;
}

static inline void *tiny_accept(void *arg)
{
    struct tiny_server *s = arg;
    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        pthread_mutex_lock(&s->lock);
        bool go = fd >= 0 && !s->stopping && s->n < TINY_CONNECTIONS_MAX;
        if (go) {
            struct tiny_connection *c = &s->connections[s->n];
            *c = (struct tiny_connection){.server = s, .fd = fd, .index = s->n, .open = true};
            if (pthread_create(&c->thread, NULL, tiny_serve, c) != 0) abort();
            s->n++;
        } else if (fd >= 0) {
            close(fd);
        }
        pthread_mutex_unlock(&s->lock);
        if (!go) return NULL;
    }
}

static inline int tiny_listen(int port, int *got)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) abort();
    if (bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, 64) < 0) abort();
    if (getsockname(fd, (struct sockaddr *)&a, &size) < 0) abort();
    *got = ntohs(a.sin_port);
    return fd;
}

// port 0: any free one.
static inline void tiny_start(struct tiny_server *s, int port, tiny_handler handler, void *ctx)
{
    memset(s, 0, sizeof *s);
    s->handler = handler;
    s->ctx = ctx;
    pthread_mutex_init(&s->lock, NULL);
    s->fd = tiny_listen(port, &s->port);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
    if (pthread_create(&s->acceptor, NULL, tiny_accept, s) != 0) abort();
}

// How many connections there have been.
static inline int tiny_connections(struct tiny_server *s)
{
    pthread_mutex_lock(&s->lock);
    int n = s->n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static inline void tiny_stop(struct tiny_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    shutdown(s->fd, SHUT_RDWR);
    for (int i = 0; i < s->n; i++)
        if (s->connections[i].open) shutdown(s->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->acceptor, NULL);
    for (int i = 0; i < s->n; i++) pthread_join(s->connections[i].thread, NULL);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
}

#endif
