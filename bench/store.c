// What durable writing and claiming cost with each database: bench/store URL…
//
// Metric rows: reports of 1,000 rows (and of 100 and 10) are handed to the store, 32 at a time as from so many workers,
// and each is acknowledged when its commit is durable. Claims: one after another out of 10,000 queued jobs, each a
// transaction that finds the next job, reads it and writes it as claimed.
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/jobs_table.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/store.h"
#include "store/trainings_table.h"

enum { IN_FLIGHT = 32, SECONDS = 5, QUEUED = 10000, CLAIMS = 1000 };

static void check(int rc, const struct err *e)
{
    if (rc == 0) return;
    fprintf(stderr, "%s\n", e->message);
    exit(1);
}

// ---- metric rows --------------------------------------------------------------------------------------------------

struct load {
    struct store *s;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int64_t key, next_step, rows;
    int in_flight, batch;
};

struct report {
    struct load *l;
    int64_t first;
};

static int put_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct report *r = ctx;
    struct metric_batch batch = {0};
    for (int i = 0; i < r->l->batch; i++) {
        struct metric_row m;
        double x = (double)(r->first + i);
        metric_row_init(&m);
        m.step = r->first + i;
        m.layer_idx = 3;
        m.timestamp = clock_now_us();
        m.loss = 1 / x, m.l0_sparsity = 32 + 1 / x, m.l1_sparsity = x / 7, m.dead_neurons = 3;
        m.explained_variance = 0.9, m.learning_rate = 1e-4 / x, m.grad_norm = 0.3, m.samples_per_second = 1e4 / 3;
        metric_batch_add(&batch, &m);
    }
    int rc = metric_batch_put(tx, r->l->key, &batch, e);
    metric_batch_release(&batch);
    return rc;
}

static void put_done(void *ctx, int rc, const struct err *e)
{
    struct report *r = ctx;
    struct load *l = r->l;
    check(rc, e);
    pthread_mutex_lock(&l->lock);
    l->in_flight--;
    l->rows += l->batch;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
    free(r);
}

static int training_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct load *l = ctx;
    struct training_row t;
    training_row_init(&t);
    id_new("trn", t.id);
    t.status = mem_strdup("running");
    t.created_at = clock_now_us();
    int rc = training_row_insert(tx, &t, e);
    l->key = t.key;
    training_row_release(&t);
    return rc;
}

static double rows_per_second(struct store *s, int batch, int at_once)
{
    struct load l = {.s = s, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .batch = batch};
    struct err e = {0};
    check(store_write_wait(s, training_tx, &l, &e), &e);
    int64_t begun = clock_mono_us();
    while (clock_mono_us() - begun < SECONDS * 1000000LL) {
        pthread_mutex_lock(&l.lock);
        while (l.in_flight >= at_once) pthread_cond_wait(&l.wake, &l.lock);
        l.in_flight++;
        pthread_mutex_unlock(&l.lock);
        struct report *r = mem_alloc(sizeof *r);
        *r = (struct report){&l, l.next_step + 1};
        l.next_step += batch;
        store_write(s, put_tx, put_done, r);
    }
    pthread_mutex_lock(&l.lock);
    while (l.in_flight) pthread_cond_wait(&l.wake, &l.lock);
    pthread_mutex_unlock(&l.lock);
    return (double)l.rows / ((double)(clock_mono_us() - begun) / 1e6);
}

// ---- claims -------------------------------------------------------------------------------------------------------

static int submit_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    int *left = ctx;
    for (int i = 0; i < 500; i++, --*left) {
        struct job_row r;
        job_row_init(&r);
        id_new("job", r.id);
        r.kind = mem_strdup("command"), r.name = mem_strdup("command"), r.status = mem_strdup("queued");
        r.queue = mem_strdup("default"), r.resource_class = mem_strdup("cpu");
        r.params = mem_strdup("{}"), r.spec = mem_strdup("{}");
        r.attempt = r.max_attempts = 1, r.version = 1;
        r.created_at = r.queued_at = r.updated_at = clock_now_us();
        int rc = job_row_insert(tx, &r, e);
        job_row_release(&r);
        if (rc) return rc;
    }
    return 0;
}

static int claim_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct job_head h;
    struct job_row r;
    int rc = job_head_next(tx, "default", "cpu", &h, e);
    if (!rc) rc = job_row_get(tx, h.id, &r, e);
    if (rc) return rc;
    free(r.status);
    r.status = mem_strdup("starting");
    r.lease = mem_strdup("0123456789abcdef01234567");
    r.lease_until = clock_now_us() + 15000000;
    r.updated_at = clock_now_us();
    rc = job_row_update(tx, &r, e);
    job_row_release(&r);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void claims(struct store *s)
{
    static int64_t took[CLAIMS];
    struct err e = {0};
    for (int left = QUEUED; left > 0;) check(store_write_wait(s, submit_tx, &left, &e), &e);
    for (int i = 0; i < CLAIMS; i++) {
        int64_t begun = clock_mono_us();
        check(store_write_wait(s, claim_tx, NULL, &e), &e);
        took[i] = clock_mono_us() - begun;
    }
    qsort(took, CLAIMS, sizeof *took, by_time);
    printf("  claim of %d queued              median %.2f ms, 99 %% within %.2f ms\n", QUEUED,
           (double)took[CLAIMS / 2] / 1e3, (double)took[CLAIMS * 99 / 100] / 1e3);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: store URL…\n", stderr);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct store *s;
        struct err e = {0};
        check(store_open(&s, argv[i], &e), &e);
        printf("%s\n", argv[i]);
        printf("  reports of 1,000 rows, 32 at once   %10.0f rows/s\n", rows_per_second(s, 1000, IN_FLIGHT));
        printf("  reports of 1,000 rows, one by one   %10.0f rows/s\n", rows_per_second(s, 1000, 1));
        printf("  reports of 100 rows, 32 at once     %10.0f rows/s\n", rows_per_second(s, 100, IN_FLIGHT));
        printf("  reports of 10 rows, 32 at once      %10.0f rows/s\n", rows_per_second(s, 10, IN_FLIGHT));
        printf("  reports of 10 rows, one by one      %10.0f rows/s\n", rows_per_second(s, 10, 1));
        printf("  reports of 1 row, one by one        %10.0f rows/s\n", rows_per_second(s, 1, 1));
        claims(s);
        store_close(s);
        fflush(stdout);
    }
    return 0;
}
