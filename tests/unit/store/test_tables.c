// Rows as they were written, lists page by page, one metric row for one step.
#include "store/temp_store.h"

#include <math.h>
#include <pthread.h>

#include "base/mem.h"
#include "store/history_table.h"
#include "store/job_logs_table.h"
#include "store/jobs_table.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/trainings_table.h"
#include "store/workers_table.h"

static int nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

// A write whose function runs on the test's own thread, where its assertions belong, while the store's thread waits.
struct handed {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_tx *tx;
    bool over;
};

static int hand_over(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)e;
    struct handed *h = ctx;
    pthread_mutex_lock(&h->lock);
    h->tx = tx;
    pthread_cond_broadcast(&h->wake);
    while (!h->over) pthread_cond_wait(&h->wake, &h->lock);
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static void in_store(struct temp_store *t, void (*fn)(struct store_tx *tx, struct err *e))
{
    // On the heap: an assertion that fails leaves this function, and the store's thread waiting.
    struct handed *h = calloc(1, sizeof *h);
    struct err e = {0};
    assert_int_equal(pthread_mutex_init(&h->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&h->wake, NULL), 0);
    store_write(t->s, hand_over, NULL, h);
    pthread_mutex_lock(&h->lock);
    while (!h->tx) pthread_cond_wait(&h->wake, &h->lock);
    pthread_mutex_unlock(&h->lock);
    fn(h->tx, &e);
    pthread_mutex_lock(&h->lock);
    h->over = true;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
    assert_int_equal(store_write_wait(t->s, nothing, NULL, NULL), 0); // `h` is out of use after it
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static void job_make(struct job_row *r, const char *id, const char *status, int64_t created)
{
    job_row_init(r);
    snprintf(r->id, sizeof r->id, "%s", id);
    r->kind = mem_strdup("tokenize");
    r->name = mem_strdup("a name");
    r->status = mem_strdup(status);
    r->queue = mem_strdup("default");
    r->resource_class = mem_strdup("cpu");
    r->params = mem_strdup("{}");
    r->spec = mem_strdup("{}");
    r->attempt = r->max_attempts = 1;
    r->version = 1;
    r->created_at = r->queued_at = r->updated_at = created;
}

static int put_job(struct store_tx *tx, const char *id, const char *status, int priority, int64_t created,
                   struct err *e)
{
    struct job_row r;
    job_make(&r, id, status, created);
    r.priority = priority;
    int rc = job_row_insert(tx, &r, e);
    job_row_release(&r);
    return rc;
}

static void round_trip(struct store_tx *tx, struct err *e)
{
    struct job_row r, back;
    job_make(&r, "job_1", "queued", 123456789);
    r.progress = 12.5;
    r.done = 0;
    r.error_message = mem_strdup("größer \"als\" 1");
    r.dismissed = true;
    r.phase_index = 2;
    assert_int_equal(job_row_insert(tx, &r, e), 0);
    assert_int_equal(job_row_get(tx, "job_1", &back, e), 0);
    assert_string_equal(back.error_message, r.error_message);
    assert_true(back.dismissed);
    assert_true(back.progress == 12.5);
    assert_true(isnan(back.rate));
    assert_int_equal(back.done, 0);
    assert_int_equal(back.total, -1);
    assert_int_equal(back.phase_index, 2);
    assert_int_equal(back.started_at, 0);
    assert_null(back.phase);
    assert_string_equal(back.worker_id, "");
    job_row_release(&back);
    assert_int_equal(job_row_get(tx, "job_2", &back, e), HW_ENOTFOUND);
    assert_non_null(strstr(e->message, "job_2"));
    job_row_release(&back);
    job_row_release(&r);
}

static void a_row_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, round_trip);
    temp_store_release(&t);
}

static void compare_and_swap(struct store_tx *tx, struct err *e)
{
    struct job_row a, b;
    assert_int_equal(put_job(tx, "job_1", "queued", 0, 1, e), 0);
    assert_int_equal(job_row_get(tx, "job_1", &a, e), 0);
    assert_int_equal(job_row_get(tx, "job_1", &b, e), 0);
    a.priority = 5;
    assert_int_equal(job_row_update(tx, &a, e), 0);
    assert_int_equal(a.version, 2);
    b.priority = 6;
    assert_int_equal(job_row_update(tx, &b, e), HW_ECONFLICT);
    assert_int_equal(b.version, 1);
    job_row_release(&b);
    assert_int_equal(job_row_get(tx, "job_1", &b, e), 0);
    assert_int_equal(b.priority, 5);
    job_row_release(&a);
    job_row_release(&b);
}

static void never_again_22_a_stale_write_is_refused(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, compare_and_swap);
    temp_store_release(&t);
}

static void pages(struct store_tx *tx, struct err *e)
{
    char id[ID_SIZE];
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof id, "job_%02d", i);
        // Three share each creation time: the id decides among them.
        assert_int_equal(put_job(tx, id, i % 5 ? "queued" : "failed", 0, 100 + i / 3, e), 0);
    }
    struct page p = {.limit = 10};
    struct job_filter all = {0}, failed = {.state = "failed"};
    struct job_row *rows;
    int n, seen = 0;
    bool more = true;
    while (more) {
        assert_int_equal(job_rows_list(tx, &all, &p, &rows, &n, &more, e), 0);
        for (int i = 0; i < n; i++, seen++) {
            snprintf(id, sizeof id, "job_%02d", 24 - seen);
            assert_string_equal(rows[i].id, id);
        }
        char cursor[PAGE_CURSOR_SIZE];
        page_cursor_format(rows[n - 1].created_at, rows[n - 1].id, cursor);
        assert_int_equal(page_cursor_parse(slice_str(cursor), &p, e), 0);
        job_rows_free(rows, n);
    }
    assert_int_equal(seen, 25);
    p = (struct page){.limit = 3};
    assert_int_equal(job_rows_list(tx, &failed, &p, &rows, &n, &more, e), 0);
    assert_int_equal(n, 3);
    assert_true(more);
    assert_string_equal(rows[0].id, "job_20");
    job_rows_free(rows, n);
    struct job_counts c;
    assert_int_equal(job_counts_read(tx, &c, e), 0);
    assert_int_equal(c.queued, 20);
    assert_int_equal(c.running, 0);
    assert_int_equal(c.failed, 5);
    assert_int_equal(c.finished, 0);
}

static void lists_come_newest_first_page_by_page(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, pages);
    temp_store_release(&t);
}

static void a_cursor_that_no_list_gave_out_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"x",
                         "~",
                         "12",
                         "12~",
                         "-1~job_1",
                         "0~job_1",
                         "12~job 1",
                         "99999999999999999999~job_1",
                         "12~job_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct page p = {.limit = 1};
        struct err e = {0};
        assert_int_equal(page_cursor_parse(slice_str(bad[i]), &p, &e), HW_EINVALID);
        assert_string_equal(e.field, "cursor");
    }
}

static void next_queued(struct store_tx *tx, struct err *e)
{
    struct job_row r;
    assert_int_equal(put_job(tx, "job_old", "queued", 0, 1, e), 0);
    assert_int_equal(put_job(tx, "job_new", "queued", 0, 2, e), 0);
    assert_int_equal(put_job(tx, "job_urgent", "queued", 9, 3, e), 0);
    assert_int_equal(put_job(tx, "job_done", "completed", 99, 4, e), 0);
    struct job_head h;
    assert_int_equal(job_head_next(tx, "default", "cpu", &h, e), 0);
    assert_string_equal(h.id, "job_urgent");
    assert_int_equal(h.priority, 9);
    assert_int_equal(job_row_get(tx, h.id, &r, e), 0);
    free(r.status);
    r.status = mem_strdup("running");
    assert_int_equal(job_row_update(tx, &r, e), 0);
    job_row_release(&r);
    assert_int_equal(job_head_next(tx, "default", "cpu", &h, e), 0);
    assert_string_equal(h.id, "job_old");
    assert_int_equal(job_head_next(tx, "default", "gpu", &h, e), HW_ENOTFOUND);
    assert_int_equal(job_head_next(tx, "other", "cpu", &h, e), HW_ENOTFOUND);
}

static void created(struct store_tx *tx, struct err *e)
{
    struct job_row r;
    assert_int_equal(put_job(tx, "job_fixed", "queued", 0, 5, e), 0);
    assert_int_equal(job_row_get(tx, "job_fixed", &r, e), 0);
    int64_t at = r.created_at;
    r.created_at += 7;
    r.priority = 3;
    assert_int_equal(job_row_update(tx, &r, e), 0);
    job_row_release(&r);
    assert_int_equal(job_row_get(tx, "job_fixed", &r, e), 0);
    assert_int_equal(r.created_at, at);
    assert_int_equal(r.priority, 3);
    job_row_release(&r);
}

static void what_is_fixed_is_left_alone_by_an_update(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, created);
    temp_store_release(&t);
}

static void the_next_job_has_the_highest_priority_then_waits_longest(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, next_queued);
    temp_store_release(&t);
}

// ---- logs ---------------------------------------------------------------------------------------------------------

static void logs(struct store_tx *tx, struct err *e)
{
    struct job_log_row *rows;
    int n;
    for (int64_t i = 1; i <= 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "line %lld", (long long)i);
        assert_int_equal(job_log_insert(tx, "job_1", i, i * 1000, i % 2 ? "stdout" : "stderr", slice_str(text), e), 0);
    }
    assert_int_equal(job_log_insert(tx, "job_2", 1, 1, "log", slice_str(""), e), 0);
    assert_int_equal(job_logs_list(tx, "job_1", 4, 3, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].seq, 5);
    assert_string_equal(rows[2].text, "line 7");
    job_logs_free(rows, n);
    assert_int_equal(job_logs_list(tx, "job_1", 0, 100, "stderr", &rows, &n, e), 0);
    assert_int_equal(n, 5);
    job_logs_free(rows, n);
    assert_int_equal(job_logs_newest(tx, "job_1", 0, INT64_MAX, 2, "stderr", &rows, &n, e), 0);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].text, "line 8");
    assert_string_equal(rows[1].text, "line 10");
    job_logs_free(rows, n);
    assert_int_equal(job_logs_newest(tx, "job_1", 0, 4, 2, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].text, "line 2");
    job_logs_free(rows, n);
    assert_int_equal(job_logs_newest(tx, "job_1", 9, INT64_MAX, 5, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 1);
    job_logs_free(rows, n);
    assert_int_equal(job_logs_list(tx, "job_2", 0, 100, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].text_len, 0);
    job_logs_free(rows, n);
    // Oldest first, until enough is freed; a line counts its text and its place.
    struct job_logs_cut cut;
    assert_int_equal(job_logs_cut(tx, "job_1", 3, 2 * (6 + LOG_LINE_COST) - 1, 100, &cut, e), 0);
    assert_int_equal(cut.lines, 2);
    assert_int_equal(cut.text, 12);
    assert_int_equal(cut.begin, 5);
    assert_int_equal(job_logs_list(tx, "job_1", 0, 100, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 8);
    assert_int_equal(rows[1].seq, 2);
    assert_int_equal(rows[2].seq, 5);
    job_logs_free(rows, n);
    assert_int_equal(job_logs_cut(tx, "job_1", 5, INT64_MAX, 3, &cut, e), 0);
    assert_int_equal(cut.lines, 3); // no more than it may at once
    assert_int_equal(job_logs_cut(tx, "job_1", 8, 0, 3, &cut, e), 0);
    assert_int_equal(cut.lines, 0);
    assert_int_equal(job_logs_cut(tx, "job_1", 8, INT64_MAX, 100, &cut, e), 0);
    assert_int_equal(cut.begin, 11);
    assert_int_equal(job_logs_cut(tx, "job_1", 11, INT64_MAX, 100, &cut, e), 0);
    assert_int_equal(cut.lines, 0);
    assert_int_equal(cut.begin, 11);
    assert_int_equal(job_logs_list(tx, "job_2", 0, 100, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 1); // another job's
    job_logs_free(rows, n);
}

// Chunks of several lines, of any bytes: read from anywhere in them, forward and backward, all and one stream.
static void log_chunks(struct store_tx *tx, struct err *e)
{
    static const char *const texts[] = {"", "two words", "line\nbreak", "12 o 3 abc", "Grüße", " ", "-1 l 0 "};
    static const char *const names[] = {"stdout", "stderr", "log"};
    enum { TEXTS = 7, LINES = 100 };
    struct log_chunk c = LOG_CHUNK_INIT;
    for (int64_t seq = 1; seq <= LINES; seq++) {
        log_chunk_add(&c, seq, seq - 50, names[seq % 3], slice_str(texts[seq % TEXTS]));
        if (seq % 13 == 0) assert_int_equal(log_chunk_store(tx, "job_3", &c, e), 0);
    }
    assert_int_equal(log_chunk_store(tx, "job_3", &c, e), 0);
    assert_int_equal(log_chunk_store(tx, "job_3", &c, e), 0); // nothing
    log_chunk_release(&c);
    for (int64_t from = 0; from <= LINES; from++) {
        for (int limit = 1; limit <= 40; limit += 13) {
            for (int stream = -1; stream < 3; stream++) {
                const char *name = stream < 0 ? NULL : names[stream];
                struct job_log_row *rows;
                int n, k = 0;
                assert_int_equal(job_logs_list(tx, "job_3", from, limit, name, &rows, &n, e), 0);
                for (int64_t seq = from + 1; seq <= LINES && k < limit; seq++) {
                    if (stream >= 0 && seq % 3 != stream) continue;
                    assert_true(k < n);
                    assert_int_equal(rows[k].seq, seq);
                    assert_int_equal(rows[k].ts_us, seq - 50);
                    assert_string_equal(rows[k].stream, names[seq % 3]);
                    assert_string_equal(rows[k].text, texts[seq % TEXTS]);
                    k++;
                }
                assert_int_equal(n, k);
                job_logs_free(rows, n);
                assert_int_equal(job_logs_newest(tx, "job_3", from / 2, from, limit, name, &rows, &n, e), 0);
                k = n;
                for (int64_t seq = from - 1; seq > from / 2 && n - k < limit; seq--) {
                    if (stream >= 0 && seq % 3 != stream) continue;
                    assert_true(k > 0);
                    assert_int_equal(rows[--k].seq, seq);
                    assert_string_equal(rows[k].text, texts[seq % TEXTS]);
                }
                assert_int_equal(k, 0);
                job_logs_free(rows, n);
            }
        }
    }
    // They go whole.
    struct job_logs_cut cut;
    assert_int_equal(job_logs_cut(tx, "job_3", 1, 1, 100, &cut, e), 0);
    assert_int_equal(cut.begin, 14);
    assert_int_equal(cut.lines, 13);
}

static void log_lines_are_read_by_sequence_stream_and_end(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, logs);
    in_store(&t, log_chunks);
    temp_store_release(&t);
}

// ---- metrics ------------------------------------------------------------------------------------------------------

static int64_t training_make(struct store_tx *tx, const char *id, struct err *e)
{
    struct training_row t;
    training_row_init(&t);
    snprintf(t.id, sizeof t.id, "%s", id);
    t.status = mem_strdup("queued");
    t.created_at = 1;
    assert_int_equal(training_row_insert(tx, &t, e), 0);
    int64_t key = t.key;
    training_row_release(&t);
    return key;
}

static void metric_put(struct store_tx *tx, int64_t key, int layer, int64_t step, double loss, struct err *e)
{
    struct metric_row m;
    metric_row_init(&m);
    m.layer_idx = layer;
    m.step = step;
    m.timestamp = step * 10;
    m.loss = loss;
    struct metric_batch one = {&m, 1, 1};
    assert_int_equal(metric_batch_put(tx, key, &one, e), 0);
}

static void metrics(struct store_tx *tx, struct err *e)
{
    int64_t a = training_make(tx, "trn_a", e), b = training_make(tx, "trn_b", e);
    struct metric_rows got;
    assert_int_not_equal(a, b);
    for (int64_t step = 1; step <= 1000; step++) {
        metric_put(tx, a, METRIC_LAYER_ALL, step, (double)step, e);
        metric_put(tx, a, 2, step, step == 500 ? 1e6 : 1.0, e);
        metric_put(tx, b, 0, step, 5, e);
    }
    struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 1000);
    for (int64_t i = 0; i < got.n; i++) assert_int_equal(got.rows[i].step, i + 1);
    assert_true(isnan(got.rows[0].grad_norm));
    metric_rows_release(&got);

    q = (struct metric_query){.from_step = 10, .to_step = 20, .layer = 2};
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 11);
    assert_int_equal(got.rows[10].step, 20);
    metric_rows_release(&got);

    q = (struct metric_query){.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY, .max_points = 50};
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_true(got.n <= 100 && got.n > 20);
    int spikes = 0;
    for (int64_t i = 0; i < got.n; i++) {
        spikes += got.rows[i].loss == 1e6;
        if (i) assert_true(got.rows[i].step >= got.rows[i - 1].step);
    }
    assert_int_equal(spikes, 1);
    metric_rows_release(&got);

    // Trained with one layer: its rows are the whole's.
    q = (struct metric_query){.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    assert_int_equal(metric_rows_query(tx, "trn_b", &q, &got, e), 0);
    assert_int_equal(got.n, 1000);
    metric_rows_release(&got);
    assert_int_equal(metric_rows_query(tx, "trn_c", &q, &got, e), HW_ENOTFOUND);
}

static void metrics_come_in_step_order_by_layer_and_range(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, metrics);
    temp_store_release(&t);
}

static void replace(struct store_tx *tx, struct err *e)
{
    int64_t key = training_make(tx, "trn_a", e);
    struct metric_rows got;
    struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    for (int64_t step = 10; step <= 50; step += 10) metric_put(tx, key, METRIC_LAYER_ALL, step, 1, e);
    metric_put(tx, key, METRIC_LAYER_ALL, 30, 2, e);
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 5);
    assert_true(got.rows[2].loss == 2);
    metric_rows_release(&got);
    assert_int_equal(metric_rows_cut(tx, key, METRIC_LAYER_ALL, 20, e), 0);
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 2);
    metric_rows_release(&got);
}

static void never_again_25_writing_a_step_again_replaces_it(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, replace);
    temp_store_release(&t);
}

static void checkpoints(struct store_tx *tx, struct err *e)
{
    struct checkpoint_row k, *rows;
    char first_id[ID_SIZE];
    int n;
    for (int i = 0; i < 2; i++) {
        checkpoint_row_init(&k);
        snprintf(k.id, sizeof k.id, "ckp_%d", i);
        snprintf(k.training_id, sizeof k.training_id, "trn_a");
        k.step = 500;
        k.layer_idx = 2;
        k.storage_path = mem_strdup(i ? "/second" : "/first");
        k.created_at = 1;
        assert_int_equal(checkpoint_row_put(tx, &k, e), 0);
        if (i == 0) memcpy(first_id, k.id, sizeof first_id);
        assert_string_equal(k.id, first_id);
        checkpoint_row_release(&k);
    }
    assert_int_equal(checkpoint_rows_list(tx, "trn_a", &rows, &n, e), 0);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].storage_path, "/second");
    checkpoint_rows_free(rows, n);
}

static void a_checkpoint_of_the_same_step_replaces_the_one_before(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, checkpoints);
    temp_store_release(&t);
}

static void others(struct store_tx *tx, struct err *e)
{
    struct worker_row w, *workers;
    int n;
    worker_row_init(&w);
    snprintf(w.id, sizeof w.id, "wrk_1");
    w.queues = mem_strdup("default,long");
    w.created_at = w.last_seen_at = 10;
    assert_int_equal(worker_row_insert(tx, &w, e), 0);
    assert_int_equal(worker_row_seen(tx, "wrk_1", 7, 20, e), 0);
    assert_int_equal(worker_row_seen(tx, "wrk_1", 3, 30, e), 0);
    assert_int_equal(worker_row_seen(tx, "wrk_2", 3, 30, e), HW_ENOTFOUND);
    worker_row_release(&w);
    assert_int_equal(worker_row_get(tx, "wrk_1", &w, e), 0);
    assert_int_equal(w.last_batch, 7);
    assert_int_equal(w.last_seen_at, 30);
    worker_row_release(&w);
    assert_int_equal(worker_rows_list(tx, 31, &workers, &n, e), 0);
    assert_int_equal(n, 0);

    struct history_row *rows;
    char type[] = "training";
    for (int64_t i = 0; i < 5; i++) {
        struct history_row h = {.entity_type = type, .timestamp = i, .progress = (double)i, .created_at = i};
        snprintf(h.entity_id, sizeof h.entity_id, "trn_a");
        assert_int_equal(history_row_insert(tx, &h, e), 0);
    }
    struct history_query q = {.entity_type = type, .entity_id = "trn_a", .start = 1, .end = 3, .limit = 100};
    assert_int_equal(history_rows_list(tx, &q, &rows, &n, e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].timestamp, 1);
    history_rows_free(rows, n);

    struct buf value = BUF_INIT;
    assert_int_equal(setting_get(tx, "a", &value, e), HW_ENOTFOUND);
    assert_int_equal(setting_put(tx, "a", "1", e), 0);
    assert_int_equal(setting_put(tx, "a", "2", e), 0);
    assert_int_equal(setting_get(tx, "a", &value, e), 0);
    assert_true(slice_is(buf_slice(&value), "2"));
    buf_release(&value);
}

static void workers_history_and_settings_keep_what_they_are_given(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, others);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_comes_back_as_it_was_written),
        cmocka_unit_test(never_again_22_a_stale_write_is_refused),
        cmocka_unit_test(lists_come_newest_first_page_by_page),
        cmocka_unit_test(a_cursor_that_no_list_gave_out_is_refused),
        cmocka_unit_test(the_next_job_has_the_highest_priority_then_waits_longest),
        cmocka_unit_test(what_is_fixed_is_left_alone_by_an_update),
        cmocka_unit_test(log_lines_are_read_by_sequence_stream_and_end),
        cmocka_unit_test(metrics_come_in_step_order_by_layer_and_range),
        cmocka_unit_test(never_again_25_writing_a_step_again_replaces_it),
        cmocka_unit_test(a_checkpoint_of_the_same_step_replaces_the_one_before),
        cmocka_unit_test(workers_history_and_settings_keep_what_they_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
