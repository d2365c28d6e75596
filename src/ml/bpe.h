// Byte-level BPE from a Hugging Face tokenizer.json: text in, the very ids out that Hugging Face's own tokenizer gives.
//
// What is read: model.vocab and model.merges, added_tokens, and a pre_tokenizer that is ByteLevel or a Sequence of
// Split and Digits ending in ByteLevel. What would change the ids and isn't implemented (another model type, a
// normalizer, byte_fallback, dropout, …) is refused with HW_EUNSUPPORTED naming it. post_processor, truncation, padding
// and decoder are not applied: a corpus is encoded whole, and what stands between its documents is the caller's to
// write.
//
// A `struct bpe` never changes after it was read and may be shared by any number of threads. A `struct bpe_encoder` is
// one thread's scratch memory and cache; it borrows its `struct bpe`.
#ifndef HW_ML_BPE_H
#define HW_ML_BPE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct bpe;
struct bpe_encoder;

// A growable array of ids; zero-initialise it, bpe_ids_release it. The caller may write into it too.
struct bpe_ids {
    uint32_t *p;
    size_t n, cap;
};

void bpe_ids_release(struct bpe_ids *ids);
void bpe_ids_reserve(struct bpe_ids *ids, size_t more); // room for `more` ids after n
void bpe_ids_add(struct bpe_ids *ids, uint32_t id);

// NULL with `e` filled: HW_EINVALID (which part is malformed), HW_EUNSUPPORTED (what it needs that isn't implemented),
// and for a file also HW_ENOTFOUND, HW_EIO, HW_ETOOBIG (over 512 MiB). Blocks for the reading.
struct bpe *bpe_read(struct slice json, struct err *e);
struct bpe *bpe_open(const char *path, struct err *e);
void bpe_free(struct bpe *b);

uint32_t bpe_vocab_size(const struct bpe *b); // the highest id, added tokens included, plus one
// The id of a token as the file spells it ("<|endoftext|>", "Ġthe"); -1 if there is none.
int64_t bpe_id(const struct bpe *b, const char *token);

// `stop` may be NULL; when it becomes non-zero, a running bpe_encode returns within milliseconds.
struct bpe_encoder *bpe_encoder_new(const struct bpe *b, const atomic_int *stop);
void bpe_encoder_free(struct bpe_encoder *enc);

// Appends the ids of `text` to `out`. On an error `out` holds what it held before.
// HW_EINVALID: the text isn't UTF-8 (the message says at which byte), or a Split pattern gave up on it; HW_ECANCELLED.
int bpe_encode(struct bpe_encoder *enc, struct slice text, struct bpe_ids *out, struct err *e);

#endif
