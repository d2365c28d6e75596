// Trainings with rows like those of a training with five metrics, and reading them: shared by metric_queries.c and
// metric_scale.c.
#ifndef HW_BENCH_METRIC_LOAD_H
#define HW_BENCH_METRIC_LOAD_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/curve_sums.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/rollups_table.h"
#include "store/store.h"
#include "store/trainings_table.h"

static void stop(const char *what, const struct err *e)
{
    fprintf(stderr, "%s: %s\n", what, e->message);
    exit(1);
}

struct work {
    struct store *s;
    char id[24];
    int64_t key, from, to; // steps to write
    bool sums;
    struct metric_query query;
    void (*name)(char out[24], int i); // of the trainings to read together
    int first, count;
    int64_t rows;
    double lowest;
};

static void training_name(char out[24], int i)
{
    snprintf(out, 24, "trn_%06d", i);
}

static int make_training(struct store_tx *tx, void *ctx, struct err *e)
{
    struct work *w = ctx;
    struct training_row row;
    training_row_init(&row);
    memcpy(row.id, w->id, sizeof row.id);
    row.status = mem_strdup("completed");
    row.created_at = clock_now_us();
    int rc = training_row_insert(tx, &row, e);
    w->key = row.key;
    training_row_release(&row);
    return rc;
}

// One report: what a training with five metrics writes.
static int put(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct work *w = ctx;
    struct metric_batch batch = {0};
    for (int64_t step = w->from; step < w->to; step++) {
        struct metric_row r;
        metric_row_init(&r);
        r.step = step;
        r.timestamp = 1700000000000000 + step * 1000;
        r.loss = 1 / sqrt((double)step + 1) + (double)(step * 7919 % 1000) / 1e5;
        r.l0_sparsity = 0.05 + (double)(step * 104729 % 1000) / 1e5;
        r.explained_variance = 0.9;
        r.learning_rate = 1e-3;
        r.grad_norm = (double)(step * 31 % 977) / 100;
        metric_batch_add(&batch, &r);
    }
    int rc = metric_batch_put(tx, w->key, &batch, e);
    if (!rc && w->sums) rc = rollups_update(tx, w->key, &batch, NULL, e);
    metric_batch_release(&batch);
    return rc;
}

static void fill(struct work *w, const char *id, int64_t rows, bool sums, int64_t report)
{
    struct err e = {0};
    snprintf(w->id, sizeof w->id, "%s", id);
    w->sums = sums;
    if (store_write_wait(w->s, make_training, w, &e) != 0) stop("training", &e);
    for (w->from = 0; w->from < rows; w->from = w->to) {
        w->to = w->from + report < rows ? w->from + report : rows;
        if (store_write_wait(w->s, put, w, &e) != 0) stop("rows", &e);
    }
}

static int get(struct store_tx *tx, void *ctx, struct err *e)
{
    struct work *w = ctx;
    struct metric_rows m;
    int rc = metric_rows_query(tx, w->id, &w->query, &m, e);
    if (rc) return rc;
    w->rows = m.n;
    metric_rows_release(&m);
    return 0;
}

enum { TOGETHER_MAX = 100 };

// The lowest loss of each of the trainings.
static int get_lowest(struct store_tx *tx, void *ctx, struct err *e)
{
    struct work *w = ctx;
    struct curve_sums curves[TOGETHER_MAX];
    char ids[TOGETHER_MAX][24];
    size_t n = (size_t)w->count;
    for (size_t i = 0; i < n; i++) {
        w->name(ids[i], w->first + (int)i);
        curves[i].training_id = ids[i];
    }
    int rc = curve_sums_read(tx, curves, n, 1, e);
    if (rc) return rc;
    w->rows = 0;
    w->lowest = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        struct metric_summaries *s = &curves[i].s;
        const struct metric_extremes *loss = metric_summaries_of(s, 0, s->n, 0);
        w->rows += metric_summaries_rows(s, 0, s->n);
        w->lowest = fmin(w->lowest, loss->lowest);
    }
    curve_sums_release(curves, n);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

#endif
