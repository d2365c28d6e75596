#include "store/copy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/sql.h"
#include "store/store.h"
#include "store/table_list.h"

enum { PAGE_ROWS = 500, PAGE_BYTES = 1 << 20, COLUMNS_MAX = 96 };

// ---- pages of rows ------------------------------------------------------------------------------------------------

enum value_type { INTEGER, REAL, BYTES };

struct column_info {
    char name[64];
    enum value_type type;
};

struct value {
    bool null;
    int64_t i64;
    double f64;
    size_t at, n; // in the page's bytes
};

struct page_of_rows {
    const struct listed_table *table;
    struct column_info columns[COLUMNS_MAX];
    int n_columns, n_keys;
    int key_at[TABLE_KEYS_MAX];
    bool begun, newest;   // whether `after` is set; only the last row is wanted
    struct value *values; // PAGE_ROWS × n_columns
    struct buf bytes;
    int n;
    struct value after[TABLE_KEYS_MAX]; // the last key of the page before
    struct buf after_bytes;
};

static void page_release(struct page_of_rows *p)
{
    free(p->values);
    buf_release(&p->bytes);
    buf_release(&p->after_bytes);
}

static int find_columns(struct store_tx *tx, void *ctx, struct err *e)
{
    struct page_of_rows *p = ctx;
    const char *text = "SELECT column_name::text, data_type::text FROM information_schema.columns"
                       " WHERE table_schema = current_schema() AND table_name = ?1 AND is_generated = 'NEVER'"
                       " ORDER BY ordinal_position";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, p->table->name);
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        if (p->n_columns == COLUMNS_MAX) {
            rc = err_set(e, HW_EINTERNAL, "%s has more columns than a copy takes", p->table->name);
            break;
        }
        struct column_info *c = &p->columns[p->n_columns++];
        struct slice name = sql_slice(st, 0), type = sql_slice(st, 1);
        snprintf(c->name, sizeof c->name, "%.*s", SLICE_FMT(name));
        c->type = slice_is(type, "bigint") || slice_is(type, "integer") ? INTEGER
                  : slice_is(type, "double precision")                  ? REAL
                                                                        : BYTES;
    }
    sql_end(st);
    for (; p->table->keys[p->n_keys]; p->n_keys++)
        for (int i = 0; i < p->n_columns; i++)
            if (strcmp(p->columns[i].name, p->table->keys[p->n_keys]) == 0) p->key_at[p->n_keys] = i;
    return rc < 0 ? rc : 0;
}

static void add_list(struct buf *b, const struct page_of_rows *p, bool keys, const char *after_each)
{
    for (int i = 0; i < (keys ? p->n_keys : p->n_columns); i++)
        buf_addf(b, "%s%s%s", i ? ", " : "", keys ? p->table->keys[i] : p->columns[i].name, after_each);
}

static struct sql_stmt *select_page(struct store_tx *tx, const struct page_of_rows *p, struct err *e)
{
    struct buf b = BUF_INIT;
    buf_add_str(&b, "SELECT ");
    add_list(&b, p, false, "");
    buf_addf(&b, " FROM %s", p->table->name);
    if (p->begun) {
        buf_add_str(&b, " WHERE (");
        add_list(&b, p, true, "");
        buf_add_str(&b, ") > (");
        for (int i = 0; i < p->n_keys; i++) buf_addf(&b, "%s?%d", i ? ", " : "", i + 1);
        buf_add_char(&b, ')');
    }
    buf_add_str(&b, " ORDER BY ");
    add_list(&b, p, true, p->newest ? " DESC" : "");
    buf_addf(&b, " LIMIT %d", p->newest ? 1 : PAGE_ROWS);
    struct sql_stmt *st = sql_begin(tx, buf_cstr(&b), e);
    buf_release(&b);
    return st;
}

static void bind(struct sql_stmt *st, int i, enum value_type type, const struct value *v, const struct buf *bytes)
{
    if (v->null)
        sql_bind_null(st, i);
    else if (type == INTEGER)
        sql_bind_i64(st, i, v->i64);
    else if (type == REAL)
        sql_bind_f64(st, i, v->f64);
    else
        sql_bind_slice(st, i, v->n ? slice_of(bytes->p + v->at, v->n) : slice_str(""));
}

static void read_value(struct sql_stmt *st, int i, enum value_type type, struct value *v, struct buf *bytes)
{
    *v = (struct value){.null = sql_is_null(st, i)};
    if (v->null) return;
    if (type == INTEGER) v->i64 = sql_i64(st, i);
    if (type == REAL) v->f64 = sql_f64(st, i);
    if (type != BYTES) return;
    struct slice s = sql_slice(st, i);
    v->at = bytes->n;
    v->n = s.n;
    if (s.n) buf_add_slice(bytes, s);
}

// Where the next page begins: behind the last row of this one.
static void remember_last(struct page_of_rows *p)
{
    const struct value *last = &p->values[(size_t)(p->n - 1) * (size_t)p->n_columns];
    buf_clear(&p->after_bytes);
    for (int i = 0; i < p->n_keys; i++) {
        struct value *v = &p->after[i];
        *v = last[p->key_at[i]];
        size_t at = p->after_bytes.n;
        if (v->n) buf_add(&p->after_bytes, p->bytes.p + v->at, v->n);
        v->at = at;
    }
    p->begun = true;
}

static int read_page(struct store_tx *tx, void *ctx, struct err *e)
{
    struct page_of_rows *p = ctx;
    struct sql_stmt *st = select_page(tx, p, e);
    if (!st) return HW_EINTERNAL;
    for (int i = 0; p->begun && i < p->n_keys; i++)
        bind(st, i + 1, p->columns[p->key_at[i]].type, &p->after[i], &p->after_bytes);
    p->n = 0;
    buf_clear(&p->bytes);
    if (!p->values) p->values = mem_array((size_t)PAGE_ROWS * (size_t)p->n_columns, sizeof *p->values);
    int rc = 1;
    while (p->n < PAGE_ROWS && p->bytes.n < PAGE_BYTES && (rc = sql_step(st, e)) == 1) {
        struct value *row = &p->values[(size_t)p->n++ * (size_t)p->n_columns];
        for (int i = 0; i < p->n_columns; i++) read_value(st, i, p->columns[i].type, &row[i], &p->bytes);
    }
    sql_end(st);
    if (p->n) remember_last(p);
    return rc < 0 ? rc : 0;
}

// ---- copying ------------------------------------------------------------------------------------------------------

static int write_page(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct page_of_rows *p = ctx;
    struct buf b = BUF_INIT;
    buf_addf(&b, "INSERT INTO %s (", p->table->name);
    add_list(&b, p, false, "");
    buf_add_str(&b, ") VALUES (");
    for (int i = 0; i < p->n_columns; i++) buf_addf(&b, "%s?%d", i ? ", " : "", i + 1);
    buf_add_char(&b, ')');
    int rc = 0;
    for (int k = 0; !rc && k < p->n; k++) {
        struct sql_stmt *st = sql_begin(tx, buf_cstr(&b), e);
        const struct value *row = &p->values[(size_t)k * (size_t)p->n_columns];
        for (int i = 0; st && i < p->n_columns; i++) bind(st, i + 1, p->columns[i].type, &row[i], &p->bytes);
        rc = st ? sql_exec_later(st, e) : HW_EINTERNAL;
    }
    buf_release(&b);
    return rc;
}

static int advance_serial(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct listed_table *t = ctx;
    struct buf b = BUF_INIT;
    buf_addf(&b, "SELECT setval(pg_get_serial_sequence('%s', '%s'), MAX(%s)) FROM %s HAVING COUNT(*) > 0", t->name,
             t->serial, t->serial, t->name);
    struct sql_stmt *st = sql_begin(tx, buf_cstr(&b), e);
    buf_release(&b);
    if (!st) return HW_EINTERNAL;
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int copy_rows(struct store *from, struct store *to, struct page_of_rows *p, int64_t *copied, struct err *e)
{
    p->newest = true;
    int rc = store_read_wait(to, read_page, p, e); // where an earlier call has ended
    p->newest = false;
    while (!rc && !(rc = store_read_wait(from, read_page, p, e)) && p->n) {
        rc = store_write_wait(to, write_page, p, e);
        *copied += p->n;
    }
    if (!rc && p->table->serial) rc = store_write_wait(to, advance_serial, (void *)(uintptr_t)p->table, e);
    return rc;
}

// ---- comparing ----------------------------------------------------------------------------------------------------

static bool same_value(enum value_type type, const struct value *a, const struct buf *a_bytes, const struct value *b,
                       const struct buf *b_bytes)
{
    if (a->null || b->null) return a->null == b->null;
    if (type == INTEGER) return a->i64 == b->i64;
    if (type == REAL) return a->f64 == b->f64 || (isnan(a->f64) && isnan(b->f64));
    return a->n == b->n && (a->n == 0 || memcmp(a_bytes->p + a->at, b_bytes->p + b->at, a->n) == 0);
}

static int differs(const struct page_of_rows *a, int row, const char *what, struct err *e)
{
    const struct value *key = &a->values[(size_t)row * (size_t)a->n_columns + (size_t)a->key_at[0]];
    if (a->columns[a->key_at[0]].type == INTEGER)
        return err_set(e, HW_ECONFLICT, "%s: the row of %s %" PRId64 " %s", a->table->name, a->table->keys[0], key->i64,
                       what);
    return err_set(e, HW_ECONFLICT, "%s: the row of %s %.*s %s", a->table->name, a->table->keys[0],
                   (int)(key->n < 60 ? key->n : 60), a->bytes.p + key->at, what);
}

// Whether `a` comes first in the order of the keys.
static bool comes_first(enum value_type type, const struct value *a, const struct buf *a_bytes, const struct value *b,
                        const struct buf *b_bytes)
{
    if (type == INTEGER) return a->i64 < b->i64;
    size_t n = a->n < b->n ? a->n : b->n;
    int order = n ? memcmp(a_bytes->p + a->at, b_bytes->p + b->at, n) : 0;
    return order ? order < 0 : a->n < b->n;
}

static bool is_key(const struct page_of_rows *p, int column)
{
    for (int i = 0; i < p->n_keys; i++)
        if (p->key_at[i] == column) return true;
    return false;
}

static int compare_rows(const struct page_of_rows *a, const struct page_of_rows *b, int row, struct err *e)
{
    const struct value *x = &a->values[(size_t)row * (size_t)a->n_columns];
    const struct value *y = &b->values[(size_t)row * (size_t)a->n_columns];
    char what[96];
    for (int k = 0; k < a->n_keys; k++) {
        int i = a->key_at[k];
        enum value_type type = a->columns[i].type;
        if (same_value(type, &x[i], &a->bytes, &y[i], &b->bytes)) continue;
        if (comes_first(type, &x[i], &a->bytes, &y[i], &b->bytes)) return differs(a, row, "is missing in the copy", e);
        return differs(b, row, "is only in the copy", e);
    }
    for (int i = 0; i < a->n_columns; i++) {
        if (is_key(a, i) || same_value(a->columns[i].type, &x[i], &a->bytes, &y[i], &b->bytes)) continue;
        snprintf(what, sizeof what, "differs in %s", a->columns[i].name);
        return differs(a, row, what, e);
    }
    return 0;
}

static int compare_pages(const struct page_of_rows *a, const struct page_of_rows *b, struct err *e)
{
    int rc = 0;
    for (int k = 0; !rc && k < a->n && k < b->n; k++) rc = compare_rows(a, b, k, e);
    if (rc) return rc;
    if (a->n > b->n) return differs(a, b->n, "is missing in the copy", e);
    if (b->n > a->n) return differs(b, a->n, "is only in the copy", e);
    return 0;
}

static void start_over(struct page_of_rows *p)
{
    p->begun = false;
    buf_clear(&p->after_bytes);
}

static int compare(struct store *from, struct store *to, struct page_of_rows *a, struct page_of_rows *b, int64_t *rows,
                   struct err *e)
{
    int rc;
    start_over(a);
    start_over(b);
    do {
        rc = store_read_wait(from, read_page, a, e);
        if (!rc) rc = store_read_wait(to, read_page, b, e);
        if (!rc) rc = compare_pages(a, b, e);
        *rows += a->n;
    } while (!rc && a->n);
    return rc;
}

static int copy_table(struct store *from, struct store *to, const struct listed_table *t, int64_t *copied,
                      int64_t *rows, struct err *e)
{
    struct page_of_rows a = {.table = t}, b;
    int rc = store_read_wait(to, find_columns, &a, e);
    if (rc) return rc;
    b = a;
    rc = copy_rows(from, to, &a, copied, e);
    if (!rc) rc = compare(from, to, &a, &b, rows, e);
    page_release(&a);
    page_release(&b);
    return rc;
}

int store_copy(const char *from, const char *to, store_copied_fn note, void *ctx, struct err *e)
{
    struct store *source = NULL, *target = NULL;
    if (strncmp(from, "sqlite:", 7) != 0 || strncmp(to, "postgres", 8) != 0)
        return err_set(e, HW_EUNSUPPORTED, "a copy goes from sqlite:PATH to postgresql://…");
    int rc = store_open(&source, from, e);
    if (!rc) rc = store_open(&target, to, e);
    for (int i = 0; !rc && i < n_listed_tables; i++) {
        int64_t copied = 0, rows = 0;
        rc = copy_table(source, target, &listed_tables[i], &copied, &rows, e);
        if (!rc && note) note(ctx, listed_tables[i].name, copied, rows);
    }
    store_close(target);
    store_close(source);
    return rc;
}
