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
    int first, count; // of trainings to read
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
    int rc = 0;
    w->rows = 0;
    w->lowest = (double)INFINITY;
    for (int i = 0; !rc && i < w->count; i++) {
        struct metric_rows m;
        if (w->count > 1) training_name(w->id, w->first + i);
        rc = metric_rows_query(tx, w->id, &w->query, &m, e);
        if (rc) break;
        w->rows += m.n;
        for (int64_t k = 0; k < m.n; k++) w->lowest = fmin(w->lowest, m.rows[k].loss);
        metric_rows_release(&m);
    }
    return rc;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

#endif
