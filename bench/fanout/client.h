// One real-time client: connects, upgrades, opens its Socket.IO session, subscribes, then hands on what arrives.
#ifndef FANOUT_CLIENT_H
#define FANOUT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "options.h"

enum client_state {
    CLIENT_CONNECTING,
    CLIENT_UPGRADING,
    CLIENT_OPENING, // Socket.IO's handshake
    CLIENT_SUBSCRIBING,
    CLIENT_READY,
    CLIENT_FAILED,
};

struct client {
    int fd;
    uint32_t number;
    enum client_state state;
    bool deflate;
    char *part; // the beginning of a frame whose rest hasn't come
    uint32_t part_n;
};

// What all clients share.
struct client_env {
    const struct options *options;
    struct check *check;
    uint64_t wire_bytes;
    const char *why; // of the last failure
    char *buf;       // CLIENT_READ_BYTES
};

#define CLIENT_READ_BYTES (512 * 1024)

// Begins to connect; the descriptor is the caller's to watch. False: it can't (env->why says it).
bool client_open(struct client *c, uint32_t number, struct client_env *env);
// It can be written (while connecting) or read.
void client_event(struct client *c, struct client_env *env, bool writable);
void client_close(struct client *c);

#endif
