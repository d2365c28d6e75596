#include "jobs/log_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/log_bounds.h"
#include "store/jobs_table.h"

void log_page_release(struct log_page *p)
{
    job_logs_free(p->rows, p->n);
    *p = (struct log_page){0};
}

static void row_release(struct job_log_row *r)
{
    free(r->stream);
    free(r->text);
}

// Puts the line that says what isn't kept where it belongs among the rows; it has the last seq of those that it stands
// for. `lo` and `hi`: what was asked for lies between them. A page keeps to its limit: the line that is furthest from
// where it began goes.
static void add_mark(struct log_page *p, const struct job_row *job, const struct log_query *q, int64_t lo, int64_t hi)
{
    int64_t seq = job->log_tail_begin - 1;
    bool full = p->n == q->limit;
    if (log_bounds_missing(job) == 0 || seq <= lo || seq >= hi) return;
    int at = 0;
    while (at < p->n && p->rows[at].seq < seq) at++;
    // Beyond a full page it belongs to the next one.
    if (full && at == (q->before ? 0 : p->n)) return;
    char text[120];
    log_bounds_text(job, text, sizeof text);
    struct job_log_row mark = {.seq = seq,
                               .ts_us = at < p->n ? p->rows[at].ts_us : job->updated_at,
                               .stream = mem_strdup("log"),
                               .text = mem_strdup(text),
                               .text_len = strlen(text)};
    p->rows = mem_realloc_array(p->rows, (size_t)p->n + 1, sizeof *p->rows);
    memmove(&p->rows[at + 1], &p->rows[at], (size_t)(p->n - at) * sizeof *p->rows);
    p->rows[at] = mark;
    p->n++;
    if (!full) return;
    p->n--;
    if (!q->before) {
        row_release(&p->rows[p->n]);
    } else {
        row_release(&p->rows[0]);
        memmove(&p->rows[0], &p->rows[1], (size_t)p->n * sizeof *p->rows);
    }
}

int log_page_read(struct store_tx *tx, const char *job_id, const struct log_query *q, struct log_page *out,
                  struct err *e)
{
    struct job_row job;
    *out = (struct log_page){0};
    job_row_init(&job);
    int rc = job_row_get(tx, job_id, &job, e);
    if (!rc && q->before)
        rc = job_logs_newest(tx, job_id, 0, q->before, q->limit, q->stream, &out->rows, &out->n, e);
    else if (!rc)
        rc = job_logs_list(tx, job_id, q->after, q->limit, q->stream, &out->rows, &out->n, e);
    if (!rc) {
        add_mark(out, &job, q, q->before ? 0 : q->after, q->before ? q->before : INT64_MAX);
        int64_t first = out->n ? out->rows[0].seq : 0;
        out->after = out->n ? out->rows[out->n - 1].seq : q->after;
        out->before = first > 1 ? first : 0;
        if (!out->n && !q->before && q->after > 0) out->before = q->after + 1; // the lines up to there
    }
    job_row_release(&job);
    return rc;
}
