#include "jobs/compare_internal.h"

#include <math.h>
#include <string.h>

static const double TENTH = 100.0 / RUN_TENTHS;
static const double MOST = 0.6; // of what was lost, in one stretch
static const double TOTALS_SAME = 1e-3;

bool compare_has_way(const struct compare_run *r)
{
    return r->times.reached - r->times.start >= COMPARE_STRETCH_MIN && r->times.seconds > 0;
}

// ---- what is compared ----------------------------------------------------------------------------------------------

static int common_stretch(struct comparison *c)
{
    int n = 0;
    double from = 0, to = 100;
    for (int i = 0; i < c->n; i++) {
        if (!compare_has_way(&c->runs[i])) continue;
        from = fmax(from, c->runs[i].times.start);
        to = fmin(to, c->runs[i].times.reached);
        n++;
    }
    if (n < 2 || to - from < COMPARE_STRETCH_MIN) return 0;
    c->from = from;
    c->to = to;
    return n;
}

// The same is counted in all, and not equally much of it.
static bool by_units(const struct comparison *c)
{
    const struct run_work *first = NULL;
    bool differ = false;
    for (int i = 0; i < c->n; i++) {
        const struct run_work *k = &c->runs[i].times.work;
        if (!compare_has_way(&c->runs[i])) continue;
        if (k->total <= 0 || !k->unit[0] || (first && strcmp(first->unit, k->unit) != 0)) return false;
        if (!first) first = k;
        differ |= fabs((double)k->total / (double)first->total - 1) > TOTALS_SAME;
    }
    return differ;
}

static double weight(const struct comparison *c, const struct compare_run *r)
{
    return c->basis == COMPARE_UNITS ? (double)r->times.work.total : 1;
}

// All of what there was to do: whole times say nothing beside those of a run that did a part.
static bool whole_way(const struct compare_run *r)
{
    return !compare_has_way(r) ||
           (r->times.start < COMPARE_STRETCH_MIN && r->times.reached > 100 - COMPARE_STRETCH_MIN);
}

static void whole_durations(struct comparison *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++) {
        struct compare_run *r = &c->runs[i];
        if (strcmp(r->status, "completed") != 0 || r->times.seconds <= 0 || !whole_way(r)) continue;
        r->seconds = r->times.seconds;
        n++;
    }
    if (n == c->n) c->basis = COMPARE_DURATION;
    for (int i = 0; i < c->n && n < c->n; i++) c->runs[i].seconds = (double)NAN;
}

static void rank(struct comparison *c)
{
    for (int i = 0; i < c->n; i++) {
        if (!(c->runs[i].seconds > 0)) continue;
        if (c->fastest < 0 || c->runs[i].seconds < c->runs[c->fastest].seconds) c->fastest = i;
        if (c->slowest < 0 || c->runs[i].seconds >= c->runs[c->slowest].seconds) c->slowest = i;
    }
    for (int i = 0; i < c->n && c->fastest >= 0; i++)
        c->runs[i].speed = c->runs[c->fastest].seconds / c->runs[i].seconds;
}

// ---- where they diverge --------------------------------------------------------------------------------------------

static double part_of(const struct comparison *c, const struct compare_run *r, int tenth)
{
    double lo = fmax(c->from, tenth * TENTH), hi = fmin(c->to, (tenth + 1) * TENTH);
    return hi > lo ? run_times_between(&r->times, lo, hi) / weight(c, r) : (double)NAN;
}

static void diverge(struct comparison *c)
{
    const struct compare_run *fast = &c->runs[c->fastest], *slow = &c->runs[c->slowest];
    double lost[RUN_TENTHS], all = 0; // what it lost, whatever it made up for elsewhere
    int covered = 0;
    for (int i = 0; i < RUN_TENTHS; i++) {
        double f = part_of(c, fast, i), s = part_of(c, slow, i);
        c->tenths[i] = f > 0 ? s / f : (double)NAN;
        lost[i] = isnan(f) ? 0 : s - f;
        covered += !isnan(f);
        if (lost[i] > 0) all += lost[i];
    }
    if (slow->seconds - fast->seconds < COMPARE_SAME * fast->seconds) return;
    for (int length = 1; 2 * length <= covered; length++) {
        double best = 0;
        int at = -1;
        for (int i = 0; i + length <= RUN_TENTHS; i++) {
            double sum = 0;
            for (int k = i; k < i + length; k++) sum += lost[k];
            if (sum > best) best = sum, at = i;
        }
        if (at < 0 || best < MOST * all) continue;
        c->diverge_from = fmax(c->from, at * TENTH);
        c->diverge_to = fmin(c->to, (at + length) * TENTH);
        c->diverge_share = best / all;
        return;
    }
}

void compare_runs(struct comparison *c)
{
    c->basis = COMPARE_NOTHING;
    c->from = c->to = c->diverge_from = c->diverge_to = c->diverge_share = (double)NAN;
    c->fastest = c->slowest = -1;
    for (int i = 0; i < RUN_TENTHS; i++) c->tenths[i] = (double)NAN;
    for (int i = 0; i < c->n; i++) c->runs[i].seconds = c->runs[i].speed = (double)NAN;
    if (common_stretch(c)) {
        c->basis = by_units(c) ? COMPARE_UNITS : COMPARE_PROGRESS;
        for (int i = 0; i < c->n; i++) {
            struct compare_run *r = &c->runs[i];
            if (compare_has_way(r)) r->seconds = run_times_between(&r->times, c->from, c->to) / weight(c, r);
        }
    } else {
        whole_durations(c);
    }
    rank(c);
    if (c->fastest < 0 || c->fastest == c->slowest) c->basis = COMPARE_NOTHING;
    if (c->basis == COMPARE_PROGRESS || c->basis == COMPARE_UNITS) diverge(c);
    compare_say(c);
}
