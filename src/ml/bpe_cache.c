#include "ml/bpe_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LONG_ENTRIES = 1 << 14, TEXT_POOL = 1 << 20, IDS_POOL = 1 << 18 };

#define M(n) ((n) >= 8 ? ~0ULL : (n) <= 0 ? 0ULL : (1ULL << 8 * ((n)&7)) - 1)
#define ROW(n)                                                                                                         \
    {                                                                                                                  \
        M(n), M((n)-8)                                                                                                 \
    }
const uint64_t bpe_cache_masks[BPE_SHORT_BYTES + 1][2] = {ROW(0),  ROW(1),  ROW(2),  ROW(3), ROW(4),  ROW(5),
                                                          ROW(6),  ROW(7),  ROW(8),  ROW(9), ROW(10), ROW(11),
                                                          ROW(12), ROW(13), ROW(14), ROW(15)};
#undef ROW
#undef M

void bpe_cache_init(struct bpe_cache *c)
{
    *c = (struct bpe_cache){0};
    c->shorts = mem_aligned(BPE_SHORT_ENTRIES + BPE_PROBES, sizeof *c->shorts);
    c->longs = mem_array(LONG_ENTRIES + BPE_PROBES, sizeof *c->longs);
    c->text = mem_alloc(TEXT_POOL);
    c->ids = mem_array(IDS_POOL, sizeof *c->ids);
}

void bpe_cache_release(struct bpe_cache *c)
{
    free(c->shorts);
    free(c->longs);
    free(c->text);
    free(c->ids);
    *c = (struct bpe_cache){0};
}

void bpe_cache_put_short(struct bpe_cache *c, const uint64_t key[2], const uint32_t *ids, size_t n)
{
    uint64_t h = (key[0] ^ key[1] * 0xD6E8FEB86659FD93ULL) * 0x9E3779B97F4A7C15ULL;
    struct bpe_short *s = &c->shorts[h >> 48];
    int i = 0;
    while (i < BPE_PROBES && s[i].hi) i++;
    if (i == BPE_PROBES) i = (int)(c->turn++ % BPE_PROBES);
    s[i].lo = key[0];
    s[i].hi = key[1];
    s[i].n = (uint32_t)n;
    for (size_t k = 0; k < n; k++) s[i].ids[k] = ids[k];
}

static uint64_t hash_bytes(const uint8_t *p, size_t n)
{
    uint64_t h = n * 0x9E3779B97F4A7C15ULL;
    for (; n >= 8; p += 8, n -= 8) {
        h = (h ^ gpt2_load(p)) * 0xD6E8FEB86659FD93ULL;
        h ^= h >> 32;
    }
    if (n) {
        uint64_t w = 0;
        memcpy(&w, p, n);
        h = (h ^ w) * 0xD6E8FEB86659FD93ULL;
        h ^= h >> 32;
    }
    return h * 0x9E3779B97F4A7C15ULL;
}

const uint32_t *bpe_cache_long(const struct bpe_cache *c, const uint8_t *word, size_t n, size_t *n_ids)
{
    uint64_t h = hash_bytes(word, n);
    const struct bpe_long *l = &c->longs[h >> 50];
    for (int i = 0; i < BPE_PROBES; i++, l++) {
        if (l->hash == h && l->n_text == n && memcmp(c->text + l->text, word, n) == 0) {
            *n_ids = l->n_ids;
            return c->ids + l->ids;
        }
    }
    return NULL;
}

void bpe_cache_put_long(struct bpe_cache *c, const uint8_t *word, size_t n, const uint32_t *ids, size_t n_ids)
{
    if (n > BPE_LONG_BYTES || n_ids > BPE_LONG_BYTES) return;
    if (c->n_text + n > TEXT_POOL || c->n_ids + n_ids > IDS_POOL) {
        memset(c->longs, 0, (LONG_ENTRIES + BPE_PROBES) * sizeof *c->longs);
        c->n_text = c->n_ids = 0;
    }
    uint64_t h = hash_bytes(word, n);
    struct bpe_long *l = &c->longs[h >> 50];
    int i = 0;
    while (i < BPE_PROBES && l[i].n_text) i++;
    if (i == BPE_PROBES) i = (int)(c->turn++ % BPE_PROBES);
    l[i] = (struct bpe_long){h, c->n_text, c->n_ids, (uint16_t)n, (uint16_t)n_ids};
    memcpy(c->text + c->n_text, word, n);
    memcpy(c->ids + c->n_ids, ids, n_ids * sizeof *ids);
    c->n_text += (uint32_t)n;
    c->n_ids += (uint32_t)n_ids;
}
