// The fast path: added tokens, then words, then the cache, and merges only for words it doesn't know.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ml/bpe_cache.h"
#include "ml/bpe_internal.h"

enum { STOP_INTERVAL = 1 << 16 }; // bytes of text between two looks at the stop flag

struct bpe_encoder {
    const struct bpe *model;
    const atomic_int *stop;
    struct pretokenize_state *steps;
    struct bpe_cache cache;
    struct bpe_scratch merges;
    struct buf text;  // the piece, with a blank before it if the tokenizer wants one, and GPT2_PADDING after it
    struct buf spell; // a word as the vocabulary spells it
    struct bpe_ids word;
    struct bpe_ids *out; // of the present call
    size_t since_stop;
};

struct bpe_encoder *bpe_encoder_new(const struct bpe *b, const atomic_int *stop)
{
    struct bpe_encoder *enc = mem_zalloc(sizeof *enc);
    enc->model = b;
    enc->stop = stop;
    if (b->pre.n) enc->steps = pretokenize_state_new(&b->pre);
    bpe_cache_init(&enc->cache);
    return enc;
}

void bpe_encoder_free(struct bpe_encoder *enc)
{
    if (!enc) return;
    pretokenize_state_free(enc->steps);
    bpe_cache_release(&enc->cache);
    bpe_scratch_release(&enc->merges);
    buf_release(&enc->text);
    buf_release(&enc->spell);
    bpe_ids_release(&enc->word);
    free(enc);
}

void bpe_ids_release(struct bpe_ids *ids)
{
    free(ids->p);
    *ids = (struct bpe_ids){0};
}

void bpe_ids_reserve(struct bpe_ids *ids, size_t more)
{
    if (ids->cap - ids->n >= more) return;
    size_t cap = ids->cap ? ids->cap : 256;
    while (cap - ids->n < more) cap *= 2;
    ids->p = mem_realloc_array(ids->p, cap, sizeof *ids->p);
    ids->cap = cap;
}

void bpe_ids_add(struct bpe_ids *ids, uint32_t id)
{
    bpe_ids_reserve(ids, 1);
    ids->p[ids->n++] = id;
}

static bool stopping(struct bpe_encoder *enc, size_t bytes)
{
    enc->since_stop += bytes;
    if (enc->since_stop < STOP_INTERVAL) return false;
    enc->since_stop = 0;
    return enc->stop && atomic_load_explicit(enc->stop, memory_order_relaxed) != 0;
}

// A word that the cache doesn't know: merges it into enc->word.
static void merge_word(struct bpe_encoder *enc, const uint8_t *word, size_t n)
{
    const struct bpe *b = enc->model;
    enc->word.n = 0;
    bpe_ids_reserve(&enc->word, n);
    uint32_t whole = bpe_whole_word(b, word, n, &enc->spell);
    if (whole != BPE_NONE) {
        enc->word.p[enc->word.n++] = whole;
        return;
    }
    size_t count = bpe_model_bytes(&b->model, word, n, enc->word.p);
    enc->word.n = bpe_model_merge(&b->model, &enc->merges, enc->word.p, count);
}

// `key`: as bpe_cache_short left it, NULL for a word too long for it.
static __attribute__((noinline)) void encode_unknown(struct bpe_encoder *enc, const uint8_t *word, size_t n,
                                                     const uint64_t *key)
{
    size_t count = 0;
    const uint32_t *ids = n <= BPE_LONG_BYTES ? bpe_cache_long(&enc->cache, word, n, &count) : NULL;
    if (!ids) {
        merge_word(enc, word, n);
        ids = enc->word.p;
        count = enc->word.n;
        if (key && count <= BPE_SHORT_IDS)
            bpe_cache_put_short(&enc->cache, key, ids, count);
        else
            bpe_cache_put_long(&enc->cache, word, n, ids, count);
    }
    bpe_ids_reserve(enc->out, count);
    if (count) memcpy(enc->out->p + enc->out->n, ids, count * sizeof *ids);
    enc->out->n += count;
}

static inline void encode_word(struct bpe_encoder *enc, const uint8_t *word, size_t n)
{
    if (n > BPE_SHORT_BYTES) {
        encode_unknown(enc, word, n, NULL);
        return;
    }
    uint64_t key[2];
    const struct bpe_short *s = bpe_cache_short(&enc->cache, word, n, key);
    if (!s) {
        encode_unknown(enc, word, n, key);
        return;
    }
    struct bpe_ids *out = enc->out;
    if (out->cap - out->n < BPE_SHORT_IDS) bpe_ids_reserve(out, BPE_SHORT_IDS);
    memcpy(out->p + out->n, s->ids, sizeof s->ids); // what is beyond n is overwritten by the next word
    out->n += s->n;
}

// A piece that is followed by GPT2_PADDING readable bytes.
static int encode_padded(struct bpe_encoder *enc, const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n, *classes = enc->model->classes;
    if (!enc->model->pre.gpt2) {
        encode_word(enc, p, n);
        return stopping(enc, n) ? HW_ECANCELLED : 0;
    }
    while (p < end) {
        const uint8_t *pause = end - p > STOP_INTERVAL ? p + STOP_INTERVAL : end, *from = p;
        while (p < pause) {
            size_t len = gpt2_word(p, end, classes);
            encode_word(enc, p, len);
            p += len;
        }
        if (stopping(enc, (size_t)(p - from))) return HW_ECANCELLED;
    }
    return 0;
}

// Copies the piece to where it can be padded, and with a blank before it if the tokenizer wants one.
static int encode_piece(struct bpe_encoder *enc, struct slice piece)
{
    buf_clear(&enc->text);
    if (enc->model->pre.add_prefix_space && piece.p[0] != ' ') buf_add_char(&enc->text, ' ');
    buf_add_slice(&enc->text, piece);
    memset(buf_reserve(&enc->text, GPT2_PADDING), 0, GPT2_PADDING);
    return encode_padded(enc, (const uint8_t *)enc->text.p, enc->text.n);
}

static int on_piece(void *ctx, struct slice piece, struct err *e)
{
    (void)e;
    return encode_piece(ctx, piece);
}

// Text without added tokens.
static int encode_plain(struct bpe_encoder *enc, struct slice text, struct err *e)
{
    if (text.n == 0) return 0;
    if (enc->model->pre.n == 0) return encode_piece(enc, text);
    return pretokenize_steps(&enc->model->pre, enc->steps, text, on_piece, enc, e);
}

// Takes out the added tokens of one set, then those of the next.
static int encode_around_added(struct bpe_encoder *enc, struct slice text, int set, struct err *e)
{
    if (set == 2) return encode_plain(enc, text, e);
    const struct bpe_added *added = &enc->model->added[set];
    const struct bpe_added_token *token;
    size_t done = 0, search = 0, start, end;
    int rc = 0;
    while (!rc && bpe_added_next(added, enc->model->classes, text, search, done, &token, &start, &end, &search)) {
        if (start > done) rc = encode_around_added(enc, slice_of(text.p + done, start - done), set + 1, e);
        bpe_ids_add(enc->out, token->id);
        done = end;
        if (!rc && stopping(enc, end - start)) rc = HW_ECANCELLED;
    }
    if (!rc && done < text.n) rc = encode_around_added(enc, slice_of(text.p + done, text.n - done), set + 1, e);
    return rc;
}

// The first byte that breaks the rules of UTF-8.
static size_t first_bad_byte(struct slice text)
{
    struct utf8 u = UTF8_INIT;
    size_t start = 0; // of the character at hand
    for (size_t i = 0; i < text.n; i++) {
        if (u.need == 0) start = i;
        if (!utf8_feed(&u, text.p + i, 1)) return start;
    }
    return start;
}

int bpe_encode(struct bpe_encoder *enc, struct slice text, struct bpe_ids *out, struct err *e)
{
    if (!utf8_valid(text.p, text.n))
        return err_set(e, HW_EINVALID, "the text is not UTF-8 (byte %zu)", first_bad_byte(text));
    size_t before = out->n;
    enc->out = out;
    int rc = encode_around_added(enc, text, 0, e);
    enc->out = NULL;
    if (rc) out->n = before;
    if (rc == HW_ECANCELLED) err_set(e, HW_ECANCELLED, "stopped on request");
    return rc;
}
