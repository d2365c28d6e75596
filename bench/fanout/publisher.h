// Posts messages over a few HTTP connections that stay open. Requests are pipelined, so that the messages of one
// connection keep their order.
#ifndef FANOUT_PUBLISHER_H
#define FANOUT_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

#define PUBLISHER_MAX 64

struct publishing {
    int fd;
    char *out; // [out_sent, out_n) has yet to be written
    size_t out_n, out_sent, out_cap;
    char in[16384];
    size_t in_n;
    uint32_t outstanding; // requests without an answer
    bool waits;           // for the kernel to take more
};

struct publisher {
    const struct options *options;
    int epoll;
    struct publishing conns[PUBLISHER_MAX];
    uint32_t n;
    uint64_t requests;
    int status;      // of the first answer that wasn't a success; 0: none
    const char *why; // it broke
};

// Connects. False: it can't.
bool publisher_init(struct publisher *p, const struct options *o, int epoll);
void publisher_release(struct publisher *p);
// A request with the messages first, first + step, …: `count` of them. Written by publisher_flush.
void publisher_post(struct publisher *p, uint32_t conn, uint32_t first, uint32_t step, uint32_t count);
bool publisher_flush(struct publisher *p, uint32_t conn);
// epoll says that the connection can be read or written. False: it broke, or an answer was a refusal.
bool publisher_event(struct publisher *p, uint32_t conn);

#endif
