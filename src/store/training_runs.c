#include "store/training_runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/sql.h"

static char *text_of(struct sql_stmt *st, int column)
{
    return sql_is_null(st, column) ? NULL : mem_printf("%.*s", SLICE_FMT(sql_slice(st, column)));
}

int training_runs_find(struct store_tx *tx, const struct training_run_query *q, struct training_run **runs, int *n,
                       struct err *e)
{
    // The host's own are looked for among the newest few hundred of the shape, so that a long history costs no more.
    static const char text[] =
        "SELECT t.id, t.n_features, t.batch_size, t.params, t.result FROM"
        " (SELECT id, job_id, extraction_id, n_features, batch_size, params, result, created_at FROM trainings"
        "  WHERE status = 'completed' AND architecture = ?1 AND n_features BETWEEN ?2 AND ?3"
        "  AND batch_size BETWEEN ?4 AND ?5 ORDER BY created_at DESC, id DESC LIMIT 500) AS t"
        " JOIN extractions AS x ON x.id = t.extraction_id JOIN jobs AS j ON j.id = t.job_id"
        " JOIN workers AS w ON w.id = j.worker_id WHERE x.width = ?6 AND w.host = ?7"
        " ORDER BY t.created_at DESC, t.id DESC LIMIT ?8";
    *runs = NULL, *n = 0;
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, q->architecture);
    sql_bind_i64(st, 2, q->features_from);
    sql_bind_i64(st, 3, q->features_to);
    sql_bind_i64(st, 4, q->batch_from);
    sql_bind_i64(st, 5, q->batch_to);
    sql_bind_i64(st, 6, q->width);
    sql_bind_text(st, 7, q->host);
    sql_bind_i64(st, 8, TRAINING_RUNS_MAX);
    struct training_run *all = mem_array(TRAINING_RUNS_MAX, sizeof *all);
    int count = 0, rc;
    while ((rc = sql_step(st, e)) == 1 && count < TRAINING_RUNS_MAX) {
        struct training_run *r = &all[count++];
        snprintf(r->id, sizeof r->id, "%.*s", SLICE_FMT(sql_slice(st, 0)));
        r->n_features = sql_i64(st, 1);
        r->batch_size = sql_i64(st, 2);
        r->params = text_of(st, 3);
        r->result = text_of(st, 4);
    }
    sql_end(st);
    if (rc < 0) {
        training_runs_free(all, count);
        return rc;
    }
    *runs = all, *n = count;
    return 0;
}

void training_runs_free(struct training_run *runs, int n)
{
    for (int i = 0; i < n; i++) {
        free(runs[i].params);
        free(runs[i].result);
    }
    free(runs);
}
