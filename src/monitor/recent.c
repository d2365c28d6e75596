#include "monitor/recent.h"

#include <stdlib.h>

#include "base/mem.h"

// A ring that grows until it has room for all that is kept.
struct recent {
    int64_t keep_us;
    size_t max, first, n, cap;
    struct moment **items;
};

struct recent *recent_new(int64_t keep_us, size_t max)
{
    struct recent *r = mem_zalloc(sizeof *r);
    r->keep_us = keep_us;
    r->max = max;
    return r;
}

void recent_free(struct recent *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n; i++) free(r->items[(r->first + i) % r->cap]);
    free(r->items);
    free(r);
}

static void grow(struct recent *r)
{
    size_t cap = r->cap ? r->cap * 2 : 64;
    struct moment **items = mem_array(cap, sizeof(struct moment *));
    for (size_t i = 0; i < r->n; i++) items[i] = r->items[(r->first + i) % r->cap];
    free(r->items);
    r->items = items;
    r->cap = cap;
    r->first = 0;
}

static void drop_first(struct recent *r)
{
    free(r->items[r->first]);
    r->first = (r->first + 1) % r->cap;
    r->n--;
}

void recent_add(struct recent *r, struct moment *m)
{
    while (r->n && (r->n >= r->max || r->items[r->first]->at_us < m->at_us - r->keep_us)) drop_first(r);
    if (r->n == r->cap) grow(r);
    r->items[(r->first + r->n++) % r->cap] = m;
}

size_t recent_count(const struct recent *r)
{
    return r->n;
}

const struct moment *recent_at(const struct recent *r, size_t i)
{
    return r->items[(r->first + i) % r->cap];
}
