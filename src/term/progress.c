#include "term/progress.h"

#include <string.h>

enum { BELOW_ENOUGH = 2 };

static bool same(const struct term_bar *a, const struct term_bar *b)
{
    return a->done == b->done && a->total == b->total && strcmp(a->unit, b->unit) == 0 &&
           strcmp(a->label, b->label) == 0;
}

static void accept(struct term_progress *p, int64_t row, const struct term_bar *b)
{
    if (!p->any || !same(&p->bar, b)) p->news = true;
    p->any = true;
    p->bar = *b;
    p->row = row;
    p->below = 0;
}

// One that must be seen twice: the same program, the same total, and further on.
static bool confirmed(struct term_progress *p, int64_t row, bool redrawn, const struct term_bar *b)
{
    if (b->trust == TERM_BAR_SURE) return true;
    if (b->trust == TERM_BAR_REDRAWN && !redrawn) return false;
    bool place = b->trust == TERM_BAR_LINES || row == p->maybe_row;
    bool follows = p->maybe_any && place && p->maybe.program == b->program && p->maybe.total == b->total;
    bool grown = follows && b->done > p->maybe.done;
    if (follows && b->done == p->maybe.done) return false; // nothing new: wait
    p->maybe = *b;
    p->maybe_row = row;
    p->maybe_any = true;
    return grown;
}

static bool goes_on(const struct term_progress *p, int64_t row, const struct term_bar *b)
{
    if (!p->any || p->bar.program != b->program) return false;
    if (b->trust == TERM_BAR_LINES) return p->bar.total == b->total && b->done >= p->bar.done;
    return row == p->row && (b->trust == TERM_BAR_SURE || b->done >= p->bar.done);
}

static bool finished(const struct term_bar *b)
{
    return b->total >= 0 && b->done >= b->total;
}

void term_progress_row(struct term_progress *p, int64_t row, bool settled, bool redrawn, struct slice text, int64_t top)
{
    struct term_bar b;
    if (p->any && top <= p->row) p->below = 0; // whoever draws it comes back to it
    if (!term_bar_read(text, &b)) return;
    if (goes_on(p, row, &b)) {
        accept(p, row, &b);
        return;
    }
    if (!confirmed(p, row, redrawn, &b)) return;
    // A bare number doesn't take the place of what is surely a bar; nor does anything below one that is still drawn.
    if (p->any && p->bar.trust == TERM_BAR_SURE && b.trust == TERM_BAR_REDRAWN && !finished(&p->bar)) return;
    if (p->any && row > p->row && b.trust != TERM_BAR_LINES) {
        if (p->below_row != row) p->below = 0;
        p->below_row = row;
        p->below += settled; // a drawing of which the end is still to come doesn't count
        if (p->below < BELOW_ENOUGH) return;
    }
    accept(p, row, &b);
}

bool term_progress_take(struct term_progress *p, struct term_bar *out)
{
    if (!p->news) return false;
    p->news = false;
    *out = p->bar;
    return true;
}
