// The remaining time as a forecast: runs whose end is known are played, and at each report after the first fifth the
// truth is held against the range. What is asserted is how often it lies inside, and that the range says something.
//
// HEADWAY_TEST_SEED=N plays other runs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/rate.h"

enum { RUNS = 60, STEPS = 2000 };

static uint64_t base_seed(void)
{
    const char *s = getenv("HEADWAY_TEST_SEED");
    return s ? strtoull(s, NULL, 10) : 1;
}

// ---- random numbers -----------------------------------------------------------------------------------------------

static double uniform(uint64_t *r)
{
    *r = *r * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*r >> 11) / 9007199254740992.0;
}

static double normal(uint64_t *r)
{
    double u = 1 - uniform(r), v = uniform(r);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

// ---- runs ---------------------------------------------------------------------------------------------------------

// How long each of n steps takes, in seconds.
typedef void (*run_fn)(double *seconds, int n, uint64_t *r);

static void constant(double *s, int n, uint64_t *r)
{
    double each = 0.01 + 0.5 * uniform(r);
    for (int i = 0; i < n; i++) s[i] = each;
}

static void noisy(double *s, int n, uint64_t *r)
{
    double each = 0.01 + 0.5 * uniform(r);
    for (int i = 0; i < n; i++) s[i] = each * exp(0.6 * normal(r));
}

// From once to twice as long, or the other way round.
static void drifting(double *s, int n, uint64_t *r)
{
    double each = 0.01 + 0.3 * uniform(r);
    bool slower = uniform(r) < 0.5;
    for (int i = 0; i < n; i++) {
        double at = (double)i / n;
        s[i] = each * (slower ? 1 + at : 2 - at) * exp(0.1 * normal(r));
    }
}

// Another speed from a place in the first third on, which nobody announces.
static void two_phase(double *s, int n, uint64_t *r)
{
    double each = 0.01 + 0.3 * uniform(r), factor = uniform(r) < 0.5 ? 2.5 : 0.4;
    int change = (int)(n * (0.05 + 0.25 * uniform(r)));
    for (int i = 0; i < n; i++) s[i] = each * (i < change ? 1 : factor) * exp(0.1 * normal(r));
}

static void uneven(double *s, int n, uint64_t *r)
{
    double each = 0.01 + 0.5 * uniform(r);
    for (int i = 0; i < n; i++) s[i] = i % 50 == 49 ? 10 * each : each;
}

// The pace wanders and comes back, as a network's does, with a stall now and then.
static void wandering(double *s, int n, uint64_t *r)
{
    double each = 0.01 + 0.2 * uniform(r), x = 0;
    for (int i = 0; i < n; i++) {
        x = 0.98 * x + 0.12 * normal(r);
        s[i] = each * exp(x);
        if (uniform(r) < 0.002) s[i] += 20 * each;
    }
}

// ---- playing one --------------------------------------------------------------------------------------------------

struct score {
    int64_t asked, covered, absent;
    double width; // sum of (high - low) / seconds
};

// Reports every `every_s` at least (what happens between is not reported), from `begun` steps on, as after a resume.
// `hold_s`: reports wait for as long now and then, and then come all at once.
static void play(run_fn run, int n, double every_s, int begun, double hold_s, uint64_t seed, struct score *out)
{
    double seconds[STEPS];
    uint64_t r = seed * 0x9e3779b97f4a7c15ULL + 7;
    for (int i = 0; i < 4; i++) (void)uniform(&r);
    run(seconds, n, &r);
    double whole = 0, at = 0, reported = -1, held_until = 0;
    for (int i = 0; i < n; i++) whole += seconds[i];
    struct rate rate;
    rate_reset(&rate);
    rate_update(&rate, begun, 1000000);
    for (int i = 0; i < n; i++) {
        at += seconds[i];
        if (at - reported < every_s) continue;
        reported = at;
        if (hold_s > 0 && at >= held_until && uniform(&r) < 0.02) held_until = at + hold_s * uniform(&r);
        bool held = at < held_until;
        // What waits keeps its order and comes within a few milliseconds of the wait's end.
        double seen = held ? held_until + 0.0001 * (at / held_until) : at;
        rate_update(&rate, begun + i + 1, 1000000 + (int64_t)(seen * 1e6));
        if (held || at < 0.2 * whole || i + 1 == n) continue;
        double truth = whole - at;
        struct eta eta = rate_eta(&rate, n - i - 1);
        out->asked++;
        if (isnan(eta.seconds)) {
            out->absent++;
            continue;
        }
        assert_true(eta.low >= 0 && eta.low <= eta.seconds && eta.seconds <= eta.high && isfinite(eta.high));
        out->covered += eta.low <= truth && truth <= eta.high;
        out->width += (eta.high - eta.low) / eta.seconds;
    }
}

static void covers(const char *name, run_fn run, int n, double every_s, int begun, double hold_s, double least,
                   double widest)
{
    struct score s = {0};
    for (uint64_t i = 0; i < RUNS; i++) play(run, n, every_s, begun, hold_s, base_seed() * 1000 + i, &s);
    double share = (double)s.covered / (double)s.asked, width = s.width / (double)(s.asked - s.absent);
    print_message("    %-34s in range %5.1f %%, range %3.0f %% of it, absent %.1f %%\n", name, 100 * share, 100 * width,
                  100.0 * (double)s.absent / (double)s.asked);
    if (share < least || width > widest)
        fail_msg("seed %llu: %s: %.3f of the forecasts held (at least %.2f), range %.2f (at most %.2f)",
                 (unsigned long long)base_seed(), name, share, least, width, widest);
}

static void constant_runs(void **state)
{
    (void)state;
    covers("constant", constant, 1000, 0.05, 0, 0, 0.99, 0.2);
    covers("constant, resumed", constant, 1000, 0.05, 700, 0, 0.99, 0.2);
    covers("constant, 100 steps", constant, 100, 0.05, 0, 0, 0.8, 0.2);
}

static void noisy_runs(void **state)
{
    (void)state;
    covers("noisy", noisy, 1000, 0.05, 0, 0, 0.9, 0.8);
    covers("noisy, a report each 30 s", noisy, 2000, 30, 0, 0, 0.8, 0.9);
}

static void drifting_runs(void **state)
{
    (void)state;
    covers("drifting", drifting, 1000, 0.05, 0, 0, 0.8, 1.2);
}

static void two_phase_runs(void **state)
{
    (void)state;
    covers("two speeds", two_phase, 1000, 0.05, 0, 0, 0.9, 1.4);
}

static void runs_reported_in_bursts(void **state)
{
    (void)state;
    covers("constant, in bursts", constant, 1000, 0.05, 0, 20, 0.8, 0.9);
    covers("noisy, in bursts", noisy, 1000, 0.05, 0, 20, 0.8, 1.2);
}

static void every_50th_step_takes_ten_times_as_long(void **state)
{
    (void)state;
    covers("checkpoints", uneven, 2000, 0.05, 0, 0, 0.9, 0.6);
    covers("checkpoints, 8 of them", uneven, 400, 0.05, 0, 0, 0.8, 1.2);
    covers("checkpoints, resumed", uneven, 1000, 0.05, 5000, 0, 0.9, 0.9);
}

static void wandering_runs(void **state)
{
    (void)state;
    covers("wandering", wandering, 2000, 0.05, 0, 0, 0.8, 2.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_runs),           cmocka_unit_test(noisy_runs),
        cmocka_unit_test(drifting_runs),           cmocka_unit_test(two_phase_runs),
        cmocka_unit_test(runs_reported_in_bursts), cmocka_unit_test(every_50th_step_takes_ten_times_as_long),
        cmocka_unit_test(wandering_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
