// The pattern that GPT-2 splits text by, as a hand-written scanner:
//
//     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Every character belongs to exactly one word, so the words follow one another without gaps.
#ifndef HW_ML_PRETOKENIZE_GPT2_H
#define HW_ML_PRETOKENIZE_GPT2_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

enum { GPT2_PADDING = 32 }; // readable bytes that must follow the text, of any value

// The length of the word at p < end by the general rules; what gpt2_word falls back on.
size_t gpt2_word_any(const uint8_t *p, const uint8_t *end, const uint8_t *classes);

static inline uint64_t gpt2_load(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

// The high bit of every byte that is no ASCII letter, in text order from the lowest byte.
static inline uint64_t gpt2_non_letters(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101ULL, high = 0x80 * ones;
    uint64_t lower = (w | 0x20 * ones) & ~high;
    uint64_t at_least_a = lower + (0x80 - 'a') * ones; // high bit: >= 'a'
    uint64_t above_z = lower + (0x7F - 'z') * ones;    // high bit: > 'z'
    return (~at_least_a | above_z | w) & high;
}

// The length of the word at p < end. The text is valid UTF-8, `classes` is unicode_classes_new's. Nearly all words are
// a blank and some ASCII letters: those take no branch a letter.
static inline size_t gpt2_word(const uint8_t *p, const uint8_t *end, const uint8_t *classes)
{
    size_t lead = *p == ' ';
    uint64_t stop = gpt2_non_letters(gpt2_load(p + lead));
    size_t letters = stop ? (size_t)__builtin_ctzll(stop) / 8 : 8;
    if (letters == 8) {
        stop = gpt2_non_letters(gpt2_load(p + lead + 8));
        if (!stop) return gpt2_word_any(p, end, classes);
        letters += (size_t)__builtin_ctzll(stop) / 8;
    }
    // A byte beyond ASCII may be one more letter.
    if (letters == 0 || p[lead + letters] >= 0x80) return gpt2_word_any(p, end, classes);
    size_t n = lead + letters, left = (size_t)(end - p);
    return n < left ? n : left;
}

#endif
