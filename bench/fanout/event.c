#include "event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST  "\"training_id\":\"trn_"
#define NUMBER "\",\"n\":"
#define LAST   ",\"sum\":\""
#define TAIL   (sizeof LAST - 1 + 8 + 2) // the checksum's member and what closes the object
#define LAYER  160                       // bytes a layer's entry has at most

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static uint32_t checksum(const char *p, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = mix(h ^ v) * 31;
    }
    for (; n; p++, n--) h = mix(h ^ (unsigned char)*p);
    return (uint32_t)(h ^ h >> 32);
}

// 100 to 1,000 in odd 64ths: six decimals are exact, in every language's way of writing a number.
static double fraction(uint64_t *state)
{
    *state = mix(*state + 0x9e3779b97f4a7c15u);
    return (double)(100 + *state % 900) + (double)(*state >> 20 & 31) / 32 + 1.0 / 64;
}

void event_channel(uint32_t channel, char out[CHANNEL_SIZE])
{
    snprintf(out, CHANNEL_SIZE, "trainings/trn_%06u/progress", channel);
}

size_t event_write(char out[EVENT_MAX], uint64_t n, size_t bytes)
{
    uint64_t r = n + 1;
    double v[4];
    for (int i = 0; i < 4; i++) v[i] = fraction(&r);
    size_t at =
        (size_t)snprintf(out, EVENT_MAX,
                         "{" FIRST "%06u" NUMBER "%llu,\"current_step\":%llu,\"total_steps\":200000,\"loss\":%.6f,"
                         "\"l0_sparsity\":%.6f,\"explained_variance\":%.6f,\"grad_norm\":%.6f,"
                         "\"dead_neurons\":%u,\"eta_seconds\":%u",
                         (unsigned)(n % 1000), (unsigned long long)n, (unsigned long long)n * 10, v[0], v[1], v[2],
                         v[3], (unsigned)(r % 500), (unsigned)(r % 7200));
    if (at + LAYER + TAIL + 16 < bytes) {
        at += (size_t)snprintf(out + at, EVENT_MAX - at, ",\"layers\":[");
        for (unsigned layer = 0; layer == 0 || at + LAYER + TAIL + 16 < bytes; layer++) {
            for (int i = 0; i < 3; i++) v[i] = fraction(&r);
            at += (size_t)snprintf(out + at, EVENT_MAX - at,
                                   "%s{\"layer_idx\":%u,\"loss\":%.6f,\"l0_sparsity\":%.6f,\"dead_neurons\":%u,"
                                   "\"explained_variance\":%.6f}",
                                   layer ? "," : "", layer, v[0], v[1], (unsigned)(r % 500), v[2]);
        }
        out[at++] = ']';
    }
    // The rest is a message of the length that is missing.
    at += (size_t)snprintf(out + at, EVENT_MAX - at, ",\"note\":\"");
    static const char words[] = "training step done, activations read from the store, next shard opened; ";
    for (size_t i = 0; at + TAIL + 1 < bytes; i++) out[at++] = words[i % (sizeof words - 1)];
    out[at++] = '"';
    uint32_t sum = checksum(out, at);
    at += (size_t)snprintf(out + at, EVENT_MAX - at, LAST "%08x\"}", sum);
    return at;
}

size_t event_write_body(char out[EVENT_BODY_MAX], const char *name, uint32_t channel, uint64_t n, size_t bytes)
{
    char where[CHANNEL_SIZE];
    event_channel(channel, where);
    int head = snprintf(out, EVENT_BODY_MAX, "{\"channel\":\"%s\",\"event\":\"%s\",\"data\":", where, name);
    size_t at = (size_t)head + event_write(out + head, n, bytes);
    out[at++] = '}';
    return at;
}

// Ours puts members of its own before the first one, so the checksum covers what stands from "training_id" on, with the
// brace in front of it put back.
enum event_read event_read(const char *text, size_t len, size_t bytes, uint64_t *n)
{
    const char *first = memmem(text, len, FIRST, sizeof FIRST - 1);
    if (!first) return EVENT_NONE;
    size_t left = (size_t)(text + len - first);
    if (left < bytes - 1) return EVENT_WRONG;
    const char *last = first + bytes - 1 - TAIL;
    if (memcmp(last, LAST, sizeof LAST - 1) != 0) return EVENT_WRONG;
    const char *number = memmem(first, 64, NUMBER, sizeof NUMBER - 1);
    if (!number) return EVENT_WRONG;
    *n = strtoull(number + sizeof NUMBER - 1, NULL, 10);

    static _Thread_local char whole[EVENT_MAX];
    whole[0] = '{';
    memcpy(whole + 1, first, (size_t)(last - first));
    char sum[9];
    snprintf(sum, sizeof sum, "%08x", checksum(whole, (size_t)(last - first) + 1));
    return memcmp(last + sizeof LAST - 1, sum, 8) == 0 ? EVENT_FINE : EVENT_WRONG;
}
