#include "jobs/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const double TENTH = 100.0 / RUN_TENTHS;
static const double STRETCH_MIN = 1; // percent that are worth a comparison
static const double SAME = 0.02;     // nobody notices less
static const double MOST = 0.6;      // of what was lost, in one stretch
static const double TOTALS_SAME = 1e-3;
enum { SAY_RUNS = 700, SAY_STATES = 800 }; // bytes: who comes when so much is said isn't mentioned any more

static bool has_way(const struct compare_run *r)
{
    return r->times.reached - r->times.start >= STRETCH_MIN && r->times.seconds > 0;
}

// ---- what is compared ----------------------------------------------------------------------------------------------

static int common_stretch(struct comparison *c)
{
    int n = 0;
    double from = 0, to = 100;
    for (int i = 0; i < c->n; i++) {
        if (!has_way(&c->runs[i])) continue;
        from = fmax(from, c->runs[i].times.start);
        to = fmin(to, c->runs[i].times.reached);
        n++;
    }
    if (n < 2 || to - from < STRETCH_MIN) return 0;
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
        if (!has_way(&c->runs[i])) continue;
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

static void whole_durations(struct comparison *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++) {
        struct compare_run *r = &c->runs[i];
        if (strcmp(r->status, "completed") != 0 || r->times.seconds <= 0) continue;
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
    if (slow->seconds - fast->seconds < SAME * fast->seconds) return;
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

// ---- as a person would say it --------------------------------------------------------------------------------------

// Runs of one name are told apart by their ids.
static const char *called(const struct comparison *c, int i)
{
    const char *name = c->runs[i].name;
    if (!name[0]) return c->runs[i].id;
    for (int k = 0; k < c->n; k++)
        if (k != i && strcmp(c->runs[k].name, name) == 0) return c->runs[i].id;
    return name;
}

static void say_faster(struct buf *b, double ratio)
{
    if (ratio >= 2)
        buf_addf(b, "%.1f times as fast as", ratio);
    else
        buf_addf(b, "%.0f %% faster than", (ratio - 1) * 100);
}

static double units_per_second(const struct compare_run *r, const struct comparison *c)
{
    return (c->to - c->from) / 100 / r->seconds;
}

static void say_two(const struct comparison *c, struct buf *b)
{
    const struct compare_run *fast = &c->runs[c->fastest], *slow = &c->runs[c->slowest];
    const char *f = called(c, c->fastest), *s = called(c, c->slowest);
    double ratio = slow->seconds / fast->seconds;
    bool same = ratio < 1 + SAME;
    if (same)
        buf_addf(b, "%s and %s were about equally fast", f, s);
    else
        buf_addf(b, "%s was ", f), say_faster(b, ratio), buf_addf(b, " %s", s);
    if (c->basis == COMPARE_UNITS)
        buf_addf(b, " (%.4g %s a second against %.4g, with %lld to do against %lld)", units_per_second(fast, c),
                 fast->times.work.unit, units_per_second(slow, c), (long long)fast->times.work.total,
                 (long long)slow->times.work.total);
    if (c->basis == COMPARE_DURATION) buf_addf(b, " (%.3g s against %.3g s)", fast->seconds, slow->seconds);
    if (c->basis == COMPARE_DURATION || same) return;
    if (isnan(c->diverge_from))
        buf_add_str(b, "; the difference is spread over the whole way");
    else
        buf_addf(b, "; most of it between %.3g %% and %.3g %%", c->diverge_from, c->diverge_to);
}

static void say_many(const struct comparison *c, struct buf *b)
{
    int said = 0;
    buf_addf(b, "%s was the fastest", called(c, c->fastest));
    for (int i = 0; i < c->n && b->n < SAY_RUNS; i++) {
        if (i == c->fastest || isnan(c->runs[i].speed)) continue;
        buf_add_str(b, said++ ? ", " : ": ");
        if (1 / c->runs[i].speed < 1 + SAME)
            buf_add_str(b, "about as fast as");
        else
            say_faster(b, 1 / c->runs[i].speed);
        buf_addf(b, " %s", called(c, i));
    }
}

// What must be known with it: how far the common stretch goes, and who hasn't come to a good end.
static void say_bounds(const struct comparison *c, struct buf *b)
{
    if (c->from > 0 || c->to < 100)
        buf_addf(b, "; compared from %.3g %% to %.3g %%, which %s went through", c->from, c->to,
                 c->n == 2 ? "both" : "all of them");
}

static void say_states(const struct comparison *c, struct buf *b)
{
    for (int i = 0; i < c->n && b->n < SAY_STATES; i++) {
        const struct compare_run *r = &c->runs[i];
        bool failed = strcmp(r->status, "failed") == 0, cancelled = strcmp(r->status, "cancelled") == 0;
        if (strcmp(r->status, "completed") == 0) continue;
        if (!r->status[0] || strcmp(r->status, "queued") == 0 || strcmp(r->status, "starting") == 0) {
            buf_addf(b, "; %s has not begun", called(c, i));
            continue;
        }
        buf_addf(b, "; %s %s", called(c, i), failed ? "failed" : cancelled ? "was cancelled" : "is ");
        if (!failed && !cancelled) buf_addf(b, "%s", r->status);
        if (!isnan(r->progress)) buf_addf(b, " at %.3g %%", r->progress);
    }
}

static void say(struct comparison *c)
{
    struct buf b = BUF_INIT;
    int compared = 0;
    for (int i = 0; i < c->n; i++) compared += c->runs[i].seconds > 0;
    if (c->basis == COMPARE_NOTHING)
        buf_add_str(&b, "there is no stretch of progress that these runs have in common");
    else if (compared == 2)
        say_two(c, &b);
    else
        say_many(c, &b);
    if (c->basis == COMPARE_PROGRESS || c->basis == COMPARE_UNITS) say_bounds(c, &b);
    say_states(c, &b);
    snprintf(c->sentence, sizeof c->sentence, "%s", buf_cstr(&b));
    buf_release(&b);
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
            if (has_way(r)) r->seconds = run_times_between(&r->times, c->from, c->to) / weight(c, r);
        }
    } else {
        whole_durations(c);
    }
    rank(c);
    if (c->fastest < 0 || c->fastest == c->slowest) c->basis = COMPARE_NOTHING;
    if (c->basis == COMPARE_PROGRESS || c->basis == COMPARE_UNITS) diverge(c);
    say(c);
}
