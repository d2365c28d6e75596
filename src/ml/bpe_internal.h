// What the files of the tokenizer share. Included by src/ml/bpe*.c only.
#ifndef HW_ML_BPE_INTERNAL_H
#define HW_ML_BPE_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/map.h"
#include "ml/bpe.h"
#include "ml/bpe_added.h"
#include "ml/bpe_merges.h"
#include "ml/pretokenize.h"

#define BPE_NONE UINT32_MAX

struct bpe {
    struct map vocab; // token as the file spells it → id + 1, as a pointer
    uint32_t vocab_size;
    struct bpe_model model;
    struct bpe_added added[2]; // searched in the text as it is, then those to be searched in normalized text
    struct pretokenizer pre;
    uint8_t *classes; // unicode_classes_new
};

// The word in the spelling of the vocabulary, where every byte stands as one printable character. Appends to `out`.
void bpe_spell(const uint8_t *word, size_t n, struct buf *out);

// The other way, for one character of a token; -1: no byte is spelled so.
int bpe_unspell(uint32_t cp);

// The id of the whole word if the model takes whole words first (ignore_merges) and has it, else BPE_NONE.
uint32_t bpe_whole_word(const struct bpe *b, const uint8_t *word, size_t n, struct buf *scratch);

#endif
