#include "store/columns.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void *at(const struct column *c, void *row)
{
    return (char *)row + c->offset;
}

static const void *cat(const struct column *c, const void *row)
{
    return (const char *)row + c->offset;
}

// ---- rows ---------------------------------------------------------------------------------------------------------

void table_row_init(const struct table *t, void *row)
{
    // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no caller passes NULL
    memset(row, 0, t->row_size);
    for (int i = 0; i < t->n; i++) {
        const struct column *c = &t->columns[i];
        if (c->type == COL_COUNT) *(int64_t *)at(c, row) = -1;
        if (c->type == COL_REAL) *(double *)at(c, row) = (double)NAN;
    }
}

void table_row_release(const struct table *t, void *row)
{
    for (int i = 0; i < t->n; i++)
        if (t->columns[i].type == COL_TEXT) free(*(char **)at(&t->columns[i], row));
    table_row_init(t, row);
}

void table_row_copy(const struct table *t, void *to, const void *from)
{
    memcpy(to, from, t->row_size);
    for (int i = 0; i < t->n; i++) {
        if (t->columns[i].type != COL_TEXT) continue;
        char **text = at(&t->columns[i], to);
        if (*text) *text = mem_strdup(*text);
    }
}

static void bind(struct sql_stmt *st, int i, const struct column *c, const void *row)
{
    const void *v = cat(c, row);
    switch (c->type) {
    case COL_ID: sql_bind_text(st, i, *(const char *)v ? (const char *)v : NULL); break;
    case COL_TEXT: sql_bind_text(st, i, *(char *const *)v); break;
    case COL_INT: sql_bind_i64(st, i, *(const int64_t *)v); break;
    case COL_I32: sql_bind_i64(st, i, *(const int *)v); break;
    case COL_BOOL: sql_bind_i64(st, i, *(const bool *)v); break;
    case COL_REAL: sql_bind_f64(st, i, *(const double *)v); break;
    case COL_KEY: break;
    case COL_COUNT:
    case COL_TIME: {
        int64_t n = *(const int64_t *)v;
        if (c->type == COL_TIME ? n == 0 : n < 0)
            sql_bind_null(st, i);
        else
            sql_bind_i64(st, i, n);
        break;
    }
    }
}

// In order, without what the database gives out; of an update without what is fixed, but for the key.
static void bind_all(struct sql_stmt *st, const struct table *t, bool update, const void *row)
{
    for (int i = 0, n = 0; i < t->n; i++) {
        const struct column *c = &t->columns[i];
        if (c->type != COL_KEY && (!update || i == 0 || !c->fixed)) bind(st, ++n, c, row);
    }
}

void table_read(const struct table *t, struct sql_stmt *st, void *row)
{
    table_row_init(t, row);
    for (int i = 0; i < t->n; i++) {
        const struct column *c = &t->columns[i];
        void *v = at(c, row);
        if (sql_is_null(st, i)) continue;
        switch (c->type) {
        case COL_ID: {
            struct slice s = sql_slice(st, i);
            size_t n = s.n < ID_SIZE ? s.n : ID_SIZE - 1;
            memcpy(v, s.p, n);
            break;
        }
        case COL_TEXT: {
            struct slice s = sql_slice(st, i);
            *(char **)v = mem_strndup(s.p, s.n);
            break;
        }
        case COL_INT:
        case COL_COUNT:
        case COL_KEY:
        case COL_TIME: *(int64_t *)v = sql_i64(st, i); break;
        case COL_I32: *(int *)v = (int)sql_i64(st, i); break;
        case COL_BOOL: *(bool *)v = sql_i64(st, i) != 0; break;
        case COL_REAL: *(double *)v = sql_f64(st, i); break;
        }
    }
}

// ---- statements ---------------------------------------------------------------------------------------------------

static void add_columns(struct buf *b, const struct table *t)
{
    for (int i = 0; i < t->n; i++) buf_addf(b, "%s%s", i ? ", " : "", t->columns[i].name);
}

static struct sql_stmt *begin(struct store_tx *tx, struct buf *text, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, buf_cstr(text), e);
    buf_release(text);
    return st;
}

struct sql_stmt *table_select(struct store_tx *tx, const struct table *t, const char *tail, struct err *e)
{
    struct buf b = BUF_INIT;
    buf_add_str(&b, "SELECT ");
    add_columns(&b, t);
    buf_addf(&b, " FROM %s %s", t->name, tail);
    return begin(tx, &b, e);
}

static int one_row(const struct table *t, struct sql_stmt *st, void *row, struct err *e)
{
    int rc = sql_step(st, e);
    if (rc == 1) table_read(t, st, row);
    sql_end(st);
    return rc;
}

static int not_found(const struct table *t, const char *id, struct err *e)
{
    int n = (int)strlen(t->name);
    return err_set(e, HW_ENOTFOUND, "there is no %.*s %.60s", n - 1, t->name, id); // "jobs": "job"
}

int table_get(struct store_tx *tx, const struct table *t, const char *id, void *row, struct err *e)
{
    char tail[64];
    snprintf(tail, sizeof tail, "WHERE %s = ?1", t->columns[0].name);
    table_row_init(t, row);
    struct sql_stmt *st = table_select(tx, t, tail, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    int rc = one_row(t, st, row, e);
    if (rc == 0) return not_found(t, id, e);
    return rc == 1 ? 0 : rc;
}

int table_insert(struct store_tx *tx, const struct table *t, const void *row, struct err *e)
{
    struct buf b = BUF_INIT;
    buf_addf(&b, "INSERT INTO %s (", t->name);
    for (int i = 0; i < t->n; i++)
        if (t->columns[i].type != COL_KEY) buf_addf(&b, "%s%s", i ? ", " : "", t->columns[i].name);
    buf_add_str(&b, ") VALUES (");
    for (int i = 0, at = 0; i < t->n; i++)
        if (t->columns[i].type != COL_KEY) buf_addf(&b, "%s?%d", i ? ", " : "", ++at);
    buf_add_char(&b, ')');
    struct sql_stmt *st = begin(tx, &b, e);
    if (!st) return HW_EINTERNAL;
    bind_all(st, t, false, row);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int64_t update(struct store_tx *tx, const struct table *t, const void *row, const int64_t *version,
                      struct err *e)
{
    struct buf b = BUF_INIT;
    buf_addf(&b, "UPDATE %s SET ", t->name);
    int at = 1;
    for (int i = 1; i < t->n; i++) {
        if (t->columns[i].type == COL_KEY || t->columns[i].fixed) continue;
        at++;
        buf_addf(&b, "%s%s = ?%d", at > 2 ? ", " : "", t->columns[i].name, at);
    }
    buf_addf(&b, " WHERE %s = ?1", t->columns[0].name);
    if (version) buf_addf(&b, " AND version = ?%d", at + 1);
    struct sql_stmt *st = begin(tx, &b, e);
    if (!st) return HW_EINTERNAL;
    bind_all(st, t, true, row);
    if (version) sql_bind_i64(st, at + 1, *version);
    return sql_exec(st, e);
}

int table_update(struct store_tx *tx, const struct table *t, const void *row, struct err *e)
{
    int64_t n = update(tx, t, row, NULL, e);
    return n == 0 ? not_found(t, cat(&t->columns[0], row), e) : n < 0 ? (int)n : 0;
}

int table_delete(struct store_tx *tx, const struct table *t, const char *id, struct err *e)
{
    struct buf b = BUF_INIT;
    buf_addf(&b, "DELETE FROM %s WHERE %s = ?1", t->name, t->columns[0].name);
    struct sql_stmt *st = begin(tx, &b, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    int64_t n = sql_exec(st, e);
    return n == 0 ? not_found(t, id, e) : n < 0 ? (int)n : 0;
}

int table_update_cas(struct store_tx *tx, const struct table *t, const void *row, int64_t version, struct err *e)
{
    int64_t n = update(tx, t, row, &version, e);
    if (n == 0)
        return err_set(e, HW_ECONFLICT, "%s has changed meanwhile (version %" PRId64 " is past)",
                       (const char *)cat(&t->columns[0], row), version);
    return n < 0 ? (int)n : 0;
}

// ---- many rows ----------------------------------------------------------------------------------------------------

int table_fetch(const struct table *t, struct sql_stmt *st, void **rows, int *n, struct err *e)
{
    char *all = NULL;
    size_t count = 0, cap = 0;
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        if (count == cap) {
            cap = cap ? cap * 2 : 8;
            all = mem_realloc_array(all, cap, t->row_size);
        }
        table_read(t, st, all + count++ * t->row_size);
    }
    sql_end(st);
    if (rc < 0) {
        table_rows_free(t, all, (int)count);
        all = NULL, count = 0;
    }
    *rows = all;
    *n = (int)count;
    return rc;
}

void table_rows_free(const struct table *t, void *rows, int n)
{
    for (int i = 0; i < n; i++) table_row_release(t, (char *)rows + (size_t)i * t->row_size);
    free(rows);
}

int table_page(struct store_tx *tx, const struct table *t, const char *where, const char *const *args, int n_args,
               const struct page *p, void **rows, int *n, bool *more, struct err *e)
{
    const char *key = t->columns[0].name;
    struct buf b = BUF_INIT;
    // One row more than asked for tells whether there are more.
    buf_addf(&b, "WHERE %s%s(created_at, %s) < (?%d, ?%d) ORDER BY created_at DESC, %s DESC LIMIT ?%d", where,
             *where ? " AND " : "", key, n_args + 1, n_args + 2, key, n_args + 3);
    struct sql_stmt *st = table_select(tx, t, buf_cstr(&b), e);
    buf_release(&b);
    *rows = NULL, *n = 0, *more = false;
    if (!st) return HW_EINTERNAL;
    for (int i = 0; i < n_args; i++) sql_bind_text(st, i + 1, args[i]);
    sql_bind_i64(st, n_args + 1, p->before_us ? p->before_us : INT64_MAX);
    sql_bind_text(st, n_args + 2, p->before_id);
    sql_bind_i64(st, n_args + 3, (int64_t)p->limit + 1);
    int rc = table_fetch(t, st, rows, n, e);
    if (rc) return rc;
    if (*n > p->limit) {
        *more = true;
        table_row_release(t, (char *)*rows + (size_t)-- * n * t->row_size);
    }
    return 0;
}
