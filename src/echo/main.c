// protocol-echo: a second program on src/realtime, for trying its protocols from outside. /engine.io/ speaks Engine.IO
// 4, /socket.io/ Socket.IO 5; echo.h says what they answer.
//
//     protocol-echo [--port N] [--ping-interval MS] [--ping-timeout MS] [--upgrade-timeout MS]
//                   [--connect-timeout MS] [--origin ORIGIN,ORIGIN…]
//
// Prints the address it listens on, and serves until SIGTERM or SIGINT.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo/echo.h"
#include "http/http_server.h"
#include "http/origin.h"
#include "http/router.h"
#include "hub/hub.h"
#include "net/loop.h"
#include "realtime/sio_server.h"

struct options {
    int64_t port, ping_interval_ms, ping_timeout_ms, upgrade_timeout_ms, connect_timeout_ms;
    const char *origins;
};

struct echo {
    struct loop *loop;
    struct hub *hub;
    struct eio_server *engineio;
    struct sio_server *socketio;
    struct router *router;
    struct origin_policy *policy;
    struct http_server *http;
};

static bool read_number(const char *text, int64_t hi, int64_t *out)
{
    unsigned long long v;
    if (!slice_u64(slice_str(text), &v) || v > (unsigned long long)hi) return false;
    *out = (int64_t)v;
    return true;
}

static int read_options(int argc, char **argv, struct options *o)
{
    const struct {
        const char *name;
        int64_t *number, hi;
    } numbers[] = {
        {"--port", &o->port, 65535},
        {"--ping-interval", &o->ping_interval_ms, 3600000},
        {"--ping-timeout", &o->ping_timeout_ms, 3600000},
        {"--upgrade-timeout", &o->upgrade_timeout_ms, 3600000},
        {"--connect-timeout", &o->connect_timeout_ms, 3600000},
    };
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool fine = false;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers && !fine; k++)
            fine = strcmp(argv[i], numbers[k].name) == 0 && read_number(value, numbers[k].hi, numbers[k].number);
        if (strcmp(argv[i], "--origin") == 0 && *value) {
            o->origins = value;
            fine = true;
        }
        if (fine) continue;
        fprintf(stderr,
                "protocol-echo: %s %s: usage is protocol-echo [--port N] [--ping-interval MS] [--ping-timeout MS] "
                "[--upgrade-timeout MS] [--connect-timeout MS] [--origin ORIGIN,ORIGIN]\n",
                argv[i], value);
        return 2;
    }
    return 0;
}

static void make(struct echo *e, const struct options *o)
{
    struct sio_server_config config = SIO_SERVER_CONFIG_DEFAULT;
    config.eio.ping_interval_ms = o->ping_interval_ms;
    config.eio.ping_timeout_ms = o->ping_timeout_ms;
    config.eio.upgrade_timeout_ms = o->upgrade_timeout_ms;
    config.connect_timeout_ms = o->connect_timeout_ms;
    e->hub = hub_new(HUB_OUTBOX_BYTES);
    e->engineio = eio_server_new(e->loop, e->hub, &config.eio, &engineio_echo, NULL);
    e->socketio = sio_server_new(e->loop, e->hub, &config, &socketio_echo, e->loop);
    e->router = router_new();
    eio_server_routes(e->router, "/engine.io", e->engineio);
    eio_server_routes(e->router, "/socket.io", sio_server_eio(e->socketio));
    e->http = http_server_new(e->loop, e->router, e->policy, HTTP_SERVER_LIMITS_DEFAULT);
}

static void stopped(void *loop)
{
    loop_stop(loop);
}

static void on_signal(void *ctx, int signum)
{
    (void)signum;
    struct echo *e = ctx;
    eio_server_stop(e->engineio);
    eio_server_stop(sio_server_eio(e->socketio));
    http_server_stop(e->http, 2000, stopped, e->loop);
}

static int serve(struct echo *e, const struct options *o, struct err *err)
{
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", (int)o->port);
    int rc = http_server_listen(e->http, address, err);
    if (rc == 0) rc = loop_on_signal(e->loop, SIGTERM, on_signal, e, err);
    if (rc == 0) rc = loop_on_signal(e->loop, SIGINT, on_signal, e, err);
    if (rc < 0) return rc;
    printf("http://127.0.0.1:%u\n", http_server_port(e->http));
    fflush(stdout);
    loop_run(e->loop);
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.ping_interval_ms = 25000,
                        .ping_timeout_ms = 20000,
                        .upgrade_timeout_ms = 10000,
                        .connect_timeout_ms = 45000,
                        .origins = ""};
    if (read_options(argc, argv, &o)) return 2;
    struct echo e = {0};
    struct err err;
    err_clear(&err);
    int rc = loop_new(&e.loop, &err);
    if (rc == 0) {
        e.policy = origin_policy_new(slice_str(o.origins), "--origin", &err);
        rc = err.code;
    }
    if (rc == 0) {
        make(&e, &o);
        rc = serve(&e, &o, &err);
    }
    if (rc < 0) fprintf(stderr, "protocol-echo: %s\n", err.message);
    eio_server_free(e.engineio);
    sio_server_free(e.socketio);
    if (e.loop) loop_free(e.loop);
    http_server_free(e.http);
    router_free(e.router);
    origin_policy_free(e.policy);
    hub_free(e.hub);
    return rc < 0;
}
