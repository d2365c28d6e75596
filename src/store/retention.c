#include "store/retention.h"

#include <string.h>

#include "base/mem.h"
#include "store/sql.h"

int64_t retention_remove_workers(struct store_tx *tx, int64_t before, int limit, struct err *e)
{
    const char *text = "DELETE FROM workers WHERE id IN (SELECT w.id FROM workers AS w WHERE w.last_seen_at < ?1"
                       " AND NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.worker_id = w.id"
                       " AND j.status IN ('starting', 'running', 'paused', 'stalled', 'cancelling'))"
                       " ORDER BY w.last_seen_at LIMIT ?2)";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, before);
    sql_bind_i64(st, 2, limit);
    return sql_exec(st, e);
}

int retention_next_logged_job(struct store_tx *tx, int64_t before, int64_t *created_at, char id[ID_SIZE], struct err *e)
{
    // A job ends after it was made, so that the index of that leads to the old ones, in order. (NOT IN: with IN, the
    // index of the status would be taken, and all of them sorted each time.)
    const char *text = "SELECT j.created_at, j.id FROM jobs AS j WHERE (j.created_at, j.id) > (?1, ?2)"
                       " AND j.created_at < ?3 AND j.finished_at < ?3"
                       " AND j.status NOT IN ('queued', 'starting', 'running', 'paused', 'stalled', 'cancelling')"
                       " AND EXISTS (SELECT 1 FROM job_logs AS l WHERE l.job_id = j.id)"
                       " ORDER BY j.created_at, j.id LIMIT 1";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, *created_at);
    sql_bind_text(st, 2, id);
    sql_bind_i64(st, 3, before);
    int rc = sql_step(st, e);
    char next[ID_SIZE] = "";
    if (rc == 1) {
        struct slice s = sql_slice(st, 1);
        *created_at = sql_i64(st, 0);
        memcpy(next, s.p, s.n < ID_SIZE ? s.n : ID_SIZE - 1);
    }
    sql_end(st);
    if (rc < 0) return rc;
    memcpy(id, next, sizeof next);
    return rc == 1 ? 0 : err_set(e, HW_ENOTFOUND, "no job that old has a log");
}

// How far the first lines go that together keep to the bounds.
static int measure(struct store_tx *tx, const char *job_id, int max_lines, int64_t max_bytes, int64_t *last,
                   int64_t *lines, int64_t *bytes, struct err *e)
{
    const char *text = "SELECT seq, lines, bytes FROM job_logs WHERE job_id = ?1 ORDER BY seq LIMIT ?2";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, max_lines);
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        int64_t count = sql_i64(st, 1), size = sql_i64(st, 2);
        if (*lines && (*lines + count > max_lines || *bytes + size > max_bytes)) break;
        *last = sql_i64(st, 0);
        *bytes += size;
        *lines += count;
    }
    sql_end(st);
    return rc < 0 ? rc : 0;
}

static int clear_counts(struct store_tx *tx, const char *job_id, struct err *e)
{
    const char *text =
        "UPDATE jobs SET log_bytes = 0, log_head_end = 0, log_tail_begin = 0, log_cut_bytes = 0, version = version + 1"
        " WHERE id = ?1 AND log_bytes > 0";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

int retention_remove_log_lines(struct store_tx *tx, const char *job_id, int max_lines, int64_t max_bytes,
                               int64_t *lines, int64_t *bytes, struct err *e)
{
    int64_t last = 0;
    *lines = *bytes = 0;
    int rc = measure(tx, job_id, max_lines, max_bytes, &last, lines, bytes, e);
    if (rc) return rc;
    if (*lines == 0) return clear_counts(tx, job_id, e);
    struct sql_stmt *st = sql_begin(tx, "DELETE FROM job_logs WHERE job_id = ?1 AND seq <= ?2", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, last);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

int retention_next_output(struct store_tx *tx, int64_t *created_at, char id[ID_SIZE], char **output_dir, struct err *e)
{
    // NOT IN: as above.
    const char *text = "SELECT created_at, id, output_dir FROM jobs WHERE (created_at, id) > (?1, ?2)"
                       " AND status NOT IN ('queued', 'starting', 'running', 'paused', 'stalled', 'cancelling',"
                       " 'completed') AND output_dir IS NOT NULL ORDER BY created_at, id LIMIT 1";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, *created_at);
    sql_bind_text(st, 2, id);
    int rc = sql_step(st, e);
    if (rc == 1) {
        char next[ID_SIZE] = "";
        struct slice s = sql_slice(st, 1), dir = sql_slice(st, 2);
        *created_at = sql_i64(st, 0);
        memcpy(next, s.p, s.n < ID_SIZE ? s.n : ID_SIZE - 1);
        *output_dir = mem_strndup(dir.p, dir.n);
        sql_end(st);
        memcpy(id, next, sizeof next);
        return 0;
    }
    sql_end(st);
    return rc < 0 ? rc : err_set(e, HW_ENOTFOUND, "no job is left that ended badly");
}

int retention_output_in_use(struct store_tx *tx, const char *output_dir, bool *in_use, struct err *e)
{
    const char *text = "SELECT COUNT(*) FROM jobs WHERE output_dir = ?1"
                       " AND status IN ('queued', 'starting', 'running', 'paused', 'stalled', 'cancelling')";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, output_dir);
    int rc = sql_step(st, e);
    if (rc == 1) *in_use = sql_i64(st, 0) > 0;
    sql_end(st);
    return rc < 0 ? rc : 0;
}
