#include "ml/bpe_merges.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define UNUSED UINT64_MAX
#define NEVER  UINT32_MAX

// Up to this many ids the next pair is found by looking at all of them; beyond it a heap pays.
enum { SMALL = 48 };

void bpe_model_init(struct bpe_model *m, size_t merges)
{
    *m = (struct bpe_model){.unk_id = UINT32_MAX, .cap = 16};
    memset(m->byte_id, 0xFF, sizeof m->byte_id);
    while (m->cap < merges * 2) m->cap *= 2;
    m->pairs = mem_array(m->cap, sizeof *m->pairs);
    for (size_t i = 0; i < m->cap; i++) m->pairs[i].key = UNUSED;
}

void bpe_model_release(struct bpe_model *m)
{
    free(m->pairs);
    *m = (struct bpe_model){0};
}

static uint64_t pair_key(uint32_t left, uint32_t right)
{
    return (uint64_t)left << 32 | right;
}

// The entry of this key, or the unused one where it would go: at most half of the table is used, so there is one.
static size_t pair_slot(const struct bpe_model *m, uint64_t key)
{
    uint64_t h = (key ^ key >> 29) * 0x9E3779B97F4A7C15ULL;
    size_t at = (size_t)(h >> 32) & (m->cap - 1);
    while (m->pairs[at].key != key && m->pairs[at].key != UNUSED) at = (at + 1) & (m->cap - 1);
    return at;
}

void bpe_model_add(struct bpe_model *m, uint32_t left, uint32_t right, uint32_t rank, uint32_t id)
{
    struct bpe_pair *p = &m->pairs[pair_slot(m, pair_key(left, right))];
    if (p->key == UNUSED) m->count++;
    *p = (struct bpe_pair){.key = pair_key(left, right), .rank = rank, .id = id};
}

const struct bpe_pair *bpe_model_find(const struct bpe_model *m, uint32_t left, uint32_t right)
{
    const struct bpe_pair *p = &m->pairs[pair_slot(m, pair_key(left, right))];
    return p->key == UNUSED ? NULL : p;
}

size_t bpe_model_bytes(const struct bpe_model *m, const uint8_t *word, size_t n, uint32_t *ids)
{
    size_t count = 0;
    bool after_unk = false;
    for (size_t i = 0; i < n; i++) {
        uint32_t id = m->byte_id[word[i]];
        bool unk = id == UINT32_MAX;
        if (unk) id = m->unk_id;
        if (id != UINT32_MAX && !(unk && after_unk && m->fuse_unk)) ids[count++] = id;
        // A byte that is left out altogether doesn't end a run of unknown ones, but without unk_id there are no runs.
        after_unk = unk;
    }
    return count;
}

static uint32_t rank_of(const struct bpe_model *m, uint32_t left, uint32_t right, uint32_t *id)
{
    const struct bpe_pair *p = bpe_model_find(m, left, right);
    *id = p ? p->id : 0;
    return p ? p->rank : NEVER;
}

static size_t merge_small(const struct bpe_model *m, uint32_t *ids, size_t n)
{
    uint32_t rank[SMALL], merged[SMALL]; // of the pair (i, i + 1)
    for (size_t i = 0; i + 1 < n; i++) rank[i] = rank_of(m, ids[i], ids[i + 1], &merged[i]);
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++)
            if (rank[i] < rank[best]) best = i;
        if (rank[best] == NEVER) break;
        ids[best] = merged[best];
        size_t tail = n - best - 2;
        memmove(ids + best + 1, ids + best + 2, tail * sizeof *ids);
        memmove(rank + best + 1, rank + best + 2, (tail ? tail - 1 : 0) * sizeof *rank);
        memmove(merged + best + 1, merged + best + 2, (tail ? tail - 1 : 0) * sizeof *merged);
        n--;
        if (best > 0) rank[best - 1] = rank_of(m, ids[best - 1], ids[best], &merged[best - 1]);
        if (best + 1 < n) rank[best] = rank_of(m, ids[best], ids[best + 1], &merged[best]);
    }
    return n;
}

// ---- long words: a linked list of ids and a heap of the pairs that may merge

struct link {
    uint32_t id;
    uint32_t prev, next; // NEVER: none
    bool gone;           // merged into its left neighbour
};

struct candidate {
    uint64_t order; // rank << 32 | position: the earliest rank first, of equal ranks the leftmost
    uint32_t left, right, id;
};

struct heap {
    struct candidate *at;
    size_t n;
};

static void heap_push(struct heap *h, struct candidate c)
{
    size_t i = h->n++;
    while (i > 0 && c.order < h->at[(i - 1) / 2].order) {
        h->at[i] = h->at[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->at[i] = c;
}

static struct candidate heap_pop(struct heap *h)
{
    struct candidate top = h->at[0], last = h->at[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->at[child + 1].order < h->at[child].order) child++;
        if (last.order <= h->at[child].order) break;
        h->at[i] = h->at[child];
    }
    h->at[i] = last;
    return top;
}

static void offer(const struct bpe_model *m, struct heap *h, const struct link *links, uint32_t at)
{
    uint32_t next = links[at].next;
    if (next == NEVER) return;
    const struct bpe_pair *p = bpe_model_find(m, links[at].id, links[next].id);
    if (p)
        heap_push(
            h, (struct candidate){
                   .order = (uint64_t)p->rank << 32 | at, .left = links[at].id, .right = links[next].id, .id = p->id});
}

static void *scratch_take(struct bpe_scratch *s, size_t size)
{
    if (s->size < size) {
        free(s->memory);
        s->memory = mem_alloc(size);
        s->size = size;
    }
    return s->memory;
}

static size_t merge_large(const struct bpe_model *m, struct bpe_scratch *s, uint32_t *ids, size_t n)
{
    // Each of the n - 1 first pairs is offered once and each merge, at most n - 1 of them, offers two more.
    struct candidate *room = scratch_take(s, 3 * n * sizeof *room + n * sizeof(struct link));
    struct heap heap = {.at = room};
    struct link *links = (struct link *)(void *)(room + 3 * n);
    for (size_t i = 0; i < n; i++)
        links[i] = (struct link){
            .id = ids[i], .prev = i ? (uint32_t)(i - 1) : NEVER, .next = i + 1 < n ? (uint32_t)(i + 1) : NEVER};
    for (size_t i = 0; i + 1 < n; i++) offer(m, &heap, links, (uint32_t)i);
    while (heap.n) {
        struct candidate c = heap_pop(&heap);
        uint32_t at = (uint32_t)c.order, next = links[at].next;
        // The pair may have been taken apart since it was offered.
        if (links[at].gone || next == NEVER || links[at].id != c.left || links[next].id != c.right) continue;
        links[at].id = c.id;
        links[at].next = links[next].next;
        links[next].gone = true;
        if (links[at].next != NEVER) links[links[at].next].prev = at;
        if (links[at].prev != NEVER) offer(m, &heap, links, links[at].prev);
        offer(m, &heap, links, at);
    }
    size_t count = 0;
    for (uint32_t at = 0; at != NEVER; at = links[at].next) ids[count++] = links[at].id;
    return count;
}

void bpe_scratch_release(struct bpe_scratch *s)
{
    free(s->memory);
    *s = (struct bpe_scratch){0};
}

size_t bpe_model_merge(const struct bpe_model *m, struct bpe_scratch *s, uint32_t *ids, size_t n)
{
    if (n < 2) return n;
    return n <= SMALL ? merge_small(m, ids, n) : merge_large(m, s, ids, n);
}
