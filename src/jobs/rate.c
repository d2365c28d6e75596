#include "jobs/rate.h"

#include <math.h>
#include <string.h>

static const double TIME_CONSTANT_US = 5e6;
static const int64_t HOLD_US = 200000;       // reports within it are one sample
static const int64_t MIN_INTERVAL_US = 1000; // a shorter one is no interval: its units come with the next
static const int64_t STABLE_SPAN_US = 1000000;
enum { STABLE_SAMPLES = 4 };

void rate_reset(struct rate *r)
{
    *r = (struct rate){0};
}

static void begin(struct rate *r, struct rate_point at)
{
    *r = (struct rate){.first = at, .closed = at, .begun = true, .mark_gap_us = HOLD_US, .n_marks = 1};
    r->marks[0] = at;
}

// Marks lie evenly over the run: when they are full every second one goes, and the next ones come half as often.
static void mark(struct rate *r, struct rate_point at)
{
    if (at.us - r->marks[r->n_marks - 1].us < r->mark_gap_us) return;
    if (r->n_marks == RATE_MARKS) {
        for (int i = 0; i < RATE_MARKS / 2; i++) r->marks[i] = r->marks[2 * i];
        r->n_marks = RATE_MARKS / 2;
        r->mark_gap_us *= 2;
        if (at.us - r->marks[r->n_marks - 1].us < r->mark_gap_us) return;
    }
    r->marks[r->n_marks++] = at;
}

static double per_second(struct rate_point from, struct rate_point to)
{
    return (double)(to.done - from.done) * 1e6 / (double)(to.us - from.us);
}

static void close_sample(struct rate *r)
{
    int64_t dt = r->open.us - r->closed.us;
    r->is_open = false;
    if (dt < MIN_INTERVAL_US) return;
    // By the time it covers, so that a mean over samples of any length is the mean over time; dividing by the weights'
    // sum keeps the start from being ruled by a value that nobody reported.
    double keep = exp(-(double)dt / TIME_CONSTANT_US);
    r->sum = keep * r->sum + (1 - keep) * per_second(r->closed, r->open);
    r->weight = keep * r->weight + (1 - keep);
    r->samples++;
    r->closed = r->open;
    mark(r, r->closed);
}

static struct rate_point newest(const struct rate *r)
{
    return r->is_open ? r->open : r->closed;
}

void rate_update(struct rate *r, int64_t done, int64_t now_us)
{
    struct rate_point at = {now_us, done};
    if (!r->begun || done < newest(r).done) {
        begin(r, at);
        return;
    }
    if (at.us < newest(r).us) at.us = newest(r).us;
    if (r->is_open && at.us - r->open_since_us >= HOLD_US) close_sample(r);
    if (!r->is_open) r->open_since_us = at.us;
    r->is_open = true;
    r->open = at;
}

void rate_skip(struct rate *r, int64_t units)
{
    if (!r->begun || units <= 0) return;
    // As if they had been there from the start: every difference stays what it was.
    r->first.done += units;
    r->closed.done += units;
    r->open.done += units;
    for (int i = 0; i < r->n_marks; i++) r->marks[i].done += units;
}

bool rate_stable(const struct rate *r)
{
    return r->samples >= STABLE_SAMPLES && r->closed.us - r->first.us >= STABLE_SPAN_US &&
           r->closed.done > r->first.done;
}

double rate_value(const struct rate *r)
{
    // The open sample may be the first report after a gap; what waited beside it is yet to come.
    if (r->samples >= 2) return r->sum / r->weight;
    struct rate_point last = newest(r);
    return r->begun && last.us - r->first.us >= MIN_INTERVAL_US ? per_second(r->first, last) : (double)NAN;
}

// ---- the time to come ---------------------------------------------------------------------------------------------

// The pace between the marks, the recent ones weighing more: its mean, and how far single stretches lie from it.
struct pace {
    double mean, variance; // units/s, (units/s)²
    double together;       // how alike neighbours are, 0 to 1
    double n;              // stretches, as far as they weigh
    double stretch_s;      // how long one is
    double age_s;          // how long ago this mean was true, on average
};

static struct rate_point point_at(const struct rate *r, int i)
{
    return i < r->n_marks ? r->marks[i] : r->closed;
}

static double bounded(double v, double lo, double hi)
{
    return fmin(fmax(v, lo), hi);
}

struct stretch {
    double rate, length_s, age_s, weight;
};

static struct stretch stretch_at(const struct rate *r, int i, double memory_s)
{
    struct rate_point a = point_at(r, i - 1), b = point_at(r, i);
    double length = (double)(b.us - a.us) / 1e6;
    double age = ((double)(r->closed.us - a.us) + (double)(r->closed.us - b.us)) / 2e6;
    return (struct stretch){per_second(a, b), length, age, length * exp(-age / memory_s)};
}

static struct pace pace_of(const struct rate *r, double memory_s)
{
    int n = r->n_marks + (r->closed.us > r->marks[r->n_marks - 1].us); // points
    double time = 0, units = 0, ages = 0, lengths = 0, squares = 0, off = 0, pairs = 0, last = 0;
    for (int i = 1; i < n; i++) {
        struct stretch it = stretch_at(r, i, memory_s);
        time += it.weight;
        units += it.weight * it.rate;
        ages += it.weight * it.age_s;
        lengths += it.weight * it.length_s;
        squares += it.weight * it.weight;
    }
    for (int i = 1; i < n; i++) {
        struct stretch it = stretch_at(r, i, memory_s);
        double d = it.rate - units / time;
        off += it.weight * d * d;
        if (i > 1) pairs += it.weight * d * last;
        last = d;
    }
    struct pace p = {.mean = units / time,
                     .variance = off / time,
                     .n = time * time / squares,
                     .stretch_s = lengths / time,
                     .age_s = ages / time};
    if (off > 0) p.together = bounded(pairs / off, 0, 0.8);
    if (p.n > 1) p.variance *= p.n / (p.n - 1);
    return p;
}

struct eta rate_eta(const struct rate *r, double remaining)
{
    const struct eta unknown = {(double)NAN, (double)NAN, (double)NAN};
    if (!rate_stable(r) || !(remaining >= 0) || !isfinite(remaining)) return unknown;
    double run_s = (double)(r->closed.us - r->first.us) / 1e6;
    struct pace all = pace_of(r, 1e3 * run_s), now = pace_of(r, fmax(TIME_CONSTANT_US / 1e6, run_s / 8));
    if (!(now.mean > 0)) return unknown;
    double seconds = remaining / now.mean;
    // Two means that aren't known exactly: the pace so far, and the one of the time to come, which is the less certain
    // the shorter it is. A pace that wanders slowly has told less than as many stretches that are each by themselves.
    double noise = now.variance * (1 + now.together) / (1 - now.together);
    double spread = sqrt(noise * (1 / now.n + now.stretch_s / fmax(seconds, 1e-9)));
    spread = 2 * (1 + 1 / now.n) * spread + 0.03 * now.mean;
    // If it has been getting slower or faster, and that is more than chance, it may go on doing so; 1.3 because a pace
    // that falls evenly with the work falls ever faster with time.
    double apart = now.mean - all.mean, chance = sqrt(now.variance / now.n), between = all.age_s - now.age_s;
    double ahead = now.age_s + fmin(seconds, 3 * run_s) / 2, trend = 0;
    if (between > 0.02 * run_s) trend = 1.3 * copysign(fmax(fabs(apart) - chance, 0), apart) / between * ahead;
    double later = bounded(now.mean + trend, now.mean / 2, now.mean * 2);
    double fast = fmax(now.mean, later) + spread, slow = fmin(now.mean, later) - spread;
    return (struct eta){seconds, remaining / fmin(fast, 4 * now.mean), remaining / fmax(slow, now.mean / 4)};
}
