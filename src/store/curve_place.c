#include "store/curve_place.h"

#include "base/buf.h"
#include "store/curve_queries.h"
#include "store/metrics_table.h"
#include "store/postgres_array.h"
#include "store/postgres_types.h"
#include "store/sql.h"

static void read_place(struct sql_stmt *st, struct curve_place *out)
{
    *out = (struct curve_place){
        .found = true,
        .key = sql_i64(st, 0),
        .archived = sql_i64(st, 1) == 1,
        .empty = sql_is_null(st, 2),
        .first_layer = (int)sql_i64(st, 2),
        .last_layer = (int)sql_i64(st, 3),
    };
}

int curve_place_get(struct store_tx *tx, const char *training_id, struct curve_place *out, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, CURVE_PLACE_SQL, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, training_id);
    int rc = sql_step(st, e);
    if (rc == 1) read_place(st, out);
    sql_end(st);
    return rc == 1 ? 0 : rc == 0 ? err_set(e, HW_ENOTFOUND, "there is no training %.60s", training_id) : rc;
}

// PostgreSQL: one statement for all of them, since each one costs a round trip.
static int get_at_once(struct store_tx *tx, const char *const *training_ids, size_t n, struct curve_place *out,
                       struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, CURVE_PLACES_SQL, e);
    struct buf ids = BUF_INIT;
    if (!st) return HW_EINTERNAL;
    pg_array_begin(&ids, OID_TEXT, n);
    for (size_t i = 0; i < n; i++) pg_array_text(&ids, training_ids[i]);
    sql_bind_slice(st, 1, buf_slice(&ids));
    int rc;
    while ((rc = sql_step(st, e)) == 1) read_place(st, &out[sql_i64(st, 4) - 1]);
    sql_end(st);
    buf_release(&ids);
    return rc;
}

int curve_places_get(struct store_tx *tx, const char *const *training_ids, size_t n, struct curve_place *out,
                     struct err *e)
{
    for (size_t i = 0; i < n; i++) out[i] = (struct curve_place){0};
    if (sql_dialect(tx) == SQL_POSTGRES) return get_at_once(tx, training_ids, n, out, e);
    for (size_t i = 0; i < n; i++) {
        int rc = curve_place_get(tx, training_ids[i], &out[i], e);
        if (rc == HW_ENOTFOUND)
            err_clear(e);
        else if (rc)
            return rc;
    }
    return 0;
}

int curve_place_layer(const struct curve_place *p)
{
    return p->empty || p->first_layer != p->last_layer ? METRIC_LAYER_ALL : p->first_layer;
}
