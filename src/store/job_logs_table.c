#include <stdlib.h>

#include "base/mem.h"
#include "store/jobs_table.h"
#include "store/sql.h"

int job_log_insert(struct store_tx *tx, const char *job_id, int64_t seq, int64_t ts_us, const char *stream,
                   struct slice text, struct err *e)
{
    struct sql_stmt *st =
        sql_begin(tx, "INSERT INTO job_logs (job_id, seq, ts, stream, text) VALUES (?1, ?2, ?3, ?4, ?5)", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, seq);
    sql_bind_i64(st, 3, ts_us);
    sql_bind_text(st, 4, stream);
    sql_bind_slice(st, 5, text);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

// Reads seq, ts, stream, text of a bound statement, and ends it.
static int fetch(struct sql_stmt *st, struct job_log_row **rows, int *n, struct err *e)
{
    struct job_log_row *all = NULL;
    size_t count = 0, cap = 0;
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        if (count == cap) {
            cap = cap ? cap * 2 : 16;
            all = mem_realloc_array(all, cap, sizeof *all);
        }
        struct slice stream = sql_slice(st, 2);
        all[count] = (struct job_log_row){
            .seq = sql_i64(st, 0), .ts_us = sql_i64(st, 1), .stream = mem_strndup(stream.p, stream.n)};
        struct slice text = sql_slice(st, 3);
        all[count].text = mem_strndup(text.n ? text.p : "", text.n);
        all[count++].text_len = text.n;
    }
    sql_end(st);
    if (rc < 0) {
        job_logs_free(all, (int)count);
        all = NULL, count = 0;
    }
    *rows = all;
    *n = (int)count;
    return rc;
}

int job_logs_list(struct store_tx *tx, const char *job_id, int64_t after, int limit, const char *stream,
                  struct job_log_row **rows, int *n, struct err *e)
{
    const char *text = stream ? "SELECT seq, ts, stream, text FROM job_logs WHERE job_id = ?1 AND seq > ?2"
                                " AND stream = ?4 ORDER BY seq LIMIT ?3"
                              : "SELECT seq, ts, stream, text FROM job_logs WHERE job_id = ?1 AND seq > ?2"
                                " ORDER BY seq LIMIT ?3";
    *rows = NULL, *n = 0;
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, after);
    sql_bind_i64(st, 3, limit);
    if (stream) sql_bind_text(st, 4, stream);
    return fetch(st, rows, n, e);
}

int job_logs_newest(struct store_tx *tx, const char *job_id, int64_t after, int64_t before, int limit,
                    const char *stream, struct job_log_row **rows, int *n, struct err *e)
{
    const char *text = stream ? "SELECT seq, ts, stream, text FROM (SELECT seq, ts, stream, text FROM job_logs"
                                " WHERE job_id = ?1 AND seq > ?2 AND seq < ?3 AND stream = ?5"
                                " ORDER BY seq DESC LIMIT ?4) AS newest ORDER BY seq"
                              : "SELECT seq, ts, stream, text FROM (SELECT seq, ts, stream, text FROM job_logs"
                                " WHERE job_id = ?1 AND seq > ?2 AND seq < ?3"
                                " ORDER BY seq DESC LIMIT ?4) AS newest ORDER BY seq";
    *rows = NULL, *n = 0;
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, after);
    sql_bind_i64(st, 3, before);
    sql_bind_i64(st, 4, limit);
    if (stream) sql_bind_text(st, 5, stream);
    return fetch(st, rows, n, e);
}

int job_logs_cut(struct store_tx *tx, const char *job_id, int64_t from, int64_t bytes, int max,
                 struct job_logs_cut *out, struct err *e)
{
    *out = (struct job_logs_cut){.begin = from};
    struct sql_stmt *st =
        sql_begin(tx, "SELECT seq, text FROM job_logs WHERE job_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, from);
    sql_bind_i64(st, 3, max);
    int rc = 1;
    while (out->text + out->lines * LOG_LINE_COST < bytes && (rc = sql_step(st, e)) == 1) {
        out->begin = sql_i64(st, 0) + 1;
        out->text += (int64_t)sql_slice(st, 1).n;
        out->lines++;
    }
    sql_end(st);
    if (rc < 0 || out->lines == 0) return rc < 0 ? rc : 0;
    st = sql_begin(tx, "DELETE FROM job_logs WHERE job_id = ?1 AND seq >= ?2 AND seq < ?3", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, from);
    sql_bind_i64(st, 3, out->begin);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

void job_logs_free(struct job_log_row *rows, int n)
{
    for (int i = 0; i < n; i++) {
        free(rows[i].stream);
        free(rows[i].text);
    }
    free(rows);
}
