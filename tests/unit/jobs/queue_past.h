// Reading the history of progress in a test of the queue, and the reports that make it.
#ifndef HW_TESTS_QUEUE_PAST_H
#define HW_TESTS_QUEUE_PAST_H

#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#include "jobs/progress_history.h"

#define STARTED  "{\"type\":\"started\",\"pid\":7}"
#define EXITED   "{\"type\":\"exited\",\"code\":0}"
#define FAILED   "{\"type\":\"exited\",\"code\":1}"
#define AT(done) "{\"type\":\"progress\",\"done\":" #done ",\"total\":100,\"unit\":\"steps\"}"

struct past {
    bool over;
    int rc;
    struct err e;
    const char *type, *id;
    struct history_row *rows;
    int n;
};

static inline int read_past(struct store_tx *tx, void *ctx, struct err *e)
{
    struct past *p = ctx;
    struct history_query q = {.entity_type = p->type, .entity_id = p->id, .end = INT64_MAX, .limit = 1000};
    return get_progress_history(tx, &q, &p->rows, &p->n, e);
}

static inline void past_read(void *ctx, int rc, const struct err *e)
{
    struct past *p = ctx;
    p->over = true;
    p->rc = rc;
    if (rc) p->e = *e;
}

static inline struct past past(struct fixture *f, const char *type, const char *id)
{
    struct past p = {.type = type, .id = id};
    store_read(f->store, read_past, past_read, &p);
    fixture_run(f, &p.over);
    if (p.rc) fail_msg("%s", p.e.message);
    return p;
}

static inline struct snapshot_run run_of(const struct past *p, int i)
{
    struct snapshot_run s;
    assert_true(i < p->n);
    assert_true(snapshot_run_read(&p->rows[i], &s));
    return s;
}

// The percentages and states of all, as "0 running, 55 running, 100 completed".
static inline void assert_past(struct fixture *f, const char *type, const char *id, const char *expected)
{
    struct past p = past(f, type, id);
    struct buf b = BUF_INIT;
    for (int i = 0; i < p.n; i++) {
        struct snapshot_run s = run_of(&p, i);
        buf_addf(&b, "%s%g %s", i ? ", " : "", p.rows[i].progress, s.status);
        if (s.attempt > 1) buf_addf(&b, " (%d)", s.attempt);
    }
    assert_string_equal(buf_cstr(&b), expected);
    buf_release(&b);
    history_rows_free(p.rows, p.n);
}

static inline struct run_times last_times(struct fixture *f, const char *type, const char *id)
{
    struct past p = past(f, type, id);
    struct run_times t = run_of(&p, p.n - 1).times;
    history_rows_free(p.rows, p.n);
    return t;
}

static inline void after_seconds(struct fixture *f, const struct held *h, int64_t seconds, const char *events)
{
    f->now += seconds * SECOND;
    report_ok(f, h, events);
}

#endif
