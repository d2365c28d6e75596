#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "now.h"
#include "ws_client.h"

#define PER_ADDRESS 20000 // connections from one source address; a Linux machine has 28,232 ports to give by itself
#define STUCK_BYTES 4096

static void fail(struct client *c, struct client_env *env, const char *why)
{
    if (c->state == CLIENT_FAILED) return;
    c->state = CLIENT_FAILED;
    env->why = why;
}

// What a client sends is small and rare: if the kernel doesn't take it, something is wrong.
static void send_all(struct client *c, struct client_env *env, const char *p, size_t n)
{
    if (send(c->fd, p, n, MSG_NOSIGNAL) != (ssize_t)n) fail(c, env, "the server takes nothing more from a client");
}

static void send_text(struct client *c, struct client_env *env, const char *text)
{
    char frame[512];
    send_all(c, env, frame, ws_write_text(frame, text, strlen(text)));
}

// ---- opening -------------------------------------------------------------------------------------------------------

bool client_open(struct client *c, uint32_t number, struct client_env *env)
{
    const struct options *o = env->options;
    *c = (struct client){.number = number, .state = CLIENT_CONNECTING};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        fail(c, env, "no more sockets");
        return false;
    }
    int one = 1, few = STUCK_BYTES;
    (void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (number < o->stuck) (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(o->port)};
    from.sin_addr.s_addr = htonl(0x7f000001u + number / PER_ADDRESS);
    to.sin_addr.s_addr = htonl(0x7f000001u);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
        fail(c, env, strerror(errno));
        return false;
    }
    return true;
}

static void ask_upgrade(struct client *c, struct client_env *env)
{
    const struct options *o = env->options;
    char path[128] = "/socket.io/?EIO=4&transport=websocket", channel[CHANNEL_SIZE], request[1024];
    event_channel(c->number % o->channels, channel);
    if (o->protocol == PLAIN) snprintf(path, sizeof path, "/?channel=%s", channel);
    c->state = CLIENT_UPGRADING;
    send_all(c, env, request, ws_write_upgrade(request, sizeof request, path, o->port, o->deflate));
}

static void on_connected(struct client *c, struct client_env *env)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error)
        fail(c, env, strerror(error));
    else
        ask_upgrade(c, env);
}

static void subscribe(struct client *c, struct client_env *env)
{
    char channel[CHANNEL_SIZE], text[256];
    event_channel(c->number % env->options->channels, channel);
    snprintf(text, sizeof text, "420[\"subscribe\",{\"channel\":\"%s\"}]", channel);
    c->state = CLIENT_SUBSCRIBING;
    send_text(c, env, text);
}

// ---- what arrives --------------------------------------------------------------------------------------------------

static bool begins(const struct ws_in *in, const char *with)
{
    size_t n = strlen(with);
    return in->n >= n && memcmp(in->text, with, n) == 0;
}

static void on_event(struct client *c, struct client_env *env, const struct ws_in *in, uint64_t now)
{
    uint64_t n;
    switch (event_read(in->text, in->n, env->options->bytes, &n)) {
    case EVENT_FINE: check_got(env->check, c->number, n, now); return;
    case EVENT_NONE:
    case EVENT_WRONG: env->check->corrupt++; return;
    }
}

static void on_conflated(struct client_env *env, const struct ws_in *in)
{
    const char *count = memmem(in->text, in->n, "\"count\":", 8);
    if (count) check_conflated(env->check, strtoull(count + 8, NULL, 10));
}

// Engine.IO's packets are told by their first character, Socket.IO's by the second.
static void on_text(struct client *c, struct client_env *env, const struct ws_in *in, uint64_t now)
{
    if (env->options->protocol == PLAIN) {
        on_event(c, env, in, now);
    } else if (begins(in, "42[\"")) {
        struct ws_in rest = {.text = in->text + 4, .n = in->n - 4};
        if (begins(&rest, env->options->event))
            on_event(c, env, in, now);
        else if (begins(&rest, "conflated\""))
            on_conflated(env, in);
    } else if (begins(in, "2")) {
        send_text(c, env, "3");
    } else if (begins(in, "0") && c->state == CLIENT_OPENING) {
        send_text(c, env, "40");
    } else if (begins(in, "40") && c->state == CLIENT_OPENING) {
        subscribe(c, env);
    } else if (begins(in, "430[") && c->state == CLIENT_SUBSCRIBING) {
        if (memmem(in->text, in->n, "\"message\"", 9))
            fail(c, env, "a subscription was refused");
        else
            c->state = CLIENT_READY;
    }
}

static void send_pong(struct client *c, struct client_env *env, const struct ws_in *in)
{
    char frame[160];
    send_all(c, env, frame, ws_write_pong(frame, in->text, in->n));
}

// Bytes used; the rest is the beginning of something.
static size_t take(struct client *c, struct client_env *env, const char *p, size_t n)
{
    size_t at = 0;
    if (c->state == CLIENT_UPGRADING) {
        long head = ws_read_upgrade(p, n, &c->deflate);
        if (head == 0) return 0;
        if (head < 0 || c->deflate != env->options->deflate) {
            fail(c, env, "the upgrade was refused, or its compression");
            return n;
        }
        at = (size_t)head;
        c->state = env->options->protocol == PLAIN ? CLIENT_READY : CLIENT_OPENING;
    }
    uint64_t now = now_ns();
    while (at < n && c->state != CLIENT_FAILED) {
        struct ws_in in;
        switch (ws_read(p + at, n - at, &in)) {
        case WS_PART: return at;
        case WS_TEXT: on_text(c, env, &in, now); break;
        case WS_PING: send_pong(c, env, &in); break;
        case WS_PONG: break;
        case WS_CLOSED: fail(c, env, "the server closed a client"); break;
        case WS_BROKEN: fail(c, env, "a client got a frame that is none"); break;
        }
        at += in.used;
    }
    return at;
}

static void keep_part(struct client *c, const char *p, size_t n)
{
    free(c->part);
    c->part = NULL;
    c->part_n = (uint32_t)n;
    if (!n) return;
    c->part = malloc(n);
    if (!c->part) abort();
    memcpy(c->part, p, n);
}

void client_event(struct client *c, struct client_env *env, bool writable)
{
    if (c->state == CLIENT_CONNECTING) {
        if (writable) on_connected(c, env);
        return;
    }
    size_t have = c->part_n;
    if (have) memcpy(env->buf, c->part, have);
    ssize_t got = recv(c->fd, env->buf + have, CLIENT_READ_BYTES - have, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        fail(c, env, got == 0 ? "the server closed a client's connection" : strerror(errno));
        return;
    }
    env->wire_bytes += (uint64_t)got;
    size_t n = have + (size_t)got, used = take(c, env, env->buf, n);
    if (have || used < n) keep_part(c, env->buf + used, n - used);
}

void client_close(struct client *c)
{
    if (c->fd >= 0) close(c->fd);
    free(c->part);
    c->part = NULL;
    c->fd = -1;
}
