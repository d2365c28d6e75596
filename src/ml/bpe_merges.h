// The model proper: the ids of single bytes and the merges, and applying them to one word.
#ifndef HW_ML_BPE_MERGES_H
#define HW_ML_BPE_MERGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpe_pair {
    uint64_t key; // left id << 32 | right id; UINT64_MAX: unused
    uint32_t rank, id;
};

// Which pairs of ids merge, into what, and how early. Read-only once filled.
struct bpe_model {
    uint32_t byte_id[256]; // UINT32_MAX: the vocabulary has no token for this byte
    uint32_t unk_id;       // takes the place of such a byte; UINT32_MAX: the byte is left out
    bool fuse_unk;         // a run of such bytes is one unk_id
    bool ignore_merges;    // a word that is a token is that token, whatever the merges say
    struct bpe_pair *pairs;
    size_t cap; // power of two
    size_t count;
};

void bpe_model_init(struct bpe_model *m, size_t merges); // room for so many merges
void bpe_model_release(struct bpe_model *m);
// A pair that is there already gets the new rank and id. At most the promised number of pairs.
void bpe_model_add(struct bpe_model *m, uint32_t left, uint32_t right, uint32_t rank, uint32_t id);
// NULL: the two don't merge.
const struct bpe_pair *bpe_model_find(const struct bpe_model *m, uint32_t left, uint32_t right);

// The word's bytes as ids, before any merge; at most n ids into `ids`, returns how many.
size_t bpe_model_bytes(const struct bpe_model *m, const uint8_t *word, size_t n, uint32_t *ids);

// Scratch memory for bpe_model_merge; zero-initialise, release.
struct bpe_scratch {
    void *memory;
    size_t size;
};
void bpe_scratch_release(struct bpe_scratch *s);

// Applies the merges in place, always the earliest-ranked pair and of those the leftmost; returns how many ids are
// left. O(n log n) for long words.
size_t bpe_model_merge(const struct bpe_model *m, struct bpe_scratch *s, uint32_t *ids, size_t n);

#endif
