#include "ml/pretokenize.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct cut {
    size_t start, end;
    bool match;
};

struct pretokenize_state {
    int n;
    struct {
        struct regex_match *match;
        struct cut *cuts;
        size_t n, cap;
    } steps[PRETOKENIZE_STEPS];
};

struct pretokenize_state *pretokenize_state_new(const struct pretokenizer *p)
{
    struct pretokenize_state *s = mem_zalloc(sizeof *s);
    s->n = p->n;
    for (int i = 0; i < p->n; i++) s->steps[i].match = regex_match_new(p->steps[i].pattern);
    return s;
}

void pretokenize_state_free(struct pretokenize_state *s)
{
    if (!s) return;
    for (int i = 0; i < s->n; i++) {
        regex_match_free(s->steps[i].match);
        free(s->steps[i].cuts);
    }
    free(s);
}

static void cut_add(struct pretokenize_state *s, int i, size_t start, size_t end, bool match)
{
    if (start == end) return;
    if (s->steps[i].n == s->steps[i].cap) {
        s->steps[i].cap = s->steps[i].cap ? s->steps[i].cap * 2 : 64;
        s->steps[i].cuts = mem_realloc_array(s->steps[i].cuts, s->steps[i].cap, sizeof *s->steps[i].cuts);
    }
    s->steps[i].cuts[s->steps[i].n++] = (struct cut){start, end, match};
}

static int find_cuts(const struct pretokenize_step *step, struct pretokenize_state *s, int i, struct slice text,
                     struct err *e)
{
    size_t at = 0, last_end = SIZE_MAX, covered = 0, start, end;
    int rc;
    s->steps[i].n = 0;
    while ((rc = regex_next(step->pattern, s->steps[i].match, text, &at, &last_end, &start, &end, e)) > 0) {
        cut_add(s, i, covered, start, step->invert);
        cut_add(s, i, start, end, !step->invert);
        covered = end;
    }
    if (rc == 0) cut_add(s, i, covered, text.n, step->invert);
    return rc;
}

// Joins neighbours as the behavior asks; leaves how many pieces there are.
static void join_cuts(enum split_behavior behavior, struct cut *c, size_t *count)
{
    size_t n = *count, kept = 0;
    if (behavior == SPLIT_WITH_NEXT) {
        // From the end, so that the joining is SPLIT_WITH_PREVIOUS seen in a mirror; the pieces gather at the end.
        size_t to = n;
        bool after_match = false;
        for (size_t i = n; i-- > 0;) {
            bool match = c[i].match;
            if (match && !after_match && to < n)
                c[to].start = c[i].start;
            else
                c[--to] = c[i];
            after_match = match;
        }
        memmove(c, c + to, (n - to) * sizeof *c);
        *count = n - to;
        return;
    }
    bool after_match = false;
    for (size_t i = 0; i < n; i++) {
        bool match = c[i].match, join = false;
        if (behavior == SPLIT_REMOVED && match) continue;
        if (behavior == SPLIT_CONTIGUOUS) join = kept > 0 && match == after_match;
        if (behavior == SPLIT_WITH_PREVIOUS) join = kept > 0 && match && !after_match;
        if (join)
            c[kept - 1].end = c[i].end;
        else
            c[kept++] = c[i];
        after_match = match;
    }
    *count = kept;
}

static int run_step(const struct pretokenizer *p, struct pretokenize_state *s, int i, struct slice text,
                    pretokenize_piece *piece, void *ctx, struct err *e)
{
    if (text.n == 0) return 0;
    if (i == p->n) return piece(ctx, text, e);
    int rc = find_cuts(&p->steps[i], s, i, text, e);
    if (rc) return rc;
    if (p->steps[i].behavior != SPLIT_ISOLATED) join_cuts(p->steps[i].behavior, s->steps[i].cuts, &s->steps[i].n);
    // Deeper steps use cuts of their own, so these stay as they are.
    for (size_t k = 0; !rc && k < s->steps[i].n; k++) {
        struct cut c = s->steps[i].cuts[k];
        rc = run_step(p, s, i + 1, slice_of(text.p + c.start, c.end - c.start), piece, ctx, e);
    }
    return rc;
}

int pretokenize_steps(const struct pretokenizer *p, struct pretokenize_state *s, struct slice text,
                      pretokenize_piece *piece, void *ctx, struct err *e)
{
    return run_step(p, s, 0, text, piece, ctx, e);
}
