// The textbook tokenizer: no cache, no table of pairs by position, the pre-tokenizer's pattern through PCRE2. Slow,
// short, and what the fast one in bpe.h is compared with.
#ifndef HW_ML_BPE_REFERENCE_H
#define HW_ML_BPE_REFERENCE_H

#include "ml/bpe.h"

// As bpe_encode, with scratch memory of its own at each call.
int bpe_reference_encode(const struct bpe *b, struct slice text, struct bpe_ids *out, struct err *e);

#endif
