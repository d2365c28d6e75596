#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

static void refuse(const char *name, const char *why)
{
    fprintf(stderr, "fanout: %s %s\n", name, why);
    exit(2);
}

static double number(const char *name, const char *text, double lo, double hi)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= lo && v <= hi)) refuse(name, "is no number in its range");
    return v;
}

static bool read_one(struct options *o, const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t at;
        double lo, hi;
    } counts[] = {
#define COUNT(field, lo, hi) {"--" #field, offsetof(struct options, field), lo, hi}
        COUNT(clients, 1, 100000),   COUNT(channels, 1, 100000),
        COUNT(connections, 1, 64),   COUNT(connecting, 1, 2000),
        COUNT(stuck, 0, 100),        COUNT(warmup, 0, 1000000),
        COUNT(messages, 0, 1000000), COUNT(bytes, EVENT_MIN, EVENT_MAX),
        COUNT(batch, 1, 10000),
#undef COUNT
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (strcmp(name, counts[i].name) != 0) continue;
        *(uint32_t *)(void *)((char *)o + counts[i].at) = (uint32_t)number(name, value, counts[i].lo, counts[i].hi);
        return true;
    }
    if (strcmp(name, "--port") == 0) {
        o->port = (uint16_t)number(name, value, 1, 65535);
    } else if (strcmp(name, "--pid") == 0) {
        o->pid = (pid_t)number(name, value, 1, 1e9);
    } else if (strcmp(name, "--protocol") == 0) {
        o->protocol = strcmp(value, "plain") == 0 ? PLAIN : SOCKETIO;
    } else if (strcmp(name, "--path") == 0) {
        o->post_path = value;
    } else if (strcmp(name, "--batch-path") == 0) {
        o->batch_path = value;
    } else if (strcmp(name, "--event") == 0) {
        o->event = value;
    } else if (strcmp(name, "--deflate") == 0) {
        o->deflate = number(name, value, 0, 1) != 0;
    } else if (strcmp(name, "--rate") == 0 || strcmp(name, "--window") == 0) {
        o->pace = name[2] == 'r' ? PACE_RATE : PACE_WINDOW;
        o->pace_value = number(name, value, 0.01, 100000);
    } else if (strcmp(name, "--http") == 0) { // requests outstanding a connection
        o->pace = PACE_HTTP;
        o->pace_value = number(name, value, 1, 1);
    } else if (strcmp(name, "--idle") == 0) {
        o->idle_s = number(name, value, 0, 60);
    } else if (strcmp(name, "--limit") == 0) {
        o->limit_s = number(name, value, 1, 600);
    } else {
        return false;
    }
    return true;
}

void options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){
        .post_path = "/api/internal/ws/emit",
        .batch_path = "/api/internal/ws/emit/batch",
        .clients = 100,
        .channels = 1,
        .connections = 1,
        .connecting = 128,
        .warmup = 10,
        .messages = 100,
        .bytes = EVENT_MIN,
        .batch = 1,
        .pace = PACE_RATE,
        .pace_value = 10,
        .idle_s = 1,
        .limit_s = 120,
        .event = EVENT_NAME,
    };
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !read_one(o, argv[i], argv[i + 1]))
            refuse(argv[i], "is unknown or without a value; see options.c");
    }
    if (!o->port || !o->pid) refuse("--port and --pid", "must be given");
    // Then messages that go to one channel also go by one connection, and keep their order.
    if (o->channels % o->connections) refuse("--channels", "must be a multiple of --connections");
    if (o->clients < o->channels) refuse("--clients", "must be at least --channels");
    if (o->stuck && (o->stuck >= o->clients || o->channels > 1))
        refuse("--stuck", "needs one channel and more clients");
}
