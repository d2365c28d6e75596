#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) {
        fprintf(stderr, "fanout: out of memory\n");
        exit(1);
    }
    return p;
}

void check_init(struct check *c, uint32_t clients, uint32_t channels, uint32_t messages)
{
    *c = (struct check){.clients = clients, .channels = channels, .messages = messages};
    c->expected = zeroed(clients, sizeof *c->expected);
    c->receivers = zeroed(channels, sizeof *c->receivers);
    c->missing = zeroed(messages, sizeof *c->missing);
    c->sent_ns = zeroed(messages, sizeof *c->sent_ns);
    for (uint32_t i = 0; i < clients; i++) c->expected[i] = i % channels;
}

void check_release(struct check *c)
{
    free(c->expected);
    free(c->receivers);
    free(c->missing);
    free(c->sent_ns);
}

void check_receiver(struct check *c, uint32_t client)
{
    c->receivers[client % c->channels]++;
}

void check_sent(struct check *c, uint32_t n, uint64_t now_ns)
{
    c->sent++;
    c->sent_ns[n] = now_ns;
    c->missing[n] = c->receivers[n % c->channels];
}

static void settle(struct check *c, uint32_t n)
{
    if (--c->missing[n] == 0) c->arrived++;
}

void check_got(struct check *c, uint32_t client, uint64_t n, uint64_t now_ns)
{
    if (n >= c->messages || n % c->channels != client % c->channels || !c->sent_ns[n]) {
        c->corrupt++; // of another channel, or of nobody
        return;
    }
    if (n < c->expected[client]) {
        c->duplicated++; // or out of order: then it was skipped before
        return;
    }
    // Nothing waits for what was skipped: whether a notice explains it is seen at the end.
    for (; c->expected[client] < n; c->expected[client] += c->channels) {
        c->skipped++;
        settle(c, c->expected[client]);
    }
    c->expected[client] += c->channels;
    c->deliveries++;
    latency_add(&c->latency, now_ns - c->sent_ns[n]);
    settle(c, (uint32_t)n);
}

void check_conflated(struct check *c, uint64_t count)
{
    c->conflated += count;
}

uint64_t check_lost(const struct check *c)
{
    uint64_t lost = c->skipped;
    for (uint32_t n = 0; n < c->messages; n++) lost += c->missing[n];
    return lost > c->conflated ? lost - c->conflated : 0;
}

bool check_fine(const struct check *c)
{
    return check_lost(c) == 0 && c->corrupt == 0 && c->duplicated == 0;
}
