#include "store/curve_sums.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/curve_place.h"
#include "store/metric_blocks_table.h"
#include "store/metrics_queries.h"
#include "store/metrics_table.h"
#include "store/postgres_array.h"
#include "store/postgres_types.h"
#include "store/rollups_table.h"
#include "store/sql.h"

void curve_sums_release(struct curve_sums *curves, size_t n)
{
    for (size_t i = 0; i < n; i++) metric_summaries_release(&curves[i].s);
}

// One by one: where a statement costs no round trip, and curves of which there is more to read than sums should leave.
static int read_alone(struct store_tx *tx, struct curve_sums *c, const struct curve_place *p, int64_t want,
                      struct err *e)
{
    return rollups_read(tx, p->key, curve_place_layer(p), -1, INT64_MAX, want, &c->s, e);
}

// ---- together: PostgreSQL ------------------------------------------------------------------------------------------

// A sum stands for fewer than TWICE_TEN of what is below it, so no curve that is summed up has more rows behind its
// sums than that many for each that is wanted; one that has (of an older database) is read alone.
enum { TWICE_TEN = 20, BLOCKS_MAX = 50 };

struct one {
    struct curve_sums *sums;
    const struct curve_place *place;
    int64_t after;           // where its sums end
    struct metric_rows rows; // of the two tables, behind that: until the blocks among them are known
    int64_t cap, merged;     // so many of them are in the sums
    int n_blocks;
    bool alone;
};

struct together {
    struct store_tx *tx;
    struct one *all; // those that have rows
    size_t n;
    int64_t want, most;
    size_t *which; // of them, in the statement under way
    size_t n_which;
    struct buf keys, layers, steps; // its arrays
};

// Chooses those that have archived rows, or those that have none, and begins a statement of them; *st NULL: there is
// nothing to ask.
static int begin(struct together *t, const char *text, bool all, bool archived, struct sql_stmt **st, struct err *e)
{
    t->n_which = 0;
    *st = NULL;
    for (size_t i = 0; i < t->n; i++)
        if (all || (t->all[i].place->archived == archived && !t->all[i].alone)) t->which[t->n_which++] = i;
    if (t->n_which == 0) return 0;
    *st = sql_begin(t->tx, text, e);
    if (!*st) return HW_EINTERNAL;
    buf_clear(&t->keys);
    buf_clear(&t->layers);
    buf_clear(&t->steps);
    pg_array_begin(&t->keys, OID_INT8, t->n_which);
    pg_array_begin(&t->layers, OID_INT4, t->n_which);
    pg_array_begin(&t->steps, OID_INT8, t->n_which);
    for (size_t i = 0; i < t->n_which; i++) {
        const struct one *o = &t->all[t->which[i]];
        pg_array_i64(&t->keys, o->place->key);
        pg_array_i32(&t->layers, curve_place_layer(o->place));
        pg_array_i64(&t->steps, o->after);
    }
    sql_bind_slice(*st, 1, buf_slice(&t->keys));
    sql_bind_slice(*st, 2, buf_slice(&t->layers));
    return 0;
}

// Of those behind the steps, so many of each.
static int begin_after(struct together *t, const char *text, bool archived, int64_t limit, struct sql_stmt **st,
                       struct err *e)
{
    int rc = begin(t, text, false, archived, st, e);
    if (rc || !*st) return rc;
    sql_bind_slice(*st, 3, buf_slice(&t->steps));
    sql_bind_i64(*st, 4, limit);
    return 0;
}

static struct one *at_row(const struct together *t, struct sql_stmt *st, int column)
{
    return &t->all[t->which[sql_i64(st, column) - 1]];
}

static int read_sums(struct together *t, struct err *e)
{
    struct sql_stmt *st;
    int rc = begin(t, CURVES_SUMS_SQL, true, false, &st, e);
    if (rc || !st) return rc;
    sql_bind_i64(st, 3, t->want);
    while ((rc = sql_step(st, e)) == 1) {
        struct one *o = at_row(t, st, 4);
        rc = metric_summaries_add(&o->sums->s, sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), sql_slice(st, 3), e);
        if (rc) break;
        o->after = sql_i64(st, 1);
    }
    sql_end(st);
    return rc;
}

#define ONE(name) +1
enum { ROW_COLUMNS = 4 METRIC_COLUMNS(ONE) }; // of METRIC_ROW

static int read_live(struct together *t, struct err *e)
{
    struct sql_stmt *st;
    int rc = begin_after(t, CURVES_LIVE_SQL(METRIC_ROW), false, t->most, &st, e);
    if (rc || !st) return rc;
    while ((rc = sql_step(st, e)) == 1) {
        struct metric_row r;
        struct one *o = at_row(t, st, ROW_COLUMNS);
        metric_row_read(st, &r);
        metric_summaries_add_row(&o->sums->s, &r);
        free(r.extra);
        o->alone = ++o->merged == t->most;
    }
    sql_end(st);
    return rc;
}

static int read_rows(struct together *t, struct err *e)
{
    struct sql_stmt *st;
    int rc = begin_after(t, CURVES_ROWS_SQL(METRIC_ROW), true, t->most, &st, e);
    if (rc || !st) return rc;
    while ((rc = sql_step(st, e)) == 1) {
        struct one *o = at_row(t, st, ROW_COLUMNS);
        struct metric_rows *m = &o->rows;
        if (m->n == o->cap) {
            o->cap = o->cap ? o->cap * 2 : 16;
            m->rows = mem_realloc_array(m->rows, (size_t)o->cap, sizeof *m->rows);
        }
        metric_row_read(st, &m->rows[m->n++]);
        o->alone = m->n == t->most;
    }
    sql_end(st);
    return rc;
}

// The rows of the tables before `step`; whether there is one of that step, too.
static bool merge_rows(struct one *o, int64_t step)
{
    for (; o->merged < o->rows.n && o->rows.rows[o->merged].step < step; o->merged++)
        metric_summaries_add_row(&o->sums->s, &o->rows.rows[o->merged]);
    return o->merged < o->rows.n && o->rows.rows[o->merged].step == step;
}

static int merge_block(struct together *t, struct sql_stmt *st, struct one *o, struct err *e)
{
    struct metric_block b;
    int rc = metric_block_take(t->tx, st, o->place->key, curve_place_layer(o->place), &b, e);
    if (rc) return rc;
    for (int64_t i = 0; i < b.rows.n; i++) {
        const struct metric_row *r = &b.rows.rows[i];
        if (r->step <= o->after || r->step > b.cut) continue;
        if (!merge_rows(o, r->step)) metric_summaries_add_row(&o->sums->s, r);
    }
    metric_rows_release(&b.rows);
    return 0;
}

static int read_blocks(struct together *t, struct err *e)
{
    struct sql_stmt *st;
    int rc = begin_after(t, CURVES_BLOCKS_SQL, true, BLOCKS_MAX, &st, e);
    if (rc || !st) return rc;
    while ((rc = sql_step(st, e)) == 1) {
        struct one *o = at_row(t, st, 5);
        o->alone = ++o->n_blocks == BLOCKS_MAX;
        rc = o->alone ? 0 : merge_block(t, st, o, e);
        if (rc) break;
    }
    sql_end(st);
    for (size_t i = 0; !rc && i < t->n; i++) (void)merge_rows(&t->all[i], INT64_MAX);
    return rc;
}

static int read_together(struct store_tx *tx, struct curve_sums *curves, const struct curve_place *places, size_t n,
                         int64_t want, struct err *e)
{
    struct together t = {.tx = tx, .want = want, .most = TWICE_TEN * (want + 1)};
    t.all = mem_array(n, sizeof *t.all);
    t.which = mem_array(n, sizeof *t.which);
    for (size_t i = 0; i < n; i++)
        if (places[i].found && !places[i].empty)
            t.all[t.n++] = (struct one){.sums = &curves[i], .place = &places[i], .after = -1};
    int rc = read_sums(&t, e);
    if (!rc) rc = read_live(&t, e);
    if (!rc) rc = read_rows(&t, e);
    if (!rc) rc = read_blocks(&t, e);
    for (size_t i = 0; i < t.n; i++) {
        struct one *o = &t.all[i];
        metric_rows_release(&o->rows);
        if (rc || !o->alone) continue;
        metric_summaries_clear(&o->sums->s);
        rc = read_alone(tx, o->sums, o->place, want, e);
    }
    buf_release(&t.keys);
    buf_release(&t.layers);
    buf_release(&t.steps);
    free(t.all);
    free(t.which);
    return rc;
}

// ---- either --------------------------------------------------------------------------------------------------------

int curve_sums_read(struct store_tx *tx, struct curve_sums *curves, size_t n, int64_t want, struct err *e)
{
    if (n == 0) return 0;
    struct curve_place *places = mem_array(n, sizeof *places);
    const char **ids = mem_array(n, sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        ids[i] = curves[i].training_id;
        metric_summaries_init(&curves[i].s);
    }
    int rc = curve_places_get(tx, ids, n, places, e);
    for (size_t i = 0; !rc && i < n; i++) curves[i].found = places[i].found;
    if (!rc && sql_dialect(tx) == SQL_POSTGRES)
        rc = read_together(tx, curves, places, n, want, e);
    else
        for (size_t i = 0; !rc && i < n; i++)
            if (!places[i].empty && places[i].found) rc = read_alone(tx, &curves[i], &places[i], want, e);
    if (rc) curve_sums_release(curves, n);
    free(places);
    free(ids);
    return rc;
}
