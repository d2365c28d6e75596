// Curves summed up and thinned out: nothing that stands out is lost, whatever the way in which it was summed up.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/metric_summary.h"
#include "store/metrics_table.h"

enum { MOST = 6000, N_METRICS = 3 }; // loss, grad_norm and one of another name

static uint64_t state = 1;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static double random_value(void)
{
    uint64_t r = random64() % 1000;
    if (r < 5) return (double)NAN;
    if (r < 7) return (double)INFINITY;
    if (r < 9) return -(double)INFINITY;
    double v = (double)(random64() % 2000) / 1000 - 1;
    return r < 15 ? v * 1e6 : v; // spikes
}

struct curve {
    int64_t step[MOST];
    double value[MOST][N_METRICS];
    size_t n;
};

static void make_curve(struct curve *c, size_t n)
{
    int64_t step = (int64_t)(random64() % 50);
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        c->step[i] = step;
        step += 1 + (int64_t)(random64() % 20);
        for (int k = 0; k < N_METRICS; k++) c->value[i][k] = random_value();
    }
}

static void add_row(struct metric_summaries *s, const struct curve *c, size_t i)
{
    struct metric_row r;
    char extra[80];
    metric_row_init(&r);
    r.step = c->step[i];
    r.loss = c->value[i][0];
    r.grad_norm = c->value[i][1];
    if (isfinite(c->value[i][2])) {
        snprintf(extra, sizeof extra, "{\"accuracy\":%.17g}", c->value[i][2]);
        r.extra = extra;
    }
    metric_summaries_add_row(s, &r);
}

static bool kept(const struct metric_choice *c, int64_t step)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->steps[i] == step) return true;
    return false;
}

// Every bucket's first, last, lowest, highest, first missing and first infinite ones, looked for without any sums.
static void check(const struct curve *c, const struct metric_choice *got, size_t max)
{
    assert_true(got->n <= max);
    for (size_t i = 1; i < got->n; i++) assert_true(got->steps[i - 1] < got->steps[i]);
    size_t at = 0;
    for (size_t b = 0; b < got->n_buckets; b++) {
        size_t from = at;
        while (at < c->n && c->step[at] <= got->bucket_ends[b]) at++;
        assert_true(at > from);
        assert_true(kept(got, c->step[from]));
        assert_true(kept(got, c->step[at - 1]));
        for (int k = 0; k < N_METRICS; k++) {
            size_t low = at, high = at, gap = at, up = at, down = at;
            for (size_t i = at; i-- > from;) { // backwards: the first one stays
                double v = c->value[i][k];
                if (isnan(v) || (k == 2 && !isfinite(v))) {
                    gap = i;
                } else if (isinf(v)) {
                    *(v > 0 ? &up : &down) = i;
                } else {
                    if (low == at || v <= c->value[low][k]) low = i;
                    if (high == at || v >= c->value[high][k]) high = i;
                }
            }
            bool any = low < at || up < at || down < at;
            const size_t wanted[] = {low, high, any ? gap : at, up, down};
            for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
                if (wanted[i] < at) assert_true(kept(got, c->step[wanted[i]]));
        }
    }
    assert_int_equal(at, c->n); // every row lies in a bucket
}

// As rows; or summed up by about ten, as text, and that again.
static void sum_up(struct metric_summaries *out, const struct curve *c, int levels)
{
    metric_summaries_init(out);
    for (size_t i = 0; i < c->n; i++) add_row(out, c, i);
    for (int level = 0; level < levels; level++) {
        struct metric_summaries next;
        struct err e = {0};
        metric_summaries_init(&next);
        for (size_t at = 0; at < out->n;) {
            size_t to = at + 1 + random64() % 19;
            struct buf text = BUF_INIT;
            if (to > out->n) to = out->n;
            metric_summaries_write(out, at, to, &text);
            assert_int_equal(metric_summaries_add(&next, out->list[at].first_step, out->list[to - 1].last_step,
                                                  metric_summaries_rows(out, at, to), buf_slice(&text), &e),
                             0);
            buf_release(&text);
            at = to;
        }
        metric_summaries_release(out);
        *out = next;
    }
}

static void never_again_33_no_extreme_of_any_metric_is_lost(void **unused)
{
    (void)unused;
    static struct curve c;
    for (int round = 0; round < 120; round++) {
        struct metric_summaries s;
        struct metric_choice got;
        make_curve(&c, 1 + random64() % MOST);
        size_t max = 17 + random64() % 2000; // one bucket takes 2 + 5 a metric
        sum_up(&s, &c, round % 4);
        assert_int_equal(metric_summaries_rows(&s, 0, s.n), c.n);
        if (round % 5 == 0) metric_summaries_fold(&s, s.n / 3, 7);
        metric_summaries_choose(&s, max, &got);
        check(&c, &got, max);
        metric_choice_release(&got);
        metric_summaries_release(&s);
    }
}

static void most_of_what_is_asked_for_is_used(void **unused)
{
    (void)unused;
    static struct curve c;
    struct metric_summaries s;
    struct metric_choice got;
    make_curve(&c, MOST);
    for (size_t i = 0; i < c.n; i++)
        for (int k = 0; k < N_METRICS; k++) c.value[i][k] = 1.0 / (double)(1 + i);
    sum_up(&s, &c, 0);
    metric_summaries_choose(&s, 1000, &got);
    assert_true(got.n <= 1000);
    assert_true(got.n > 700);
    metric_choice_release(&got);
    metric_summaries_release(&s);
}

static void one_bucket_is_kept_whole_though_it_be_more_than_asked_for(void **unused)
{
    (void)unused;
    static struct curve c;
    struct metric_summaries s;
    struct metric_choice got;
    make_curve(&c, 500);
    sum_up(&s, &c, 1);
    metric_summaries_choose(&s, 1, &got);
    assert_int_equal(got.n_buckets, 1);
    check(&c, &got, 2 + 5 * N_METRICS);
    metric_choice_release(&got);
    metric_summaries_clear(&s);
    metric_summaries_choose(&s, 100, &got);
    assert_int_equal(got.n, 0);
    metric_choice_release(&got);
    metric_summaries_release(&s);
}

static void text_that_is_no_summary_is_refused(void **unused)
{
    (void)unused;
    static const char *const bad[] = {"?", "AQ", "AQE", "Af///////////w", "AP//////////fw", "/w"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct metric_summaries s;
        struct err e = {0};
        metric_summaries_init(&s);
        assert_int_equal(metric_summaries_add(&s, 0, 9, 10, slice_str(bad[i]), &e), HW_EINTERNAL);
        metric_summaries_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_33_no_extreme_of_any_metric_is_lost),
        cmocka_unit_test(most_of_what_is_asked_for_is_used),
        cmocka_unit_test(one_bucket_is_kept_whole_though_it_be_more_than_asked_for),
        cmocka_unit_test(text_that_is_no_summary_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
