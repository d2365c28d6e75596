// A comparison as a person would say it.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "jobs/compare_internal.h"

enum { SAY_RUNS = 700, SAY_STATES = 800 }; // bytes: who comes when so much is said isn't mentioned any more

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

// Four digits, and never an exponent.
static void say_number(struct buf *b, double v)
{
    if (v >= 1000)
        buf_addf(b, "%.0f", v);
    else
        buf_addf(b, "%.4g", v);
}

static void say_seconds(struct buf *b, double v)
{
    long long whole = llround(v);
    if (whole < 120)
        buf_addf(b, "%.3g s", v);
    else if (whole < 7200)
        buf_addf(b, "%lld min %lld s", whole / 60, whole % 60);
    else
        buf_addf(b, "%lld h %lld min", whole / 3600, whole % 3600 / 60);
}

static void say_units(const struct comparison *c, struct buf *b)
{
    const struct compare_run *fast = &c->runs[c->fastest], *slow = &c->runs[c->slowest];
    bool bytes = strcmp(fast->times.work.unit, "bytes") == 0;
    double scale = bytes ? 1024 * 1024 : 1;
    buf_add_str(b, " (");
    say_number(b, units_per_second(fast, c) / scale);
    buf_addf(b, " %s a second against ", bytes ? "MiB" : fast->times.work.unit);
    say_number(b, units_per_second(slow, c) / scale);
    buf_add_str(b, ", with ");
    say_number(b, (double)fast->times.work.total / scale);
    buf_add_str(b, " to do against ");
    say_number(b, (double)slow->times.work.total / scale);
    buf_add_str(b, ")");
}

static void say_durations(const struct comparison *c, struct buf *b)
{
    buf_add_str(b, " (");
    say_seconds(b, c->runs[c->fastest].seconds);
    buf_add_str(b, " against ");
    say_seconds(b, c->runs[c->slowest].seconds);
    buf_add_str(b, ")");
}

static void say_two(const struct comparison *c, struct buf *b)
{
    const struct compare_run *fast = &c->runs[c->fastest], *slow = &c->runs[c->slowest];
    const char *f = called(c, c->fastest), *s = called(c, c->slowest);
    double ratio = slow->seconds / fast->seconds;
    bool same = ratio < 1 + COMPARE_SAME;
    if (same)
        buf_addf(b, "%s and %s were about equally fast", f, s);
    else
        buf_addf(b, "%s was ", f), say_faster(b, ratio), buf_addf(b, " %s", s);
    if (c->basis == COMPARE_UNITS) say_units(c, b);
    if (c->basis == COMPARE_DURATION) say_durations(c, b);
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
    if (c->basis == COMPARE_UNITS) buf_addf(b, " by %s a second", c->runs[c->fastest].times.work.unit);
    for (int i = 0; i < c->n && b->n < SAY_RUNS; i++) {
        if (i == c->fastest || isnan(c->runs[i].speed)) continue;
        buf_add_str(b, said++ ? ", " : ": ");
        if (1 / c->runs[i].speed < 1 + COMPARE_SAME)
            buf_add_str(b, "about as fast as");
        else
            say_faster(b, 1 / c->runs[i].speed);
        buf_addf(b, " %s", called(c, i));
    }
}

static int compared(const struct comparison *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++) n += c->runs[i].seconds > 0;
    return n;
}

// What must be known with it: how far the common stretch goes, what isn't of one kind, and who hasn't come to a good
// end.
static void say_bounds(const struct comparison *c, struct buf *b)
{
    int n = compared(c);
    if (c->from > 0 || c->to < 100)
        buf_addf(b, "; compared from %.3g %% to %.3g %%, which %s went through", c->from, c->to,
                 n == 2      ? "both"
                 : n == c->n ? "all of them"
                             : "all of these");
}

static void say_kinds(const struct comparison *c, struct buf *b)
{
    const char *kind = c->runs[c->fastest].kind;
    for (int i = 0; i < c->n; i++) {
        if (!(c->runs[i].seconds > 0) || strcmp(c->runs[i].kind, kind) == 0) continue;
        buf_add_str(b, "; they are not of one kind");
        return;
    }
}

static bool is_any(const char *status, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(status, *names) == 0) return true;
    return false;
}

// Of one that isn't compared with those that are.
static const char *why_not(const struct comparison *c, const struct compare_run *r)
{
    bool by_way = c->basis == COMPARE_PROGRESS || c->basis == COMPARE_UNITS;
    if (!by_way || r->seconds > 0) return NULL;
    if (isnan(r->times.reached) || !(r->times.start < 100)) return "tells no percentage to compare by";
    return compare_has_way(r) ? "was too quick there to be measured" : "has not come far enough to be compared";
}

static void say_state(const struct comparison *c, int i, struct buf *b)
{
    static const char *const unbegun[] = {"", "queued", "starting", NULL};
    const struct compare_run *r = &c->runs[i];
    const char *name = called(c, i), *why = why_not(c, r);
    bool failed = strcmp(r->status, "failed") == 0, cancelled = strcmp(r->status, "cancelled") == 0;
    if (strcmp(r->status, "completed") == 0) {
        if (r->times.reached < 100 - COMPARE_STRETCH_MIN)
            buf_addf(b, "; %s completed after %.3g %% of its way", name, r->times.reached);
        else if (why)
            buf_addf(b, "; %s %s", name, why);
        return;
    }
    // One that is queued again after a pause has begun.
    if (is_any(r->status, unbegun) && !(r->times.seconds > 0)) {
        buf_addf(b, "; %s has not begun", name);
        return;
    }
    buf_addf(b, "; %s %s", name, failed ? "failed" : cancelled ? "was cancelled" : "is ");
    if (!failed && !cancelled) buf_addf(b, "%s", r->status);
    if (!isnan(r->progress)) buf_addf(b, " at %.3g %%", r->progress);
    if (why) buf_addf(b, " and %s", why);
}

static void say_states(const struct comparison *c, struct buf *b)
{
    for (int i = 0; i < c->n && b->n < SAY_STATES; i++) say_state(c, i, b);
}

void compare_say(struct comparison *c)
{
    struct buf b = BUF_INIT;
    if (c->basis == COMPARE_NOTHING && !isnan(c->from))
        buf_add_str(&b, "the stretch of progress that these runs have in common was too short to be measured");
    else if (c->basis == COMPARE_NOTHING)
        buf_add_str(&b, "there is no stretch of progress that these runs have in common");
    else if (compared(c) == 2)
        say_two(c, &b);
    else
        say_many(c, &b);
    if (c->basis == COMPARE_PROGRESS || c->basis == COMPARE_UNITS) say_bounds(c, &b);
    if (c->basis != COMPARE_NOTHING) say_kinds(c, &b);
    say_states(c, &b);
    snprintf(c->sentence, sizeof c->sentence, "%s", buf_cstr(&b));
    buf_release(&b);
}
