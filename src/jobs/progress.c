#include "jobs/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double TIME_CONSTANT_US = 5e6;
static const int64_t MIN_INTERVAL_US = 1000; // reports closer than this count as one
static const int64_t STABLE_SPAN_US = 1000000;
enum { STABLE_SAMPLES = 4 };
// While a job runs, rounding must not make 99.999 look like the end.
static const double ALMOST = 99.99;

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

double progress_in_phase(double from, double to, int64_t done, int64_t total)
{
    if (total <= 0) return from;
    return from + (to - from) * clamp((double)done / (double)total, 0, 1);
}

double progress_training(int64_t current_step, int64_t total_steps)
{
    return progress_in_phase(0, 100, current_step, total_steps);
}

void rate_reset(struct rate *r)
{
    *r = (struct rate){0};
}

void rate_update(struct rate *r, int64_t done, int64_t now_us)
{
    if (r->last_us == 0 || done < r->last_done) {
        *r = (struct rate){.start_us = now_us, .last_us = now_us, .start_done = done, .last_done = done, .samples = 1};
        return;
    }
    int64_t dt = now_us - r->last_us;
    if (dt < MIN_INTERVAL_US) return; // the next report brings the difference
    double v = (double)(done - r->last_done) * 1e6 / (double)dt;
    if (r->samples == 1) {
        r->mean = v;
        r->variance = 0;
    } else {
        // Weight by the time that the sample covers, and never less than a plain mean would give it, so that the start
        // isn't ruled by the first sample.
        double alpha = fmax(1 - exp(-(double)dt / TIME_CONSTANT_US), fmin(1.0 / r->samples, 0.5));
        if (now_us - r->start_us > (int64_t)TIME_CONSTANT_US) alpha = 1 - exp(-(double)dt / TIME_CONSTANT_US);
        double d = v - r->mean;
        r->mean += alpha * d;
        r->variance = (1 - alpha) * (r->variance + alpha * d * d);
    }
    r->samples++;
    r->last_us = now_us;
    r->last_done = done;
}

bool rate_stable(const struct rate *r)
{
    return r->samples >= STABLE_SAMPLES && r->last_us - r->start_us >= STABLE_SPAN_US && r->mean > 0;
}

double rate_value(const struct rate *r)
{
    return r->samples >= 2 ? r->mean : NAN;
}

struct eta rate_eta(const struct rate *r, double remaining)
{
    if (!rate_stable(r) || !(remaining >= 0)) return (struct eta){NAN, NAN, NAN};
    // The mean over n samples is known about √n better than one sample; n is bounded by the time constant's memory.
    double n = fmin(r->samples, 30);
    double spread = sqrt(r->variance / n) + 0.02 * r->mean;
    double slow = fmax(r->mean - 2 * spread, r->mean / 4);
    return (struct eta){remaining / r->mean, remaining / (r->mean + 2 * spread), remaining / slow};
}

void progress_init(struct progress *p, bool determinate)
{
    *p = (struct progress){.to = 100, .total = -1, .percent = determinate ? 0 : NAN, .determinate = determinate};
}

static void advance(struct progress *p, double percent)
{
    percent = clamp(percent, 0, ALMOST);
    if (isnan(p->percent) || percent > p->percent) p->percent = percent;
}

void progress_phase(struct progress *p, const char *name, int index, int count, double from, double to)
{
    snprintf(p->phase, sizeof p->phase, "%s", name);
    p->phase_index = index;
    p->phase_count = count;
    p->from = isnan(from) ? 0 : clamp(from, 0, 100);
    p->to = isnan(to) ? 100 : clamp(to, p->from, 100);
    p->done = 0;
    p->total = -1;
    p->unit[0] = 0;
    p->determinate = true;
    rate_reset(&p->rate);
    advance(p, p->from);
}

void progress_report(struct progress *p, int64_t done, int64_t total, const char *unit, int64_t now_us)
{
    p->done = done;
    p->total = total;
    if (unit && strncmp(unit, p->unit, sizeof p->unit - 1) != 0) { // what is kept may be cut short
        if (p->unit[0]) rate_reset(&p->rate);
        snprintf(p->unit, sizeof p->unit, "%s", unit);
    }
    rate_update(&p->rate, done, now_us);
    if (total > 0) {
        p->determinate = true;
        advance(p, progress_in_phase(p->from, p->to, done, total));
    }
}

void progress_complete(struct progress *p)
{
    p->percent = 100;
    p->determinate = true;
}

struct eta progress_eta(const struct progress *p)
{
    double units = (double)(p->total - p->done);
    if (p->total <= 0 || units < 0) return (struct eta){NAN, NAN, NAN};
    if (p->to > p->from) units += (100 - p->to) / (p->to - p->from) * (double)p->total;
    return rate_eta(&p->rate, units);
}
