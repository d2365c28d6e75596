#include "ml/bpe_added.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ml/unicode_classes.h"

void bpe_added_add(struct bpe_added *a, struct bpe_added_token token)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 8;
        a->tokens = mem_realloc_array(a->tokens, a->cap, sizeof *a->tokens);
    }
    a->tokens[a->n++] = token;
}

static int by_bytes(const void *x, const void *y)
{
    const struct bpe_added_token *a = x, *b = y;
    int d = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);
    return d ? d : (a->n > b->n) - (a->n < b->n);
}

void bpe_added_seal(struct bpe_added *a)
{
    if (a->n) qsort(a->tokens, a->n, sizeof *a->tokens, by_bytes);
    a->only_first = a->n ? (uint8_t)a->tokens[0].text[0] : -1;
    for (size_t i = 0; i < a->n; i++) {
        uint8_t first = (uint8_t)a->tokens[i].text[0];
        a->first[first] = true;
        if (first != a->only_first) a->only_first = -1;
    }
}

void bpe_added_release(struct bpe_added *a)
{
    for (size_t i = 0; i < a->n; i++) free(a->tokens[i].text);
    free(a->tokens);
    *a = (struct bpe_added){0};
}

// The longest token that the text starts with. The tokens that share its first `depth` bytes lie side by side, the one
// that has no more bytes first, so each byte narrows a range.
static const struct bpe_added_token *longest_at(const struct bpe_added *a, const char *p, size_t n)
{
    const struct bpe_added_token *best = NULL;
    size_t lo = 0, hi = a->n;
    for (size_t depth = 0; depth < n && lo < hi; depth++) {
        uint8_t c = (uint8_t)p[depth];
        // Tokens of exactly `depth` bytes sort first in the range and were seen before.
        size_t from = lo, to = hi;
        while (from < to) {
            size_t mid = from + (to - from) / 2;
            if (a->tokens[mid].n <= depth || (uint8_t)a->tokens[mid].text[depth] < c)
                from = mid + 1;
            else
                to = mid;
        }
        lo = from;
        to = hi;
        while (from < to) {
            size_t mid = from + (to - from) / 2;
            if ((uint8_t)a->tokens[mid].text[depth] <= c)
                from = mid + 1;
            else
                to = mid;
        }
        hi = from;
        if (lo < hi && a->tokens[lo].n == depth + 1) best = &a->tokens[lo];
    }
    return best;
}

static uint8_t class_after(const uint8_t *classes, struct slice text, size_t at, size_t *width)
{
    uint32_t cp;
    *width = utf8_decode(text.p + at, text.n - at, &cp);
    return classes[cp];
}

static uint8_t class_before(const uint8_t *classes, struct slice text, size_t at, size_t *width)
{
    size_t start = at - 1;
    while (start > 0 && at - start < 4 && ((uint8_t)text.p[start] & 0xC0) == 0x80) start--;
    uint32_t cp;
    *width = at - start;
    if (utf8_decode(text.p + start, at - start, &cp) != *width) *width = 1;
    return classes[cp];
}

static bool is_single_word(const uint8_t *classes, struct slice text, size_t start, size_t end)
{
    size_t width;
    if (start > 0 && class_before(classes, text, start, &width) & UNICODE_WORD) return false;
    return end == text.n || !(class_after(classes, text, end, &width) & UNICODE_WORD);
}

static size_t next_candidate(const struct bpe_added *a, struct slice text, size_t at)
{
    if (a->only_first >= 0) {
        const char *hit = at < text.n ? memchr(text.p + at, a->only_first, text.n - at) : NULL;
        return hit ? (size_t)(hit - text.p) : text.n;
    }
    while (at < text.n && !a->first[(uint8_t)text.p[at]]) at++;
    return at;
}

bool bpe_added_next(const struct bpe_added *a, const uint8_t *classes, struct slice text, size_t from, size_t taken,
                    const struct bpe_added_token **token, size_t *start, size_t *end, size_t *resume)
{
    if (a->n == 0) return false;
    for (size_t at = from; (at = next_candidate(a, text, at)) < text.n;) {
        const struct bpe_added_token *t = longest_at(a, text.p + at, text.n - at);
        if (!t) {
            at++;
            continue;
        }
        size_t left = at, right = at + t->n, width;
        if (t->single_word && !is_single_word(classes, text, left, right)) {
            at = right; // what was refused isn't searched again for a shorter token
            continue;
        }
        *resume = right;
        if (t->lstrip)
            while (left > taken && class_before(classes, text, left, &width) & UNICODE_SPACE) left -= width;
        if (t->rstrip)
            while (right < text.n && class_after(classes, text, right, &width) & UNICODE_SPACE) right += width;
        *token = t;
        *start = left;
        *end = right;
        return true;
    }
    return false;
}
