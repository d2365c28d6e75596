#include "ml/bpe_reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ml/bpe_internal.h"
#include "ml/pretokenize_gpt2.h"
#include "ml/unicode_classes.h"

struct reference {
    const struct bpe *b;
    struct bpe_ids *out;
};

// Scan for the earliest-ranked pair, merge its first occurrence, start again.
static int merge_word(const struct bpe *b, struct slice word, struct bpe_ids *out)
{
    struct buf spelled = BUF_INIT;
    uint32_t whole = bpe_whole_word(b, (const uint8_t *)word.p, word.n, &spelled);
    buf_release(&spelled);
    if (whole != BPE_NONE) {
        bpe_ids_add(out, whole);
        return 0;
    }
    uint32_t *ids = mem_array(word.n, sizeof *ids);
    size_t n = bpe_model_bytes(&b->model, (const uint8_t *)word.p, word.n, ids);
    for (;;) {
        const struct bpe_pair *best = NULL;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const struct bpe_pair *p = bpe_model_find(&b->model, ids[i], ids[i + 1]);
            if (p && (!best || p->rank < best->rank)) best = p, at = i;
        }
        if (!best) break;
        ids[at] = best->id;
        for (size_t i = at + 1; i + 1 < n; i++) ids[i] = ids[i + 1];
        n--;
    }
    for (size_t i = 0; i < n; i++) bpe_ids_add(out, ids[i]);
    free(ids);
    return 0;
}

static int split_words(struct reference *r, struct slice text, struct err *e)
{
    struct regex *pattern = regex_new(SLICE_LIT(GPT2_PATTERN), false, e);
    if (!pattern) return HW_EINTERNAL;
    struct regex_match *match = regex_match_new(pattern);
    size_t at = 0, last_end = SIZE_MAX, start, end;
    int rc;
    while ((rc = regex_next(pattern, match, text, &at, &last_end, &start, &end, e)) > 0)
        merge_word(r->b, slice_of(text.p + start, end - start), r->out);
    regex_match_free(match);
    regex_free(pattern);
    return rc;
}

static int on_piece(void *ctx, struct slice piece, struct err *e)
{
    struct reference *r = ctx;
    struct buf text = BUF_INIT;
    if (r->b->pre.add_prefix_space && piece.p[0] != ' ') buf_add_char(&text, ' ');
    buf_add_slice(&text, piece);
    int rc = r->b->pre.gpt2 ? split_words(r, buf_slice(&text), e) : merge_word(r->b, buf_slice(&text), r->out);
    buf_release(&text);
    return rc;
}

static bool is_class(const struct bpe *b, struct slice text, size_t at, uint8_t class)
{
    uint32_t cp;
    utf8_decode(text.p + at, text.n - at, &cp);
    return b->classes[cp] & class;
}

static size_t char_before(struct slice text, size_t at)
{
    do at--;
    while (at > 0 && ((uint8_t)text.p[at] & 0xC0) == 0x80);
    return at;
}

static size_t char_after(struct slice text, size_t at)
{
    uint32_t cp;
    return at + utf8_decode(text.p + at, text.n - at, &cp);
}

// The longest token of the set that stands at `at`, by trying each.
static const struct bpe_added_token *token_at(const struct bpe_added *set, struct slice text, size_t at)
{
    const struct bpe_added_token *best = NULL;
    for (size_t i = 0; i < set->n; i++) {
        const struct bpe_added_token *t = &set->tokens[i];
        if (t->n <= text.n - at && memcmp(t->text, text.p + at, t->n) == 0 && (!best || t->n > best->n)) best = t;
    }
    return best;
}

static int split_added(struct reference *r, struct slice text, int set, struct pretokenize_state *steps, struct err *e)
{
    if (set == 2) return pretokenize_steps(&r->b->pre, steps, text, on_piece, r, e);
    size_t done = 0;
    for (size_t at = 0; at < text.n;) {
        const struct bpe_added_token *t = token_at(&r->b->added[set], text, at);
        if (!t) {
            at++;
            continue;
        }
        size_t start = at, end = at = at + t->n;
        if (t->single_word && start > 0 && is_class(r->b, text, char_before(text, start), UNICODE_WORD)) continue;
        if (t->single_word && end < text.n && is_class(r->b, text, end, UNICODE_WORD)) continue;
        while (t->lstrip && start > done && is_class(r->b, text, char_before(text, start), UNICODE_SPACE))
            start = char_before(text, start);
        while (t->rstrip && end < text.n && is_class(r->b, text, end, UNICODE_SPACE)) end = char_after(text, end);
        int rc = start > done ? split_added(r, slice_of(text.p + done, start - done), set + 1, steps, e) : 0;
        if (rc) return rc;
        bpe_ids_add(r->out, t->id);
        done = end;
    }
    return done < text.n ? split_added(r, slice_of(text.p + done, text.n - done), set + 1, steps, e) : 0;
}

int bpe_reference_encode(const struct bpe *b, struct slice text, struct bpe_ids *out, struct err *e)
{
    if (!utf8_valid(text.p, text.n)) return err_set(e, HW_EINVALID, "the text is not UTF-8");
    struct reference r = {b, out};
    struct pretokenize_state *steps = pretokenize_state_new(&b->pre);
    size_t before = out->n;
    int rc = split_added(&r, text, 0, steps, e);
    if (rc) out->n = before;
    pretokenize_state_free(steps);
    return rc;
}
