// Statements of one PostgreSQL connection. Each text is prepared once a connection, and the server then says which
// types its parameters and columns have, so that numbers travel as eight bytes and bytes as they are.
#include <ctype.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/postgres_internal.h"
#include "store/postgres_types.h"

// The tables' functions have a few dozen texts; a cache that grows beyond this is emptied.
enum { CACHE_MAX = 160 };

// How many commands may be under way before their answers are read: the server's answers must fit into the socket's
// buffers, or both sides would wait for each other to read.
enum { AHEAD_MAX = 256 };

struct param {
    Oid type;
    union {
        int64_t i64;
        int32_t i32;
        int16_t i16;
        char text[32];
    } own;
    char *copy; // heap-owned
};

struct pg_stmt {
    struct sql_stmt base;
    struct pg_conn *c;
    char name[16];
    bool busy, cached;
    int n_params, n_columns;
    struct param *params;
    const char **values; // the three as libpq wants them
    int *lengths, *formats;
    Oid *types;
    bool binary; // the columns
    PGresult *r; // NULL: not yet run
    int row;
    int64_t changes; // of the last use
};

static struct pg_stmt *impl(struct sql_stmt *st)
{
    return (struct pg_stmt *)(void *)st;
}

void pg_translate(const char *text, struct buf *out)
{
    char quote = 0;
    for (const char *p = text; *p; p++) {
        if (quote ? *p == quote : *p == '\'' || *p == '"') quote = quote ? 0 : *p;
        bool param = !quote && *p == '?' && isdigit((unsigned char)p[1]);
        buf_add_char(out, param ? '$' : *p);
    }
}

// ---- preparing ----------------------------------------------------------------------------------------------------

static void stmt_free(struct pg_stmt *s)
{
    PQclear(s->r);
    for (int i = 0; i < s->n_params; i++) free(s->params[i].copy);
    free(s->params);
    free(s->values);
    free(s->lengths);
    free(s->formats);
    free(s->types);
    free(s);
}

static void forget(struct pg_conn *c, struct pg_stmt *s)
{
    char text[32];
    snprintf(text, sizeof text, "DEALLOCATE %s", s->name);
    pg_send(c, text);
    stmt_free(s);
}

static void cache_drop_idle(struct pg_conn *c)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&c->cache, &at)) != NULL;) {
        struct pg_stmt *s = it->value;
        if (s->busy) continue;
        map_remove(&c->cache, slice_of(it->key, it->key_len));
        forget(c, s);
    }
}

void pg_cache_clear(struct pg_conn *c)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&c->cache, &at)) != NULL;) stmt_free(it->value);
    map_release(&c->cache);
}

static bool known(Oid type)
{
    switch (type) {
    case OID_BOOL:
    case OID_BYTEA:
    case OID_INT8:
    case OID_INT2:
    case OID_INT4:
    case OID_TEXT:
    case OID_FLOAT8: return true;
    default: return false;
    }
}

static struct pg_stmt *stmt_new(const PGresult *described)
{
    struct pg_stmt *s = mem_zalloc(sizeof *s);
    s->n_params = PQnparams(described);
    s->n_columns = PQnfields(described);
    size_t n = s->n_params ? (size_t)s->n_params : 1;
    s->params = mem_array(n, sizeof *s->params);
    s->values = mem_array(n, sizeof *s->values);
    s->lengths = mem_array(n, sizeof *s->lengths);
    s->formats = mem_array(n, sizeof *s->formats);
    s->types = mem_array(s->n_columns ? (size_t)s->n_columns : 1, sizeof *s->types);
    for (int i = 0; i < s->n_params; i++) s->params[i].type = PQparamtype(described, i);
    s->binary = true;
    for (int i = 0; i < s->n_columns; i++) {
        s->types[i] = PQftype(described, i);
        if (!known(s->types[i])) s->binary = false;
    }
    if (!s->binary)
        for (int i = 0; i < s->n_columns; i++) s->types[i] = OID_TEXT;
    return s;
}

static struct pg_stmt *prepare(struct pg_conn *c, const char *text, struct err *e)
{
    struct buf translated = BUF_INIT;
    char name[16];
    snprintf(name, sizeof name, "s%u", ++c->statements);
    pg_translate(text, &translated);
    bool sent = PQsendPrepare(c->h, name, buf_cstr(&translated), 0, NULL) != 0;
    buf_release(&translated);
    if (sent) c->ahead++;
    PGresult *described = NULL;
    if (sent && PQsendDescribePrepared(c->h, name))
        described = pg_result(c, e);
    else
        pg_fail(c, NULL, e);
    if (!described) {
        err_prefix(e, "%.200s", text);
        return NULL;
    }
    struct pg_stmt *s = stmt_new(described);
    PQclear(described);
    memcpy(s->name, name, sizeof name);
    return s;
}

struct sql_stmt *pg_stmt_begin(struct db *db, const char *text, struct err *e)
{
    struct slice key = slice_str(text);
    struct pg_conn *c = db->c;
    if (c->broken) {
        pg_settle(c, e);
        return NULL;
    }
    struct pg_stmt *s = map_get(&c->cache, key);
    bool taken = s && s->busy;
    if (!s || taken) {
        s = prepare(c, text, e);
        if (!s) return NULL;
        s->base.ops = &backend_postgres;
        s->c = c;
        s->cached = !taken;
        if (!taken) {
            if (c->cache.count >= CACHE_MAX) cache_drop_idle(c);
            map_put(&c->cache, key, s);
        }
    }
    s->busy = true;
    s->changes = 0;
    return &s->base;
}

void pg_stmt_end(struct sql_stmt *st)
{
    struct pg_stmt *s = impl(st);
    if (!s->cached) {
        forget(s->c, s);
        return;
    }
    PQclear(s->r);
    s->r = NULL;
    for (int i = 0; i < s->n_params; i++) {
        free(s->params[i].copy);
        s->params[i].copy = NULL;
        s->values[i] = NULL;
    }
    s->busy = false;
}

// ---- binding ------------------------------------------------------------------------------------------------------

static void set(struct pg_stmt *s, int at, const void *value, int length, int format)
{
    s->values[at] = value;
    s->lengths[at] = length;
    s->formats[at] = format;
}

// As text, which the server reads as whatever the parameter's type is, or refuses.
static void set_text(struct pg_stmt *s, int at, struct slice text)
{
    struct param *p = &s->params[at];
    free(p->copy);
    p->copy = mem_strndup(text.p, text.n);
    set(s, at, p->copy, (int)text.n, 0);
}

// What is bound as bytes, and not as text that the server reads.
static bool is_binary(Oid type)
{
    switch (type) {
    case OID_TEXT:
    case OID_BYTEA:
    case OID_INT4_ARRAY:
    case OID_TEXT_ARRAY:
    case OID_INT8_ARRAY:
    case OID_FLOAT8_ARRAY: return true;
    default: return false;
    }
}

void pg_bind_slice(struct sql_stmt *st, int i, struct slice v)
{
    struct pg_stmt *s = impl(st);
    if (i < 1 || i > s->n_params) return;
    if (!v.p)
        set(s, i - 1, NULL, 0, 0);
    else if (is_binary(s->params[i - 1].type))
        set(s, i - 1, v.p, (int)v.n, 1);
    else
        set_text(s, i - 1, v);
}

void pg_bind_i64(struct sql_stmt *st, int i, int64_t v)
{
    struct pg_stmt *s = impl(st);
    if (i < 1 || i > s->n_params) return;
    struct param *p = &s->params[i - 1];
    if (p->type == OID_INT8) {
        p->own.i64 = (int64_t)htobe64((uint64_t)v);
        set(s, i - 1, &p->own, 8, 1);
    } else if (p->type == OID_INT4 && v >= INT32_MIN && v <= INT32_MAX) {
        p->own.i32 = (int32_t)htobe32((uint32_t)(int32_t)v);
        set(s, i - 1, &p->own, 4, 1);
    } else if (p->type == OID_INT2 && v >= INT16_MIN && v <= INT16_MAX) {
        p->own.i16 = (int16_t)htobe16((uint16_t)(int16_t)v);
        set(s, i - 1, &p->own, 2, 1);
    } else {
        int n = snprintf(p->own.text, sizeof p->own.text, "%" PRId64, v);
        set(s, i - 1, p->own.text, n, 0);
    }
}

void pg_bind_f64(struct sql_stmt *st, int i, double v)
{
    struct pg_stmt *s = impl(st);
    if (i < 1 || i > s->n_params) return;
    struct param *p = &s->params[i - 1];
    if (p->type == OID_FLOAT8) {
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        p->own.i64 = (int64_t)htobe64(bits);
        set(s, i - 1, &p->own, 8, 1);
    } else {
        int n = snprintf(p->own.text, sizeof p->own.text, "%.17g", v);
        set(s, i - 1, p->own.text, n, 0);
    }
}

// ---- running ------------------------------------------------------------------------------------------------------

static bool send(struct pg_stmt *s)
{
    return !s->c->broken &&
           PQsendQueryPrepared(s->c->h, s->name, s->n_params, s->values, s->lengths, s->formats, s->binary);
}

static int run(struct pg_stmt *s, struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    s->row = 0;
    if (!send(s)) return pg_fail(s->c, NULL, e);
    s->r = pg_result(s->c, e);
    if (!s->r) return e->code;
    s->changes = PQresultStatus(s->r) == PGRES_COMMAND_OK ? atoll(PQcmdTuples(s->r)) : 0;
    return 0;
}

int pg_stmt_step(struct sql_stmt *st, struct err *e)
{
    struct pg_stmt *s = impl(st);
    if (s->r) {
        s->row++;
    } else {
        int rc = run(s, e);
        if (rc) return rc;
    }
    return s->row < PQntuples(s->r);
}

int pg_exec_later(struct sql_stmt *st, struct err *e)
{
    struct pg_stmt *s = impl(st);
    if (!send(s)) return pg_fail(s->c, NULL, e);
    s->c->ahead++;
    return s->c->ahead < AHEAD_MAX ? 0 : pg_settle(s->c, e);
}

int64_t pg_stmt_changes(struct sql_stmt *st)
{
    return impl(st)->changes;
}

// ---- columns ------------------------------------------------------------------------------------------------------

bool pg_is_null(struct sql_stmt *st, int i)
{
    struct pg_stmt *s = impl(st);
    return i >= s->n_columns || PQgetisnull(s->r, s->row, i);
}

struct slice pg_col_slice(struct sql_stmt *st, int i)
{
    struct pg_stmt *s = impl(st);
    if (pg_is_null(st, i)) return (struct slice){0};
    return slice_of(PQgetvalue(s->r, s->row, i), (size_t)PQgetlength(s->r, s->row, i));
}

static double as_double(const char *p)
{
    uint64_t bits;
    double v;
    memcpy(&bits, p, sizeof bits);
    bits = be64toh(bits);
    memcpy(&v, &bits, sizeof v);
    return v;
}

int64_t pg_col_i64(struct sql_stmt *st, int i)
{
    struct pg_stmt *s = impl(st);
    if (pg_is_null(st, i)) return 0;
    const char *p = PQgetvalue(s->r, s->row, i);
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    switch (s->types[i]) {
    case OID_INT8: memcpy(&u64, p, sizeof u64); return (int64_t)be64toh(u64);
    case OID_INT4: memcpy(&u32, p, sizeof u32); return (int32_t)be32toh(u32);
    case OID_INT2: memcpy(&u16, p, sizeof u16); return (int16_t)be16toh(u16);
    case OID_BOOL: return *p != 0;
    case OID_FLOAT8: return (int64_t)as_double(p);
    default: return strtoll(p, NULL, 10);
    }
}

double pg_col_f64(struct sql_stmt *st, int i)
{
    struct pg_stmt *s = impl(st);
    if (pg_is_null(st, i)) return 0;
    if (s->types[i] == OID_FLOAT8) return as_double(PQgetvalue(s->r, s->row, i));
    if (s->types[i] == OID_TEXT) return strtod(PQgetvalue(s->r, s->row, i), NULL);
    return (double)pg_col_i64(st, i);
}
