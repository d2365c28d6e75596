// The byte-level spelling: each of the 256 bytes as one printable character, so that a vocabulary can be written as
// text. Printable bytes of Latin-1 stand for themselves, the other 68 for U+0100 and up in order.
#include "base/utf8.h"
#include "ml/bpe_internal.h"

static bool is_itself(uint32_t b)
{
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
}

// How many bytes below b don't stand for themselves.
static uint32_t others_below(uint32_t b)
{
    if (b <= '!') return b;
    if (b < 0x7F) return '!';
    if (b < 0xA1) return '!' + (b - 0x7F);
    return '!' + (0xA1 - 0x7F) + (b > 0xAD);
}

void bpe_spell(const uint8_t *word, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t b = word[i];
        size_t width = utf8_encode(is_itself(b) ? b : 0x100 + others_below(b), buf_reserve(out, 4));
        out->n += width;
    }
}

int bpe_unspell(uint32_t cp)
{
    if (cp < 0x100) return is_itself(cp) ? (int)cp : -1;
    uint32_t i = cp - 0x100;
    if (i < '!') return (int)i;
    if (i < '!' + (0xA1 - 0x7F)) return (int)(0x7F + i - '!');
    return i == '!' + (0xA1 - 0x7F) ? 0xAD : -1;
}

uint32_t bpe_whole_word(const struct bpe *b, const uint8_t *word, size_t n, struct buf *scratch)
{
    if (!b->model.ignore_merges) return BPE_NONE;
    buf_clear(scratch);
    bpe_spell(word, n, scratch);
    uintptr_t found = (uintptr_t)map_get(&b->vocab, buf_slice(scratch));
    return found ? (uint32_t)(found - 1) : BPE_NONE;
}
