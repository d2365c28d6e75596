// Writes trainings with long curves into a data folder, for measuring what a page makes of them
// (bench/dashboard-charts.md). Usage: metric_curve FOLDER RUNS STEPS
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

enum { REPORT = 5000, STEP_US = 20000 };

struct work {
    int run;
    int64_t key, from, to, began; // steps to write; the time of the first
};

static int make_training(struct store_tx *tx, void *ctx, struct err *e)
{
    struct work *w = ctx;
    struct training_row row;
    char name[32];
    training_row_init(&row);
    snprintf(row.id, sizeof row.id, "trn_curve_%d", w->run);
    snprintf(name, sizeof name, "run %d", w->run + 1);
    row.name = mem_strdup(name);
    row.status = mem_strdup("completed");
    row.created_at = row.started_at = w->began;
    int rc = training_row_insert(tx, &row, e);
    w->key = row.key;
    training_row_release(&row);
    return rc;
}

// A loss that falls and is noisy, with a spike now and then; the runs differ in how fast and how well.
static int put(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct work *w = ctx;
    struct metric_batch batch = {0};
    for (int64_t step = w->from; step < w->to; step++) {
        struct metric_row r;
        metric_row_init(&r);
        double noise = (double)((step + 331 * w->run) * 7919 % 1009) / 1009;
        r.step = step;
        r.timestamp = w->began + step * STEP_US;
        r.loss = (2 + 0.1 * w->run) * exp(-(double)step / (60000 + 9000 * w->run)) + 0.1 + 0.02 * w->run + 0.05 * noise;
        if (step % 99991 == 4321 + 777 * w->run) r.loss += 3;
        r.l0_sparsity = 32 + 8 * noise;
        r.explained_variance = 0.9 - r.loss / 10;
        r.learning_rate = 1e-3;
        r.grad_norm = (double)((step + 57 * w->run) * 31 % 977) / 100;
        metric_batch_add(&batch, &r);
    }
    int rc = metric_batch_put(tx, w->key, &batch, e);
    if (!rc) rc = rollups_update(tx, w->key, &batch, NULL, e);
    metric_batch_release(&batch);
    return rc;
}

int main(int argc, char **argv)
{
    char url[512];
    struct err e = {0};
    struct store *s;
    if (argc != 4) return fprintf(stderr, "usage: metric_curve FOLDER RUNS STEPS\n"), 2;
    int runs = atoi(argv[2]);
    int64_t steps = atoll(argv[3]);
    snprintf(url, sizeof url, "sqlite:%s/headway.db", argv[1]);
    int rc = store_open(&s, url, &e);
    int64_t began = clock_now_us() - steps * STEP_US;
    for (int run = 0; !rc && run < runs; run++) {
        struct work w = {.run = run, .began = began};
        rc = store_write_wait(s, make_training, &w, &e);
        for (w.from = 0; !rc && w.from < steps; w.from = w.to) {
            w.to = w.from + REPORT < steps ? w.from + REPORT : steps;
            rc = store_write_wait(s, put, &w, &e);
        }
    }
    if (rc) fprintf(stderr, "%s\n", e.message);
    store_close(s);
    return rc ? 1 : 0;
}
