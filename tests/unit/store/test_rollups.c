// Curves summed up as they are written: chosen rows are those that a look at every row would choose, also after a
// resume, and what is read does not grow with the curve.
#include "store/temp_store.h"

#include <math.h>

#include "base/mem.h"
#include "store/metric_batch.h"
#include "store/metric_summary.h"
#include "store/metrics_table.h"
#include "store/rollups_table.h"
#include "store/sql.h"
#include "store/trainings_table.h"

enum { MOST = 30000 };

static uint64_t seed = 7;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

// What was written, beside the database: the value of each step, NaN: no row.
struct truth {
    struct temp_store t;
    int64_t key;
    double loss[MOST];
    struct metric_batch batch;
    void (*body)(struct truth *t, struct store_tx *tx);
};

static int in_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct truth *t = ctx;
    (void)e;
    t->body(t, tx);
    return 0;
}

static void write_tx(struct truth *t, void (*body)(struct truth *t, struct store_tx *tx))
{
    struct err e = {0};
    t->body = body;
    if (store_write_wait(t->t.s, in_tx, t, &e) != 0) fail_msg("%s", e.message);
}

static void make_training(struct truth *t, struct store_tx *tx)
{
    struct training_row row;
    struct err e = {0};
    training_row_init(&row);
    snprintf(row.id, sizeof row.id, "trn_a");
    row.status = mem_strdup("running");
    row.created_at = 1;
    assert_int_equal(training_row_insert(tx, &row, &e), 0);
    t->key = row.key;
    training_row_release(&row);
}

static struct truth *begin(void)
{
    struct truth *t = mem_zalloc(sizeof *t);
    for (int i = 0; i < MOST; i++) t->loss[i] = (double)NAN;
    temp_store_init(&t->t);
    write_tx(t, make_training);
    return t;
}

static void end(struct truth *t)
{
    temp_store_release(&t->t);
    metric_batch_release(&t->batch);
    free(t);
}

static void put(struct truth *t, int64_t step, double loss)
{
    struct metric_row r;
    metric_row_init(&r);
    r.step = step;
    r.layer_idx = 3;
    r.timestamp = step + 1;
    r.loss = loss;
    metric_batch_add(&t->batch, &r);
    t->loss[step] = loss;
}

static void update(struct truth *t, struct store_tx *tx)
{
    bool more;
    struct err e = {0};
    if (metric_batch_put(tx, t->key, &t->batch, &e) != 0) fail_msg("%s", e.message);
    if (rollups_update(tx, t->key, &t->batch, &more, &e) != 0) fail_msg("%s", e.message);
    t->batch.n = 0;
    while (more)
        if (rollups_extend(tx, t->key, 3, &more, &e) != 0) fail_msg("%s", e.message);
}

static double some_loss(void)
{
    double v = (double)(random64() % 100000) / 1e5;
    return random64() % 200 == 0 ? v * 1e4 - 5e3 : v;
}

// Each bucket of what is chosen from the sums, against every row.
static void check_range(struct truth *t, struct store_tx *tx, int64_t from, int64_t to, int64_t max)
{
    struct metric_summaries s;
    struct metric_choice c;
    struct err e = {0};
    metric_summaries_init(&s);
    assert_int_equal(rollups_read(tx, t->key, 3, from - 1, to, max / 2, &s, &e), 0);
    int64_t rows = 0;
    for (int64_t i = from; i <= to && i < MOST; i++) rows += !isnan(t->loss[i]);
    assert_int_equal(metric_summaries_rows(&s, 0, s.n), rows);
    assert_true((int64_t)s.n <= 12 * max + 100);
    metric_summaries_choose(&s, (size_t)max, &c);
    assert_true((int64_t)c.n <= max);
    int64_t at = from;
    size_t k = 0;
    for (size_t b = 0; b < c.n_buckets; b++) {
        double low = (double)INFINITY, high = -(double)INFINITY, kept_low = low, kept_high = high;
        for (; at <= c.bucket_ends[b]; at++) {
            if (isnan(t->loss[at])) continue;
            low = fmin(low, t->loss[at]);
            high = fmax(high, t->loss[at]);
            if (k == c.n || c.steps[k] != at) continue;
            kept_low = fmin(kept_low, t->loss[at]);
            kept_high = fmax(kept_high, t->loss[at]);
            k++;
        }
        assert_true(low == kept_low && high == kept_high);
    }
    assert_int_equal(k, c.n);
    metric_choice_release(&c);
    metric_summaries_release(&s);
}

static void check(struct truth *t, struct store_tx *tx)
{
    check_range(t, tx, 0, MOST, 100);
    check_range(t, tx, 0, MOST, 3000);
    for (int i = 0; i < 10; i++) {
        int64_t from = (int64_t)(random64() % MOST), to = from + (int64_t)(random64() % (uint64_t)(MOST - from));
        check_range(t, tx, from, to, 30 + (int64_t)(random64() % 300));
    }
}

// One report's worth at a time, with gaps of random length between the steps.
static void grow(struct truth *t, struct store_tx *tx)
{
    for (int64_t step = 0; step < MOST;) {
        for (int i = 0; i < 50 && step < MOST; i++, step += 1 + (int64_t)(random64() % 3)) put(t, step, some_loss());
        update(t, tx);
    }
    check(t, tx);
}

static int64_t count_sums(struct store_tx *tx)
{
    struct err e = {0};
    struct sql_stmt *st = sql_begin(tx, "SELECT COUNT(*) FROM training_metric_rollups", &e);
    assert_non_null(st);
    assert_int_equal(sql_step(st, &e), 1);
    int64_t n = sql_i64(st, 0);
    sql_end(st);
    return n;
}

static void few(struct truth *t, struct store_tx *tx)
{
    int64_t rows = 0;
    for (int i = 0; i < MOST; i++) rows += !isnan(t->loss[i]);
    int64_t sums = count_sums(tx);
    assert_true(sums > rows / 10 && sums < rows / 8);
}

static void never_again_33_a_growing_curve_keeps_its_extremes_in_its_sums(void **state)
{
    (void)state;
    struct truth *t = begin();
    write_tx(t, grow);
    write_tx(t, few);
    end(t);
}

// Steps that are written again, late, in descending order, and between others.
static void disturb(struct truth *t, struct store_tx *tx)
{
    for (int round = 0; round < 30; round++) {
        int64_t at = (int64_t)(random64() % (MOST - 400));
        for (int i = 0; i < 100; i++) put(t, at + 3 * (99 - i), some_loss());
        put(t, (int64_t)(random64() % MOST), some_loss());
        update(t, tx);
        if (round % 10 == 9) check(t, tx);
    }
}

static void backwards(struct truth *t, struct store_tx *tx)
{
    for (int64_t step = 9000; step >= 0; step--) {
        put(t, step, some_loss());
        if (step % 40 == 0) update(t, tx);
    }
    check(t, tx);
}

static void never_again_25_steps_written_again_or_late_have_their_sums_made_again(void **state)
{
    (void)state;
    struct truth *t = begin();
    write_tx(t, grow);
    write_tx(t, disturb);
    end(t);
    t = begin();
    write_tx(t, backwards);
    write_tx(t, few);
    end(t);
}

static void cut(struct truth *t, struct store_tx *tx)
{
    struct err e = {0};
    for (int round = 0; round < 12; round++) {
        int64_t step = MOST / 2 + (int64_t)(random64() % (MOST / 2));
        assert_int_equal(metric_rows_cut(tx, t->key, 3, step, &e), 0);
        for (int64_t i = step + 1; i < MOST; i++) t->loss[i] = (double)NAN;
        check(t, tx);
        int64_t stop = step + (int64_t)(random64() % 5000);
        for (int64_t i = step; i < MOST && i < stop; i++) {
            put(t, i, some_loss());
            if (i % 70 == 0) update(t, tx);
        }
        update(t, tx);
        check(t, tx);
    }
    assert_int_equal(metric_rows_cut(tx, t->key, 3, -1, &e), 0);
    assert_int_equal(count_sums(tx), 0);
}

static void never_again_25_a_resume_takes_the_sums_of_what_it_cuts_off_with_it(void **state)
{
    (void)state;
    struct truth *t = begin();
    write_tx(t, grow);
    write_tx(t, cut);
    end(t);
}

// Rows of a database that had no sums: found in any case, and summed up in pieces.
static void without_sums(struct truth *t, struct store_tx *tx)
{
    bool more = true;
    int calls = 0;
    struct err e = {0};
    for (int64_t step = 0; step < MOST; step++) put(t, step, some_loss());
    assert_int_equal(metric_batch_put(tx, t->key, &t->batch, &e), 0);
    t->batch.n = 0;
    struct metric_summaries s;
    metric_summaries_init(&s);
    assert_int_equal(rollups_read(tx, t->key, 3, -1, INT64_MAX, 10, &s, &e), 0);
    assert_int_equal(metric_summaries_rows(&s, 0, s.n), MOST);
    metric_summaries_release(&s);
    for (; more; calls++) assert_int_equal(rollups_extend(tx, t->key, 3, &more, &e), 0);
    assert_true(calls > 3);
    check(t, tx);
}

static void an_older_databases_curves_are_summed_up_in_pieces(void **state)
{
    (void)state;
    struct truth *t = begin();
    write_tx(t, without_sums);
    write_tx(t, few);
    end(t);
}

// The row of a step of one of three layers: with gaps, infinities, and other metrics, of which not every row has each.
static struct metric_row odd_row(int64_t step, int layer, char extra[64])
{
    struct metric_row r;
    metric_row_init(&r);
    r.step = step, r.layer_idx = layer, r.timestamp = step;
    r.loss = random64() % 7 ? some_loss() : (double)NAN;
    if (step > 1500) r.grad_norm = random64() % 50 ? some_loss() : (double)INFINITY;
    if (random64() % 3) r.learning_rate = random64() % 90 ? 1e-3 : -(double)INFINITY;
    snprintf(extra, 64, "{\"a\":%d,\"%c\":%.3f}", (int)(random64() % 100), (int)('b' + random64() % 3), some_loss());
    if (random64() % 4 == 0) r.extra = extra;
    return r;
}

static void put_rows(struct store_tx *tx, int64_t key, struct metric_row *rows, size_t n, bool sums)
{
    struct metric_batch b = {0};
    struct err e = {0};
    for (size_t i = 0; i < n; i++) metric_batch_add(&b, &rows[i]);
    if (metric_batch_put(tx, key, &b, &e) != 0) fail_msg("%s", e.message);
    if (sums && rollups_update(tx, key, &b, NULL, &e) != 0) fail_msg("%s", e.message);
    metric_batch_release(&b);
}

// Reports of 1 to 60 steps of three layers, their rows in any order; of layer 1 now and then also a row of a step that
// was written before, or of one to come, which the report of its neighbours then lacks. To training 1 with sums as they
// come, to training 2 without.
static void same_rows_twice(struct truth *t, struct store_tx *tx)
{
    enum { ALL = 5000, STEPS = 60, LAYERS = 3 };
    bool early[ALL] = {0};
    for (int64_t step = 0; step < ALL;) {
        struct metric_row rows[STEPS * LAYERS + 2];
        char extra[STEPS * LAYERS + 2][64];
        size_t n = 0;
        for (int64_t last = step + 1 + (int64_t)(random64() % STEPS); step < last && step < ALL; step++)
            for (int layer = 0; layer < LAYERS; layer++)
                if (layer != 1 || !early[step]) rows[n] = odd_row(step, layer, extra[n]), n++;
        if (random64() % 10 == 0) rows[n] = odd_row((int64_t)(random64() % (uint64_t)step), 1, extra[n]), n++;
        int64_t ahead = step + (int64_t)(random64() % STEPS);
        if (random64() % 2 == 0 && ahead < ALL) {
            rows[n] = odd_row(ahead, 1, extra[n]), n++;
            early[ahead] = true;
        }
        for (size_t i = n - 1; i > 0; i--) {
            size_t k = random64() % (i + 1);
            struct metric_row swapped = rows[i];
            rows[i] = rows[k], rows[k] = swapped;
        }
        put_rows(tx, t->key, rows, n, true);
        put_rows(tx, t->key + 1, rows, n, false);
    }
}

static void sum_up_afterwards(struct truth *t, struct store_tx *tx)
{
    struct err e = {0};
    for (int layer = 0; layer < 3; layer++)
        for (bool more = true; more;) assert_int_equal(rollups_extend(tx, t->key + 1, layer, &more, &e), 0);
}

static const struct metric_extremes *find_metric(const struct metric_summaries *s, size_t at, int name)
{
    for (int i = 0; i < s->list[at].n; i++)
        if (s->metrics[s->list[at].at + (size_t)i].name == name) return &s->metrics[s->list[at].at + (size_t)i];
    fail_msg("a summary up to step %lld lacks a metric", (long long)s->list[at].last_step);
    return NULL;
}

static void assert_same_summary(const struct metric_summaries *s, size_t a, size_t b)
{
    assert_int_equal(s->list[a].first_step, s->list[b].first_step);
    assert_int_equal(s->list[a].last_step, s->list[b].last_step);
    assert_int_equal(s->list[a].rows, s->list[b].rows);
    assert_int_equal(s->list[a].n, s->list[b].n);
    for (int i = 0; i < s->list[a].n; i++) {
        const struct metric_extremes *m = &s->metrics[s->list[a].at + (size_t)i], *o = find_metric(s, b, m->name);
        assert_true(m->lowest == o->lowest || (isnan(m->lowest) && isnan(o->lowest)));
        assert_true(m->highest == o->highest || (isnan(m->highest) && isnan(o->highest)));
        assert_int_equal(m->lowest_at, o->lowest_at);
        assert_int_equal(m->highest_at, o->highest_at);
        assert_int_equal(m->gap_at, o->gap_at);
        assert_int_equal(m->up_at, o->up_at);
        assert_int_equal(m->down_at, o->down_at);
    }
}

static void read_all_sums(struct store_tx *tx, int64_t key, int layer, struct metric_summaries *s)
{
    const char *text = "SELECT first_step, last_step, rows, data FROM training_metric_rollups WHERE training_id = ?1"
                       " AND layer_idx = ?2 ORDER BY level, last_step";
    struct err e = {0};
    struct sql_stmt *st = sql_begin(tx, text, &e);
    assert_non_null(st);
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, layer);
    while (sql_step(st, &e) == 1)
        assert_int_equal(metric_summaries_add(s, sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), sql_slice(st, 3), &e),
                         0);
    sql_end(st);
}

static void same_extremes(struct truth *t, struct store_tx *tx)
{
    enum { SUMS = 500 + 50 + 5 };
    struct err e = {0};
    for (int layer = 0; layer < 3; layer++) {
        struct metric_summaries s;
        metric_summaries_init(&s);
        for (int i = 0; i < 2; i++) read_all_sums(tx, t->key + i, layer, &s);
        // Of the layer that was written again, rows may be cut elsewhere; its highest levels come to the same.
        if (layer == 1) {
            metric_summaries_clear(&s);
            for (int i = 0; i < 2; i++) {
                assert_int_equal(rollups_read(tx, t->key + i, layer, -1, INT64_MAX, 1, &s, &e), 0);
                metric_summaries_fold(&s, (size_t)i, s.n);
            }
            assert_int_equal(s.n, 2);
        } else {
            assert_int_equal(s.n, 2 * SUMS);
        }
        for (size_t i = 0; i < s.n / 2; i++) assert_same_summary(&s, i, s.n / 2 + i);
        metric_summaries_release(&s);
    }
}

static void sums_of_a_report_are_those_of_its_rows_in_the_database(void **state)
{
    (void)state;
    struct truth *t = begin();
    write_tx(t, same_rows_twice);
    write_tx(t, sum_up_afterwards);
    write_tx(t, same_extremes);
    end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_33_a_growing_curve_keeps_its_extremes_in_its_sums),
        cmocka_unit_test(never_again_25_steps_written_again_or_late_have_their_sums_made_again),
        cmocka_unit_test(never_again_25_a_resume_takes_the_sums_of_what_it_cuts_off_with_it),
        cmocka_unit_test(sums_of_a_report_are_those_of_its_rows_in_the_database),
        cmocka_unit_test(an_older_databases_curves_are_summed_up_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
