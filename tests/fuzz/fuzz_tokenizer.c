// A tokenizer.json, a zero byte, and text to encode with it: no bytes of either may do harm, and what the fast
// tokenizer makes of the text the textbook one must make too.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ml/bpe.h"
#include "ml/bpe_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The textbook tokenizer needs the cube of a word's length.
enum { COMPARED_MAX = 512 };

static void encode(const struct bpe *b, struct slice text)
{
    struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
    struct bpe_ids first = {0}, again = {0}, reference = {0};
    struct err e = {0};
    int rc = bpe_encode(enc, text, &first, &e);
    if (rc && !e.message[0]) abort();
    if (rc && first.n) abort();
    // Once more, with all words in the cache.
    if (bpe_encode(enc, text, &again, &e) != rc || again.n != first.n) abort();
    if (!rc && text.n <= COMPARED_MAX) {
        if (bpe_reference_encode(b, text, &reference, &e) != 0 || reference.n != first.n) abort();
        if (first.n && memcmp(first.p, reference.p, first.n * sizeof *first.p) != 0) abort();
        if (first.n && memcmp(first.p, again.p, first.n * sizeof *first.p) != 0) abort();
        for (size_t i = 0; i < first.n; i++)
            if (first.p[i] >= bpe_vocab_size(b)) abort();
    }
    bpe_ids_release(&first);
    bpe_ids_release(&again);
    bpe_ids_release(&reference);
    bpe_encoder_free(enc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t n = zero ? (size_t)(zero - data) : size;
    struct err e = {0};
    struct bpe *b = bpe_read(slice_of(data, n), &e);
    if (!b) {
        if (!e.code || !e.message[0]) abort();
        return 0;
    }
    encode(b, SLICE_LIT("It's 12 o'clock,  said <|end|> h\xC3\xB6llo \xE4\xBD\xA0 \n\n ok "));
    if (zero) encode(b, slice_of(zero + 1, size - n - 1));
    bpe_free(b);
    return 0;
}
