// How SQLite goes about the queries of the histories: by an index, never through a table.
#include "temp_store.h"

#include "store/sql.h"

struct asked {
    const char *query;
    char plan[1000];
};

static int explain(struct store_tx *tx, void *ctx, struct err *e)
{
    struct asked *a = ctx;
    char text[1000];
    int rc;
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", a->query);
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    while ((rc = sql_step(st, e)) == 1) {
        size_t n = strlen(a->plan);
        snprintf(a->plan + n, sizeof a->plan - n, "%.*s; ", SLICE_FMT(sql_slice(st, 3)));
    }
    sql_end(st);
    return rc;
}

static void no_table_is_read_through(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "SELECT MAX(h.id) FROM progress_history AS h WHERE h.entity_type = ?1 AND h.entity_id = ?2"
        " AND COALESCE(h.metrics, '') LIKE ?3",
        "SELECT * FROM progress_history WHERE entity_type = ?1 AND entity_id = ?2 AND timestamp BETWEEN ?3 AND ?4"
        " AND (timestamp, id) > (?5, ?6) ORDER BY timestamp, id LIMIT ?8",
        "SELECT h.id FROM progress_history AS h WHERE h.timestamp < ?1 ORDER BY h.timestamp LIMIT ?2",
        "SELECT time FROM system_history WHERE time >= ?1 AND time < ?2 ORDER BY time, host",
    };
    struct temp_store t;
    struct err e = {0};
    temp_store_init(&t);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct asked a = {.query = queries[i]};
        if (store_read_wait(t.s, explain, &a, &e) != 0) fail_msg("%s", e.message);
        if (!strstr(a.plan, "SEARCH") || strstr(a.plan, "SCAN") || strstr(a.plan, "TEMP B-TREE"))
            fail_msg("%s\nis run as: %s", queries[i], a.plan);
    }
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_table_is_read_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
