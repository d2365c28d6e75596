#include "store/system_history_table.h"

#include "store/sql.h"

int system_minute_put(struct store_tx *tx, const struct system_minute *m, struct err *e)
{
    const char *text = "INSERT INTO system_history (time, host, samples, readings) VALUES (?1, ?2, ?3, ?4)"
                       " ON CONFLICT (time, host) DO UPDATE SET samples = excluded.samples,"
                       " readings = excluded.readings WHERE excluded.samples > system_history.samples";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, m->time);
    sql_bind_text(st, 2, m->host);
    sql_bind_i64(st, 3, m->samples);
    sql_bind_text(st, 4, m->readings);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

int system_minutes_each(struct store_tx *tx, const char *host, int64_t from, int64_t to, system_minute_fn fn, void *ctx,
                        struct err *e)
{
    const char *text = "SELECT time, samples, readings FROM system_history WHERE time >= ?1 AND time < ?2"
                       " AND (host = ?3 OR ?3 = '') ORDER BY time, host";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, from);
    sql_bind_i64(st, 2, to);
    sql_bind_text(st, 3, host);
    int rc;
    while ((rc = sql_step(st, e)) == 1) fn(ctx, sql_i64(st, 0), sql_i64(st, 1), sql_slice(st, 2));
    sql_end(st);
    return rc;
}

int64_t system_minutes_remove(struct store_tx *tx, int64_t before, int limit, struct err *e)
{
    // Many hosts may share a minute: a few more than `limit` is no harm.
    const char *text = "DELETE FROM system_history WHERE time IN (SELECT h.time FROM system_history AS h"
                       " WHERE h.time < ?1 ORDER BY h.time LIMIT ?2)";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, before);
    sql_bind_i64(st, 2, limit);
    return sql_exec(st, e);
}
