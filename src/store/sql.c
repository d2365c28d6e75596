#include "store/sql.h"

#include <math.h>

#include "store/backend.h"

enum sql_dialect sql_dialect(const struct store_tx *tx)
{
    return tx->ops->dialect;
}

struct sql_stmt *sql_begin(struct store_tx *tx, const char *text, struct err *e)
{
    return tx->ops->stmt_begin(tx->db, text, e);
}

void sql_end(struct sql_stmt *st)
{
    if (st) st->ops->stmt_end(st);
}

void sql_bind_text(struct sql_stmt *st, int i, const char *s)
{
    st->ops->bind_slice(st, i, slice_str(s));
}

void sql_bind_slice(struct sql_stmt *st, int i, struct slice s)
{
    if (!s.p) s = slice_str("");
    st->ops->bind_slice(st, i, s);
}

void sql_bind_blob(struct sql_stmt *st, int i, struct slice s)
{
    if (!s.p) s = slice_str("");
    st->ops->bind_blob(st, i, s);
}

void sql_bind_i64(struct sql_stmt *st, int i, int64_t v)
{
    st->ops->bind_i64(st, i, v);
}

void sql_bind_f64(struct sql_stmt *st, int i, double v)
{
    if (isnan(v))
        sql_bind_null(st, i);
    else
        st->ops->bind_f64(st, i, v);
}

void sql_bind_null(struct sql_stmt *st, int i)
{
    st->ops->bind_slice(st, i, (struct slice){0});
}

int sql_step(struct sql_stmt *st, struct err *e)
{
    return st->ops->step(st, e);
}

int64_t sql_exec(struct sql_stmt *st, struct err *e)
{
    int rc;
    do rc = sql_step(st, e);
    while (rc == 1);
    int64_t n = rc ? rc : st->ops->stmt_changes(st);
    sql_end(st);
    return n;
}

int sql_exec_later(struct sql_stmt *st, struct err *e)
{
    if (!st->ops->exec_later) {
        int64_t n = sql_exec(st, e);
        return n < 0 ? (int)n : 0;
    }
    int rc = st->ops->exec_later(st, e);
    sql_end(st);
    return rc;
}

bool sql_is_null(struct sql_stmt *st, int i)
{
    return st->ops->is_null(st, i);
}

struct slice sql_slice(struct sql_stmt *st, int i)
{
    return st->ops->col_slice(st, i);
}

int64_t sql_i64(struct sql_stmt *st, int i)
{
    return st->ops->col_i64(st, i);
}

double sql_f64(struct sql_stmt *st, int i)
{
    return st->ops->is_null(st, i) ? (double)NAN : st->ops->col_f64(st, i);
}
