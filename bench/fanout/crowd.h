// All clients of a run, and the epoll descriptor they share with the publisher.
#ifndef FANOUT_CROWD_H
#define FANOUT_CROWD_H

#include "client.h"

#define PUBLISHER_TAG (1ULL << 32) // what epoll gives back: a client's number, or this and a publishing connection's

struct crowd {
    int epoll;
    struct client *clients;
    uint32_t n, ready;
    struct client_env env;
};

void crowd_init(struct crowd *w, const struct options *o, struct check *check);
// Connects and subscribes all, `connecting` at once. False: one failed, or the time was over (env.why).
bool crowd_open(struct crowd *w, uint64_t until_ns);
// One event of epoll's that carries a client's number. False: that client failed.
bool crowd_event(struct crowd *w, uint32_t client, uint32_t events);
void crowd_release(struct crowd *w);

#endif
