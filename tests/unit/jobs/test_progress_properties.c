// What holds for progress whatever comes, tried on thousands of random histories of every kind.
//
// A failure names its seed; HEADWAY_TEST_SEED=N HEADWAY_TEST_SEEDS=1 plays that one alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/kinds.h"
#include "jobs/progress_download.h"

static uint64_t from_env(const char *name, uint64_t def)
{
    const char *s = getenv(name);
    return s ? strtoull(s, NULL, 10) : def;
}

static uint64_t next(uint64_t *r)
{
    *r ^= *r << 13, *r ^= *r >> 7, *r ^= *r << 17;
    return *r;
}

// Counts as they come: mostly small and forward, now and then absurd.
static int64_t count(uint64_t *r, int64_t about)
{
    switch (next(r) % 24) {
    case 0: return 0;
    case 1: return -1;
    case 2: return INT64_C(1) << 53;
    case 3: return -(INT64_C(1) << 53);
    case 4: return about / 2;
    case 5: return INT64_MAX / 4;
    default: return about + (int64_t)(next(r) % 200);
    }
}

static double share(uint64_t *r)
{
    switch (next(r) % 12) {
    case 0: return (double)NAN;
    case 1: return (double)INFINITY;
    case 2: return -(double)INFINITY;
    case 3: return -5;
    case 4: return 1e300;
    default: return (double)(next(r) % 12000) / 100 - 10;
    }
}

// One clock for all: forward, standing still, and jumping far; never back but by a slip, which must not hurt either.
static int64_t later(uint64_t *r, int64_t now)
{
    switch (next(r) % 16) {
    case 0: return now;
    case 1: return now + (int64_t)(next(r) % 100000000000);
    case 2: return now > 2000 ? now - 1000 : now;
    default: return now + (int64_t)(next(r) % 500000);
    }
}

// NULL, or what is wrong.
static const char *wrong(const struct progress *p, double last, bool completed)
{
    if (isnan(p->percent) && (p->determinate || !isnan(last))) return "a percentage that was known isn't any more";
    if (!isnan(p->percent) && !(p->percent >= 0 && p->percent <= 100)) return "not within 0 to 100";
    if ((p->percent == 100) != completed) return "100 exactly when completed";
    if (!isnan(last) && p->percent < last) return "it went back";
    double rate = rate_value(&p->rate);
    if (!isnan(rate) && !(rate >= 0 && isfinite(rate))) return "a rate that is none";
    struct eta eta = progress_eta(p);
    if (isnan(eta.seconds) != isnan(eta.low) || isnan(eta.seconds) != isnan(eta.high)) return "half an ETA";
    if (isnan(eta.seconds)) return NULL;
    if (!(0 <= eta.low && eta.low <= eta.seconds && eta.seconds <= eta.high)) return "an ETA out of its range";
    if (!isfinite(eta.high)) return "an ETA without end";
    if (!rate_stable(&p->rate)) return "an ETA before the rate is stable";
    return NULL;
}

static void of_random_reports(void **state)
{
    (void)state;
    uint64_t first = from_env("HEADWAY_TEST_SEED", 1), seeds = from_env("HEADWAY_TEST_SEEDS", 6000);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        uint64_t r = seed * 0x9e3779b97f4a7c15ULL | 1;
        struct progress p;
        int64_t now = (int64_t)(next(&r) % 1000000), done = 0;
        progress_init(&p, seed % 2);
        double last = p.percent;
        bool completed = false;
        for (int step = 0; step < 120; step++) {
            now = later(&r, now);
            switch (next(&r) % 40) {
            case 0: progress_phase(&p, "p", (int)(next(&r) % 9), 6, share(&r), share(&r)); break;
            case 1: progress_resumed(&p); break;
            case 2: progress_found(&p, (int64_t)(next(&r) % 1000)); break;
            case 3:
                if (step > 90) progress_complete(&p), completed = true;
                break;
            default:
                done = count(&r, done);
                progress_report(&p, done, next(&r) % 9 ? 20000 : count(&r, 100), step % 31 ? "x" : "y", now);
                if (done < 0 || done > 1000000) done = 0;
            }
            const char *what = wrong(&p, last, completed);
            if (what) fail_msg("seed %llu, step %d: %s", (unsigned long long)seed, step, what);
            last = p.percent;
        }
    }
}

// The way of a job of a kind through its phases, even or not, with resumes in between: each begins where it belongs.
static void of_every_kind(void **state)
{
    (void)state;
    static const struct phase_spec model[] = {{"downloading", 0, 100}, {NULL, 0, 0}};
    const struct phase_spec *kinds[16] = {download_dataset_phases, model};
    int n = 2;
    for (const struct job_kind *k; n < 16 && (k = job_kind_at((size_t)(n - 2))) != NULL; n++) kinds[n] = k->phases;
    uint64_t first = from_env("HEADWAY_TEST_SEED", 1), seeds = from_env("HEADWAY_TEST_SEEDS", 2000);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        uint64_t r = seed * 0x9e3779b97f4a7c15ULL | 1;
        const struct phase_spec *it = kinds[seed % (uint64_t)n];
        struct progress p;
        int64_t now = 1;
        progress_init(&p, it != NULL);
        double last = p.percent;
        for (int i = 0; it && it->name; it++, i++) {
            progress_phase(&p, it->name, i + 1, 0, it->from, it->to);
            if (p.percent != it->from)
                fail_msg("seed %llu: %s begins at %f", (unsigned long long)seed, it->name, p.percent);
            int64_t total = 1 + (int64_t)(next(&r) % 100000), done = 0;
            while (done < total) {
                done += 1 + (int64_t)(next(&r) % (uint64_t)(total / 10 + 1));
                if (done > total) done = total;
                if (next(&r) % 10 == 0) progress_resumed(&p), now += 1000000000;
                now += 1000 + (int64_t)(next(&r) % 3000000);
                progress_report(&p, done, total, "units", now);
                const char *what = wrong(&p, last, false);
                if (what) fail_msg("seed %llu, %s: %s", (unsigned long long)seed, it->name, what);
                double is = it->from + (it->to - it->from) * (double)done / (double)total;
                if (fabs(p.percent - fmin(is, 99.99)) > 1e-9)
                    fail_msg("seed %llu, %s: %f, not %f", (unsigned long long)seed, it->name, p.percent, is);
                last = p.percent;
            }
        }
        progress_complete(&p);
        assert_null(wrong(&p, last, true));
    }
}

// Files that come in any order, are found in part, begin anew, are missing, of sizes said late or wrongly: the
// percentage stays honest, and a percent passed or 2 s of moving bytes are never left untold.
static void of_random_downloads(void **state)
{
    (void)state;
    uint64_t first = from_env("HEADWAY_TEST_SEED", 1), seeds = from_env("HEADWAY_TEST_SEEDS", 3000);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        uint64_t r = seed * 0x9e3779b97f4a7c15ULL | 1;
        struct download d = DOWNLOAD_INIT;
        struct progress p;
        struct emission e = EMISSION_INIT;
        progress_init(&p, true);
        int n = 1 + (int)(next(&r) % 6);
        for (int i = 0; i < n; i++) {
            download_add(&d, next(&r) % 4 ? (int64_t)(next(&r) % 1000000) : -1);
            if (next(&r) % 3 == 0) download_found(&d, i, (int64_t)(next(&r) % 500000));
        }
        double last = 0, told = -1;
        int64_t now = 1, told_us = 0, told_done = 0;
        for (int step = 0; step < 200; step++) {
            int i = (int)(next(&r) % (uint64_t)n);
            now += (int64_t)(next(&r) % 400000);
            switch (next(&r) % 30) {
            case 0: download_size(&d, i, (int64_t)(next(&r) % 1000000)); break;
            case 1: download_missing(&d, i); break;
            case 2: download_finished(&d, i); break;
            case 3: download_bytes(&d, i, 0); break;
            default: download_bytes(&d, i, d.files[i].bytes + (int64_t)(next(&r) % 30000));
            }
            download_report(&d, &p, now);
            const char *what = wrong(&p, last, false);
            if (!what && download_total(&d) >= 0 && download_done(&d) > download_total(&d)) what = "more than all";
            bool sent = emission_due(&e, &p, now);
            if (!what && !sent && floor(p.percent) > floor(told) + 1) what = "a percent passed in silence";
            if (!what && !sent && told_us && p.done != told_done && now - told_us >= 2000000) what = "2 s of silence";
            if (what) fail_msg("seed %llu, step %d: %s", (unsigned long long)seed, step, what);
            if (sent) told = p.percent, told_us = now, told_done = p.done;
            last = p.percent;
        }
        download_release(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_random_reports),
        cmocka_unit_test(of_every_kind),
        cmocka_unit_test(of_random_downloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
