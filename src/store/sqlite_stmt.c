// Statements of one SQLite connection, and the cache that keeps them prepared.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite_internal.h"

// The tables' functions have a few dozen texts; a cache that grows beyond this is emptied.
enum { CACHE_MAX = 160 };

struct sqlite_stmt {
    struct sql_stmt base;
    struct db *db;
    sqlite3_stmt *h;
    bool busy, cached;
    int64_t changes; // of the last use
};

static struct sqlite_stmt *impl(struct sql_stmt *st)
{
    return (struct sqlite_stmt *)(void *)st;
}

static void stmt_free(struct sqlite_stmt *s)
{
    sqlite3_finalize(s->h); // reports the last step's error again: it was looked at there
    free(s);
}

static void cache_drop_idle(struct db *db)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&db->cache, &at)) != NULL;) {
        struct sqlite_stmt *s = it->value;
        if (s->busy) continue;
        map_remove(&db->cache, slice_of(it->key, it->key_len));
        if (s == db->last) db->last = NULL;
        stmt_free(s);
    }
}

void sqlite_cache_clear(struct db *db)
{
    cache_drop_idle(db);
    map_release(&db->cache);
}

// Of many rows put one after the other only the first looks into the map: hashing so long a text costs more than
// comparing it.
static struct sqlite_stmt *find(struct db *db, const char *text, struct slice key)
{
    if (!db->last || strcmp(sqlite3_sql(db->last->h), text) != 0) db->last = map_get(&db->cache, key);
    return db->last;
}

struct sql_stmt *sqlite_stmt_begin(struct db *db, const char *text, struct err *e)
{
    struct slice key = slice_str(text);
    struct sqlite_stmt *s = find(db, text, key);
    bool taken = s && s->busy;
    if (!s || taken) {
        sqlite3_stmt *h = NULL;
        unsigned flags = taken ? 0 : SQLITE_PREPARE_PERSISTENT;
        int rc = sqlite3_prepare_v3(db->h, text, (int)key.n + 1, flags, &h, NULL);
        if (rc != SQLITE_OK) {
            sqlite_fail(db->h, rc, text, e);
            return NULL;
        }
        s = mem_zalloc(sizeof *s);
        *s = (struct sqlite_stmt){.base.ops = &backend_sqlite, .db = db, .h = h, .cached = !taken};
        if (!taken) {
            if (db->cache.count >= CACHE_MAX) cache_drop_idle(db);
            map_put(&db->cache, key, s);
        }
    }
    s->busy = true;
    s->changes = 0;
    return &s->base;
}

void sqlite_stmt_end(struct sql_stmt *st)
{
    struct sqlite_stmt *s = impl(st);
    if (!s->cached) {
        stmt_free(s);
        return;
    }
    sqlite3_reset(s->h); // the step's error again
    sqlite3_clear_bindings(s->h);
    s->busy = false;
}

// Binding fails only for an index that the statement doesn't have, which is a bug that the first step shows as NULL
// data, or for text beyond SQLite's limit of 1 GB.
void sqlite_bind_slice(struct sql_stmt *st, int i, struct slice s)
{
    if (s.p)
        sqlite3_bind_text64(impl(st)->h, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(impl(st)->h, i);
}

void sqlite_bind_blob(struct sql_stmt *st, int i, struct slice s)
{
    sqlite3_bind_blob64(impl(st)->h, i, s.p, s.n, SQLITE_STATIC);
}

void sqlite_bind_i64(struct sql_stmt *st, int i, int64_t v)
{
    sqlite3_bind_int64(impl(st)->h, i, v);
}

void sqlite_bind_f64(struct sql_stmt *st, int i, double v)
{
    sqlite3_bind_double(impl(st)->h, i, v);
}

int sqlite_stmt_step(struct sql_stmt *st, struct err *e)
{
    struct sqlite_stmt *s = impl(st);
    int64_t before = sqlite3_total_changes64(s->db->h);
    int rc = sqlite3_step(s->h);
    s->changes = sqlite3_total_changes64(s->db->h) - before;
    if (rc == SQLITE_ROW) return 1;
    if (rc == SQLITE_DONE) return 0;
    return sqlite_fail(s->db->h, rc, "statement", e);
}

int64_t sqlite_stmt_changes(struct sql_stmt *st)
{
    return impl(st)->changes;
}

bool sqlite_is_null(struct sql_stmt *st, int i)
{
    return sqlite3_column_type(impl(st)->h, i) == SQLITE_NULL;
}

struct slice sqlite_col_slice(struct sql_stmt *st, int i)
{
    sqlite3_stmt *h = impl(st)->h;
    bool blob = sqlite3_column_type(h, i) == SQLITE_BLOB;
    const void *p = blob ? sqlite3_column_blob(h, i) : sqlite3_column_text(h, i);
    if (blob && !p) p = ""; // one without bytes
    return p ? slice_of(p, (size_t)sqlite3_column_bytes(h, i)) : (struct slice){0};
}

int64_t sqlite_col_i64(struct sql_stmt *st, int i)
{
    return sqlite3_column_int64(impl(st)->h, i);
}

double sqlite_col_f64(struct sql_stmt *st, int i)
{
    return sqlite3_column_double(impl(st)->h, i);
}
