#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"

// Eight bytes at a time, multiply and fold (the mixing step of wyhash-like functions), seeded per map.
static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t r = (__uint128_t)a * b;
    return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static uint64_t hash_of(const struct map *m, struct slice key)
{
    uint64_t h = m->seed ^ key.n;
    const char *p = key.p;
    size_t n = key.n;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        h = mix(h ^ w, 0x9E3779B97F4A7C15ULL);
    }
    uint64_t tail = 0;
    if (n) memcpy(&tail, p, n);
    return mix(h ^ tail, 0xD6E8FEB86659FD93ULL ^ m->seed);
}

void map_init(struct map *m)
{
    *m = (struct map){0};
    id_random_bytes(&m->seed, sizeof m->seed);
}

void map_release(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++) free(m->entries[i].key);
    free(m->entries);
    m->entries = NULL;
    m->cap = m->count = m->used = 0;
}

static struct map_entry *find(const struct map *m, struct slice key, uint64_t h)
{
    if (m->cap == 0) return NULL;
    for (size_t i = h & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_entry *e = &m->entries[i];
        if (!e->key) return NULL;
        if (!e->dead && e->hash == h && slice_eq(slice_of(e->key, e->key_len), key)) return e;
    }
}

static void grow(struct map *m)
{
    size_t cap = m->cap ? m->cap : 8;
    while (m->count * 4 >= cap * 2) cap *= 2; // at most half full after growing
    struct map_entry *old = m->entries;
    size_t old_cap = m->cap;
    m->entries = mem_array(cap, sizeof *m->entries);
    m->cap = cap;
    m->used = m->count;
    for (size_t i = 0; i < old_cap; i++) {
        if (!old[i].key) continue;
        if (old[i].dead) {
            free(old[i].key);
            continue;
        }
        size_t at = old[i].hash & (cap - 1);
        while (m->entries[at].key) at = (at + 1) & (cap - 1);
        m->entries[at] = old[i];
    }
    free(old);
}

void *map_get(const struct map *m, struct slice key)
{
    struct map_entry *e = find(m, key, hash_of(m, key));
    return e ? e->value : NULL;
}

void *map_put(struct map *m, struct slice key, void *value)
{
    uint64_t h = hash_of(m, key);
    struct map_entry *e = find(m, key, h);
    if (e) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if ((m->used + 1) * 4 > m->cap * 3) grow(m);
    size_t at = h & (m->cap - 1);
    while (m->entries[at].key) at = (at + 1) & (m->cap - 1);
    m->entries[at] = (struct map_entry){h, mem_strndup(key.p, key.n), key.n, value, false};
    m->count++;
    m->used++;
    return NULL;
}

void *map_remove(struct map *m, struct slice key)
{
    struct map_entry *e = find(m, key, hash_of(m, key));
    if (!e) return NULL;
    e->dead = true;
    m->count--;
    return e->value;
}

struct map_entry *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        struct map_entry *e = &m->entries[(*at)++];
        if (e->key && !e->dead) return e;
    }
    return NULL;
}
