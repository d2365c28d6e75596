// The floor: holds WebSocket clients, frames each message once, and makes one send() a client and message. Nothing else
// a server should do: it has no queue (a client that doesn't take a frame at once is closed), no pings, no limits.
//
// GET /?channel=NAME upgrades and subscribes. POST, whatever the path: each line of the body is a message, and goes to
// the channel that its first member names. Prints "listening on PORT".
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUCKETS = 4096, NAME = 64, READ = 1 << 20, EVENTS = 512 };

struct channel {
    struct channel *next;
    char name[NAME];
    struct conn **members;
    size_t n, cap;
};

struct conn {
    int fd;
    bool closed; // freed when all events at hand have been looked at
    struct conn *next_closed;
    struct channel *channel; // NULL: an HTTP client
    size_t place;
    char *in; // of an HTTP client: what isn't handled yet
    size_t in_n;
};

static struct channel *channels[BUCKETS];
static struct conn *closed;
static int epoll_fd;
static char frame[READ + 16];

static void check(bool ok, const char *what)
{
    if (ok) return;
    perror(what);
    exit(1);
}

static struct channel *channel_named(const char *name, size_t n)
{
    size_t h = 5381;
    for (size_t i = 0; i < n; i++) h = h * 33 ^ (unsigned char)name[i];
    struct channel **at = &channels[h % BUCKETS];
    for (; *at; at = &(*at)->next) {
        if (strncmp((*at)->name, name, n) == 0 && (*at)->name[n] == 0) return *at;
    }
    *at = calloc(1, sizeof **at);
    check(*at, "calloc");
    memcpy((*at)->name, name, n);
    return *at;
}

static void conn_close(struct conn *c)
{
    struct channel *ch = c->channel;
    if (ch) {
        ch->members[c->place] = ch->members[--ch->n];
        ch->members[c->place]->place = c->place;
    }
    close(c->fd);
    c->closed = true;
    c->next_closed = closed;
    closed = c;
}

static void free_closed(void)
{
    while (closed) {
        struct conn *c = closed;
        closed = c->next_closed;
        free(c->in);
        free(c);
    }
}

static void publish(const char *body, size_t n)
{
    static const char member[] = "{\"channel\":\"";
    if (n < sizeof member || memcmp(body, member, sizeof member - 1) != 0) return;
    const char *name = body + sizeof member - 1, *end = memchr(name, '"', n - (sizeof member - 1));
    if (!end || end - name >= NAME) return;
    struct channel *ch = channel_named(name, (size_t)(end - name));
    size_t head = n < 126 ? 2 : n < 65536 ? 4 : 10;
    frame[0] = (char)0x81;
    frame[1] = (char)(head == 2 ? n : head == 4 ? 126 : 127);
    for (size_t i = 2; i < head; i++) frame[i] = (char)((unsigned long long)n >> 8 * (head - 1 - i));
    memcpy(frame + head, body, n);
    for (size_t i = ch->n; i-- > 0;) {
        struct conn *c = ch->members[i];
        if (send(c->fd, frame, head + n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)(head + n)) conn_close(c);
    }
}

static void upgrade(struct conn *c, const char *request)
{
    char key[128] = "", name[NAME] = "", text[160], accept[64], answer[256];
    unsigned char sha[SHA_DIGEST_LENGTH];
    const char *given = strcasestr(request, "\r\nsec-websocket-key:");
    const char *query = strstr(request, "?channel=");
    check(given && query, "a GET that is no upgrade");
    sscanf(given + 20, " %60[^\r\n ]", key);
    sscanf(query + 9, "%63[^ &\r\n]", name);
    int n = snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    SHA1((unsigned char *)text, (size_t)n, sha);
    EVP_EncodeBlock((unsigned char *)accept, sha, sizeof sha);
    n = snprintf(answer, sizeof answer,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %s\r\n\r\n",
                 accept);
    check(send(c->fd, answer, (size_t)n, MSG_NOSIGNAL) == n, "send");
    struct channel *ch = channel_named(name, strlen(name));
    if (ch->n == ch->cap) {
        ch->cap = ch->cap ? ch->cap * 2 : 4;
        ch->members = realloc(ch->members, ch->cap * sizeof *ch->members);
        check(ch->members, "realloc");
    }
    c->channel = ch;
    c->place = ch->n;
    ch->members[ch->n++] = c;
    free(c->in);
    c->in = NULL;
    c->in_n = 0;
}

// Bytes of the first request, 0 if it isn't all there.
static size_t handle(struct conn *c, char *p, size_t n)
{
    static const char created[] = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    char *end = memmem(p, n, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - p) + 4;
    end[2] = 0;
    if (memcmp(p, "GET", 3) == 0) {
        upgrade(c, p);
        return n;
    }
    const char *length = strcasestr(p, "\r\ncontent-length:");
    size_t body = length ? strtoull(length + 17, NULL, 10) : 0;
    end[2] = '\r';
    if (n - head < body) return 0;
    for (char *line = p + head, *stop = line + body; line < stop;) {
        char *next = memchr(line, '\n', (size_t)(stop - line));
        if (!next) next = stop;
        publish(line, (size_t)(next - line));
        line = next + 1;
    }
    check(send(c->fd, created, sizeof created - 1, MSG_NOSIGNAL) > 0, "send");
    return head + body;
}

static void on_readable(struct conn *c)
{
    static char buf[2 * READ];
    if (c->closed) return;
    if (c->in_n) memcpy(buf, c->in, c->in_n);
    ssize_t got = recv(c->fd, buf + c->in_n, READ, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        conn_close(c);
        return;
    }
    if (c->channel) return; // what clients say is of no interest
    size_t n = c->in_n + (size_t)got, at = 0, used;
    while (at < n && !c->channel && (used = handle(c, buf + at, n - at)) > 0) at += used;
    free(c->in);
    c->in = NULL;
    c->in_n = n - at;
    if (!c->in_n || c->in_n > READ) return;
    c->in = malloc(c->in_n);
    check(c->in, "malloc");
    memcpy(c->in, buf + at, c->in_n);
}

static void accept_all(int listener)
{
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        struct conn *c = calloc(1, sizeof *c);
        check(c, "calloc");
        c->fd = fd;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0, "epoll_ctl");
    }
}

int main(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
        l.rlim_cur = l.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &l);
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof at;
    check(bind(listener, (struct sockaddr *)&at, n) == 0 && listen(listener, 4096) == 0, "listen");
    check(getsockname(listener, (struct sockaddr *)&at, &n) == 0, "getsockname");
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &ev) == 0, "epoll_ctl");
    printf("listening on %d\n", ntohs(at.sin_port));
    fflush(stdout);
    while (true) {
        int ready = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                on_readable(events[i].data.ptr);
            else
                accept_all(listener);
        }
        free_closed();
    }
}
