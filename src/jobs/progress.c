#include "jobs/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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
    utf8_end(p->phase);
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
        utf8_end(p->unit);
    }
    rate_update(&p->rate, done, now_us);
    if (total > 0) {
        p->determinate = true;
        advance(p, progress_in_phase(p->from, p->to, done, total));
    }
}

void progress_found(struct progress *p, int64_t units)
{
    rate_skip(&p->rate, units);
}

void progress_resumed(struct progress *p)
{
    rate_reset(&p->rate);
}

void progress_complete(struct progress *p)
{
    p->percent = 100;
    p->determinate = true;
}

struct eta progress_eta(const struct progress *p)
{
    double own = (double)p->total - (double)p->done, later = 0;
    if (p->total <= 0 || own < 0) return (struct eta){(double)NAN, (double)NAN, (double)NAN};
    if (p->to > p->from) later = (100 - p->to) / (p->to - p->from) * (double)p->total;
    struct eta eta = rate_eta(&p->rate, own + later), least = rate_eta(&p->rate, own),
               most = rate_eta(&p->rate, own + 2 * later);
    return (struct eta){eta.seconds, fmin(least.low, eta.low), fmax(most.high, eta.high)};
}
