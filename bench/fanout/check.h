// Has every client got every message of its channel, once, in order, unchanged? And when?
//
// Message n goes to channel n modulo the number of channels, client i listens on channel i modulo that number.
#ifndef FANOUT_CHECK_H
#define FANOUT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "latency.h"

struct check {
    uint32_t channels, clients, messages;
    uint32_t *expected;     // by client: the message that comes next
    uint32_t *receivers;    // by channel: clients that read
    uint32_t *missing;      // by message: receivers that have not got it
    uint64_t *sent_ns;      // by message; 0: not yet sent
    uint32_t sent, arrived; // messages: sent, and arrived everywhere
    uint64_t deliveries, corrupt, duplicated, skipped, conflated;
    struct latency latency;
};

void check_init(struct check *c, uint32_t clients, uint32_t channels, uint32_t messages);
void check_release(struct check *c);
void check_receiver(struct check *c, uint32_t client); // it reads; before the first message
void check_sent(struct check *c, uint32_t n, uint64_t now_ns);
// Client `client` got message n.
void check_got(struct check *c, uint32_t client, uint64_t n, uint64_t now_ns);
// The server told it that `count` states were merged: that many gaps are explained.
void check_conflated(struct check *c, uint64_t count);
// Messages that no client got although it should have, and no notice explains.
uint64_t check_lost(const struct check *c);
bool check_fine(const struct check *c);

#endif
