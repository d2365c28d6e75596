// A hash map from byte strings to pointers (open addressing, SipHash-free: keys are ours or bounded by limits
// elsewhere, and the hash is seeded per map with random bits, so that a client can't choose colliding names). Keys are
// copied; values belong to the caller.
#ifndef HW_BASE_MAP_H
#define HW_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct map_entry {
    uint64_t hash;
    char *key; // NUL-terminated copy; NULL: never used
    size_t key_len;
    void *value;
    bool dead; // removed; keeps the probe chain whole
};

struct map {
    struct map_entry *entries;
    size_t cap;   // power of two, or 0
    size_t count; // live entries
    size_t used;  // live and dead entries
    uint64_t seed;
};

void map_init(struct map *m);
void map_release(struct map *m); // frees keys and table, not values

void *map_get(const struct map *m, struct slice key);        // NULL if absent
void *map_put(struct map *m, struct slice key, void *value); // returns the value replaced, or NULL
void *map_remove(struct map *m, struct slice key);           // returns the value removed, or NULL

// Walks all live entries: start with *at = 0; returns NULL at the end. Removing the returned entry during the walk is
// allowed, adding is not.
struct map_entry *map_next(const struct map *m, size_t *at);

#endif
