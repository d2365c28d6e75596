// A bounded cache from words to their ids, one thread's own. Text repeats itself: nearly every word is found here and
// only new ones are merged.
#ifndef HW_ML_BPE_CACHE_H
#define HW_ML_BPE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ml/pretokenize_gpt2.h"

// A short word with few ids lies whole in one entry, two entries to a cache line.
enum { BPE_SHORT_BYTES = 15, BPE_SHORT_IDS = 3, BPE_SHORT_ENTRIES = 1 << 16, BPE_PROBES = 4, BPE_LONG_BYTES = 256 };

struct bpe_short {
    uint64_t lo, hi; // the bytes, zero-padded; the last one is the length. hi == 0: unused
    uint32_t ids[BPE_SHORT_IDS];
    uint32_t n;
};

struct bpe_long {
    uint64_t hash;
    uint32_t text, ids; // where in the pools
    uint16_t n_text, n_ids;
};

struct bpe_cache {
    struct bpe_short *shorts; // BPE_SHORT_ENTRIES + BPE_PROBES
    uint32_t turn;            // which of the probed entries the next newcomer replaces
    struct bpe_long *longs;
    uint8_t *text; // pools of the long words; when one is full all long words are forgotten
    uint32_t *ids;
    uint32_t n_text, n_ids;
};

void bpe_cache_init(struct bpe_cache *c);
void bpe_cache_release(struct bpe_cache *c);

extern const uint64_t bpe_cache_masks[BPE_SHORT_BYTES + 1][2];

// The entry of a word of 1 to BPE_SHORT_BYTES bytes, followed by GPT2_PADDING readable bytes; NULL: not known.
// The two words of the key are left in key[2] for bpe_cache_put_short.
static inline const struct bpe_short *bpe_cache_short(const struct bpe_cache *c, const uint8_t *word, size_t n,
                                                      uint64_t key[2])
{
    key[0] = gpt2_load(word) & bpe_cache_masks[n][0];
    key[1] = (gpt2_load(word + 8) & bpe_cache_masks[n][1]) | (uint64_t)n << 56;
    uint64_t h = (key[0] ^ key[1] * 0xD6E8FEB86659FD93ULL) * 0x9E3779B97F4A7C15ULL;
    const struct bpe_short *s = &c->shorts[h >> 48];
    for (int i = 0; i < BPE_PROBES; i++, s++)
        if (s->lo == key[0] && s->hi == key[1]) return s;
    return NULL;
}

// Remembers a word that bpe_cache_short didn't know; at most BPE_SHORT_IDS ids.
void bpe_cache_put_short(struct bpe_cache *c, const uint64_t key[2], const uint32_t *ids, size_t n);

// The same for words of up to BPE_LONG_BYTES bytes. NULL: not known; else *n_ids ids, valid until the next put.
const uint32_t *bpe_cache_long(const struct bpe_cache *c, const uint8_t *word, size_t n, size_t *n_ids);
void bpe_cache_put_long(struct bpe_cache *c, const uint8_t *word, size_t n, const uint32_t *ids, size_t n_ids);

#endif
