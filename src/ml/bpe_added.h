// Added tokens: strings that are found in the text itself, before anything else is done to it.
#ifndef HW_ML_BPE_ADDED_H
#define HW_ML_BPE_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct bpe_added_token {
    char *text; // owned
    size_t n;   // at least 1
    uint32_t id;
    bool single_word;    // counts only between characters that are no word characters
    bool lstrip, rstrip; // takes the white space before, after it
};

// A set to search for. Zero-initialise, add, then seal once; afterwards it is read-only.
struct bpe_added {
    struct bpe_added_token *tokens; // sorted by their bytes once sealed
    size_t n, cap;
    bool first[256]; // some token starts with this byte
    int only_first;  // the one byte that all tokens start with, -1 if there are several
};

void bpe_added_add(struct bpe_added *a, struct bpe_added_token token); // takes over token.text
void bpe_added_seal(struct bpe_added *a);
void bpe_added_release(struct bpe_added *a);

// Finds the next token at or after `from`: leftmost, of those the longest. False if there is none.
//   taken: where the piece before the token starts at the earliest (the end of the last token)
//   *start, *end: the token with the white space it takes; *resume: where to search on
bool bpe_added_next(const struct bpe_added *a, const uint8_t *classes, struct slice text, size_t from, size_t taken,
                    const struct bpe_added_token **token, size_t *start, size_t *end, size_t *resume);

#endif
