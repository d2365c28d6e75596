#include "net/listener.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/conn_internal.h"
#include "net/loop_internal.h"

#define BACKLOG 4096 // the kernel cuts it to net.core.somaxconn

struct listener {
    uv_tcp_t tcp;
    struct loop *loop;
    struct list node;
    listener_accept_fn accept;
    void *ctx;
    uint16_t port;
    bool closing;
    char *address;
};

static int bad_address(struct slice text, struct err *e)
{
    return err_set(e, HW_EVALIDATION,
                   "\"%.*s\" is no address to listen on; accepted are host:port with a port from 0 to 65535, such as "
                   "127.0.0.1:8080, [::1]:8080 or 0.0.0.0:80",
                   (int)(text.n < 200 ? text.n : 200), text.p);
}

int listener_parse(struct slice text, char host[256], uint16_t *port, struct err *e)
{
    struct slice name, number;
    if (text.n && text.p[0] == '[') {
        const char *end = memchr(text.p, ']', text.n);
        if (!end || end + 1 >= text.p + text.n || end[1] != ':') return bad_address(text, e);
        name = slice_of(text.p + 1, (size_t)(end - text.p - 1));
        number = slice_of(end + 2, (size_t)(text.p + text.n - end - 2));
    } else {
        struct slice rest = text;
        name = slice_cut(&rest, ':');
        number = rest;
        if (name.n == text.n || (rest.n && memchr(rest.p, ':', rest.n))) return bad_address(text, e);
        if (name.n == 0) name = SLICE_LIT("0.0.0.0");
    }
    unsigned long long v;
    if (!slice_u64(number, &v) || v > 65535 || name.n == 0 || name.n > 255 || memchr(name.p, 0, name.n))
        return bad_address(text, e);
    memcpy(host, name.p, name.n);
    host[name.n] = 0;
    *port = (uint16_t)v;
    return 0;
}

// With every descriptor in use libuv gives up one that it keeps for this, accepts and closes what waits, and takes it
// back: the peer sees a clean end, and the loop doesn't spin. `status` says so; there is nothing more to do.
static void on_connection(uv_stream_t *server, int status)
{
    struct listener *ls = server->data;
    if (status < 0 || ls->closing) return;
    struct conn *c = conn_accept(ls->loop, server);
    if (c) ls->accept(ls->ctx, c);
}

static void on_listener_closed(uv_handle_t *h)
{
    struct listener *ls = h->data;
    free(ls->address);
    free(ls);
}

void listener_close(struct listener *ls)
{
    if (!ls || ls->closing) return;
    ls->closing = true;
    list_remove(&ls->node);
    uv_close((uv_handle_t *)&ls->tcp, on_listener_closed);
}

void listener_close_node(struct list *node)
{
    listener_close(LIST_ITEM(node, struct listener, node));
}

static int resolve(struct loop *l, const char *host, const char *address, struct sockaddr_storage *out, struct err *e)
{
    if (uv_ip4_addr(host, 0, (struct sockaddr_in *)out) == 0) return 0;
    if (uv_ip6_addr(host, 0, (struct sockaddr_in6 *)out) == 0) return 0;
    uv_getaddrinfo_t req;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int rc = uv_getaddrinfo(&l->uv, &req, NULL, host, NULL, &hints); // without a callback it waits
    if (rc < 0)
        return err_set(e, HW_EVALIDATION, "%s: the name \"%s\" has no address: %s", address, host, uv_strerror(rc));
    memcpy(out, req.addrinfo->ai_addr, req.addrinfo->ai_addrlen);
    uv_freeaddrinfo(req.addrinfo);
    return 0;
}

static void set_port(struct sockaddr_storage *sa, uint16_t port)
{
    if (sa->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)sa)->sin_port = htons(port);
}

static int bind_error(const char *address, int rc, struct err *e)
{
    if (rc == UV_EADDRINUSE)
        return err_set(e, HW_ECONFLICT,
                       "%s is taken by another program; choose another address with --listen, such as --listen "
                       "127.0.0.1:9000",
                       address);
    if (rc == UV_EACCES)
        return err_set(e, HW_EIO, "%s: this user may not listen on it (ports below 1024 are the administrator's)",
                       address);
    return err_set(e, HW_EIO, "can't listen on %s: %s", address, uv_strerror(rc));
}

int listener_open(struct listener **out, struct loop *l, const char *address, listener_accept_fn accept, void *ctx,
                  struct err *e)
{
    *out = NULL;
    char host[256];
    uint16_t port = 0;
    int rc = listener_parse(slice_str(address), host, &port, e);
    if (rc < 0) return rc;
    struct sockaddr_storage sa = {0};
    rc = resolve(l, host, address, &sa, e);
    if (rc < 0) return rc;
    set_port(&sa, port);

    struct listener *ls = mem_zalloc(sizeof *ls);
    ls->loop = l;
    ls->accept = accept;
    ls->ctx = ctx;
    list_init(&ls->node);
    rc = uv_tcp_init(&l->uv, &ls->tcp);
    if (rc < 0) {
        free(ls);
        return err_set(e, HW_EIO, "can't make a socket: %s", uv_strerror(rc));
    }
    ls->tcp.data = ls;
    list_push_back(&l->listeners, &ls->node);
    rc = uv_tcp_bind(&ls->tcp, (struct sockaddr *)&sa, 0); // sets SO_REUSEADDR
    if (rc == 0) rc = uv_listen((uv_stream_t *)&ls->tcp, BACKLOG, on_connection);
    int n = sizeof sa;
    if (rc == 0) rc = uv_tcp_getsockname(&ls->tcp, (struct sockaddr *)&sa, &n);
    if (rc < 0) {
        listener_close(ls);
        return bind_error(address, rc, e);
    }
    ls->port = ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
                                              : ((struct sockaddr_in *)&sa)->sin_port);
    ls->address = mem_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, ls->port);
    *out = ls;
    return 0;
}

uint16_t listener_port(const struct listener *ls)
{
    return ls->port;
}

const char *listener_address(const struct listener *ls)
{
    return ls->address;
}
