// The schema on PostgreSQL: the same tables and columns as SQLite's, and queries that stay cheap however many rows
// there are, by the plans that the store's own sessions make: for any parameters, even while the tables are still
// empty.
#include "store/temp_store.h"

#include <ctype.h>

#include "store/curve_queries.h"
#include "store/jobs_queries.h"
#include "store/metrics_queries.h"
#include "store/metrics_table.h"
#include "store/migrations.h"
#include "store/postgres_internal.h"
#include "store/sql.h"

#include "migrations_postgres.h"
enum { POSTGRES_MIGRATIONS = sizeof migrations / sizeof *migrations };
#define migrations sqlite_migrations
#include "migrations_sqlite.h"
#undef migrations

// ---- the same as SQLite's -----------------------------------------------------------------------------------------

static int read_columns(struct store_tx *tx, void *ctx, struct err *e)
{
    struct buf *out = ctx;
    // The archive is a file of its own there.
    const char *text = "SELECT m.name || '.' || c.name FROM (SELECT type, name FROM main.sqlite_schema UNION ALL"
                       " SELECT type, name FROM archive.sqlite_schema) AS m JOIN pragma_table_xinfo(m.name) AS c"
                       " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    int rc;
    while ((rc = sql_step(st, e)) == 1) buf_addf(out, "%.*s\n", SLICE_FMT(sql_slice(st, 0)));
    sql_end(st);
    return rc;
}

static void tables_and_columns_are_those_of_sqlite(void **state)
{
    (void)state;
    struct temp_store t;
    struct store *sqlite;
    struct buf wanted = BUF_INIT;
    char dir[] = "/tmp/headway-schema-XXXXXX", url[96];
    temp_store_init(&t);
    assert_non_null(mkdtemp(dir));
    snprintf(url, sizeof url, "sqlite:%s/headway.db", dir);
    assert_int_equal(store_open(&sqlite, url, NULL), 0);
    assert_int_equal(store_read_wait(sqlite, read_columns, &wanted, NULL), 0);
    store_close(sqlite);
    assert_int_equal(file_remove_tree(dir, NULL), 0);
    char *there = postgres_ask(t.url, "SELECT string_agg(it, E'\n' ORDER BY it COLLATE \"C\") || E'\n' FROM"
                                      " (SELECT table_name || '.' || column_name AS it FROM information_schema.columns"
                                      "  WHERE table_schema = current_schema()"
                                      "  AND table_name !~ '^training_metrics_(other|[0-9]{4}_[0-9]{2})$') AS columns");
    // SQLite's rows need a number of their own there.
    char *extra = strstr((char *)(uintptr_t)buf_cstr(&wanted), "job_logs.id\n");
    assert_non_null(extra);
    memmove(extra, extra + 12, strlen(extra + 12) + 1);
    assert_string_equal(there, wanted.p);
    free(there);
    buf_release(&wanted);
    temp_store_release(&t);
}

static void migrations_have_the_same_numbers_and_names(void **state)
{
    (void)state;
    enum { SQLITE_MIGRATIONS = sizeof sqlite_migrations / sizeof *sqlite_migrations };
    assert_int_equal(POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS);
    for (int i = 0; i < SQLITE_MIGRATIONS; i++) {
        assert_int_equal(migrations[i].version, sqlite_migrations[i].version);
        assert_string_equal(migrations[i].name, sqlite_migrations[i].name);
    }
}

// ---- plans --------------------------------------------------------------------------------------------------------

static PGconn *session(const char *url)
{
    PGconn *h = PQconnectdb(url);
    PGresult *r = PQexec(h, pg_session);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    return h;
}

static PGresult *run(PGconn *h, const char *sql, ExecStatusType wanted)
{
    PGresult *r = PQexec(h, sql);
    if (PQresultStatus(r) != wanted) fail_msg("%s: %s", sql, PQerrorMessage(h));
    return r;
}

// The plan of a prepared statement, whatever its parameters: line by line.
static void plan_of(PGconn *h, const char *query, struct buf *plan)
{
    struct buf text = BUF_INIT;
    int params = 0;
    for (const char *p = query; *p; p++)
        if (*p == '?' && isdigit((unsigned char)p[1]) && atoi(p + 1) > params) params = atoi(p + 1);
    buf_add_str(&text, "PREPARE asked AS ");
    pg_translate(query, &text);
    PQclear(run(h, buf_cstr(&text), PGRES_COMMAND_OK));
    buf_clear(&text);
    buf_add_str(&text, "EXPLAIN (COSTS OFF) EXECUTE asked");
    for (int i = 1; i <= params; i++) {
        static const char *const types[] = {"bigint", "integer", "text"};
        bool is_array = false;
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            char array[32];
            snprintf(array, sizeof array, "?%d::%s[]", i, types[k]);
            if (strstr(query, array)) is_array = true;
        }
        buf_add_str(&text, i > 1 ? ", " : "(");
        buf_add_str(&text, is_array ? "'{9}'" : "'9'");
    }
    if (params) buf_add_char(&text, ')');
    PGresult *r = run(h, buf_cstr(&text), PGRES_TUPLES_OK);
    for (int i = 0; i < PQntuples(r); i++) buf_addf(plan, "%s\n", PQgetvalue(r, i, 0));
    PQclear(r);
    PQclear(run(h, "DEALLOCATE asked", PGRES_COMMAND_OK));
    buf_release(&text);
}

// By `index` (a part of a line of the plan), with no table read through; `sorted`: nothing has to be sorted.
static void assert_searches(PGconn *h, const char *query, const char *index, bool sorted)
{
    struct buf plan = BUF_INIT;
    plan_of(h, query, &plan);
    const char *text = buf_cstr(&plan);
    bool sorts = strstr(text, "Sort") && !strstr(text, "Merge Append");
    if (!strstr(text, index) || strstr(text, "Seq Scan") || (sorted && sorts))
        fail_msg("%s\nis run as:\n%s", query, text);
    buf_release(&plan);
}

static void assert_plans(PGconn *h)
{
    assert_searches(h, JOB_HEAD_SQL,
                    "Index Only Scan using jobs_ready on jobs\n        Index Cond: ((waiting = 0) AND (queue = $1) AND "
                    "(resource_class = $2))",
                    true);
    assert_searches(h, "SELECT * FROM jobs " JOB_DUE_TAIL, "Index Scan using jobs_waiting", true);
    assert_searches(h, JOB_NEXT_DUE_SQL, "Index Only Scan using jobs_waiting", true);
    assert_searches(h,
                    "SELECT * FROM jobs WHERE state = ?1 AND (created_at, id) < (?2, ?3)"
                    " ORDER BY created_at DESC, id DESC LIMIT ?4",
                    "Index Scan Backward using jobs_state", true);
    assert_searches(h, JOB_QUEUE_COUNTS_SQL, "Index Only Scan using jobs_ready", false);
    assert_searches(h, JOB_STATUS_COUNT_SQL, "Index Only Scan using jobs_status", false);
    assert_searches(h, JOB_STATE_COUNT_SQL, "Index Only Scan using jobs_state", false);
    assert_searches(h, "SELECT * FROM jobs WHERE lease_until IS NOT NULL AND lease_until < ?1 ORDER BY lease_until",
                    "Index Scan using jobs_leased", true);
    assert_searches(h, "SELECT * FROM jobs WHERE id = ?1", "Index Scan using jobs_pkey", true);
    assert_searches(h, "SELECT seq FROM job_logs WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
                    "using job_logs_pkey", true);
    assert_searches(h,
                    "SELECT MAX(h.id) FROM progress_history AS h WHERE h.entity_type = ?1 AND h.entity_id = ?2"
                    " AND COALESCE(h.metrics, '') LIKE ?3",
                    "Index Scan using progress_history_entity", false);
    assert_searches(
        h,
        "SELECT * FROM progress_history WHERE entity_type = ?1 AND entity_id = ?2 AND timestamp BETWEEN ?3 AND ?4"
        " AND (timestamp, id) > (?5, ?6) ORDER BY timestamp, id LIMIT ?7",
        "Index Scan using progress_history_entity", false);
    assert_searches(h, "SELECT h.id FROM progress_history AS h WHERE h.timestamp < ?1 ORDER BY h.timestamp LIMIT ?2",
                    "Index Scan using progress_history_time", true);
    assert_searches(h, "SELECT time FROM system_history WHERE time >= ?1 AND time < ?2 ORDER BY time, host",
                    "using system_history_pkey", true);
    // Every partition by its own index, in the order of the steps.
    assert_searches(h, METRIC_CURVE_POSTGRES_SQL(METRIC_ROW),
                    "Index Scan using training_metrics_archive_pkey on training_metrics_archive", true);
    // Whether the live table has an archived row's step is looked up by all of the key.
    assert_searches(h, METRIC_CURVE_POSTGRES_SQL("step"), "(layer_idx = a.layer_idx) AND (step = a.step)", true);
    assert_searches(h, METRIC_LIVE_SQL(METRIC_ROW),
                    "Index Scan using training_metrics_other_training_id_layer_idx_step", true);
    assert_searches(h, METRIC_LIVE_SQL("step"),
                    "Index Only Scan using training_metrics_other_training_id_layer_idx_step", true);
    assert_searches(h, METRIC_BLOCK_SQL, "Index Scan using training_metric_blocks_pkey on training_metric_blocks",
                    true);
    assert_searches(h, METRIC_REPLACED_SQL, "Index Scan using training_metrics_other_training_id_layer_idx_step", true);
    // The range of steps, and not each of the array by itself.
    assert_searches(h, METRIC_REPLACED_SQL, "(layer_idx = $2) AND (step >= $3) AND (step <= $4))\n", true);
    assert_searches(h, METRIC_STEPS_SQL(METRIC_ROW), "(layer_idx = $2) AND (step = chosen.chosen))\n", true);
    assert_searches(h, ROLLUPS_TOP_SQL, "Index Only Scan Backward using training_metric_rollups_pkey", true);
    // Of many trainings at once, each by its key.
    assert_searches(h, CURVE_PLACES_SQL, "Index Scan using trainings_id_key on trainings", true);
    assert_searches(h, CURVE_PLACES_SQL, "Index Only Scan Backward using training_metrics_archive_pkey", true);
    assert_searches(h, CURVE_PLACES_SQL, "Index Only Scan Backward using training_metrics_other_training_id_layer_idx",
                    true);
    assert_searches(h, CURVE_PLACE_SQL, "Index Only Scan Backward using training_metric_blocks_pkey", true);
    assert_searches(h, CURVES_SUMS_SQL, "(layer_idx = w.layer) AND (level = lv.lv) AND (last_step > ", true);
    assert_searches(h, CURVES_LIVE_SQL(METRIC_ROW), "(layer_idx = w.layer) AND (step > w.after))\n", true);
    assert_searches(h, CURVES_ROWS_SQL(METRIC_ROW), "(layer_idx = a.layer_idx) AND (step = a.step)", true);
    assert_searches(h, CURVES_ROWS_SQL(METRIC_ROW), "(layer_idx = w.layer) AND (step > w.after) AND (step <= ", true);
    assert_searches(h, CURVES_BLOCKS_SQL, "(layer_idx = w.layer) AND (last_step > w.after))\n", true);
    assert_searches(h, "SELECT * FROM training_metrics WHERE training_id = ?1 AND timestamp < ?2",
                    "training_metrics_other_training_id_timestamp_idx", false);
}

static void plans_made_for_empty_tables_use_the_indexes(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    PGconn *h = session(t.url);
    assert_plans(h);
    PQfinish(h);
    temp_store_release(&t);
}

static void plans_made_for_full_tables_do_too(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    PGconn *h = session(t.url);
    PQclear(
        run(h,
            "INSERT INTO jobs (id, kind, name, status, attempt, max_attempts, priority, queue, resource_class, params,"
            " spec, phase_index, phase_count, created_at, queued_at, updated_at, log_seq, version, dismissed,"
            " determinate, lease_until) SELECT 'job_' || i, 'k', 'n',"
            " (ARRAY['queued', 'running', 'completed', 'failed'])[1 + i % 4], 1, 1, 0, 'default', 'cpu', '{}', '{}', 0,"
            " 0, i, i, i, 0, 1, 0, 1, CASE WHEN i % 4 = 1 THEN i END FROM generate_series(1, 5000) AS i",
            PGRES_COMMAND_OK));
    PQclear(run(h,
                "INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss)"
                " SELECT 1 + i % 20, i % 2, i, extract(epoch FROM now() - INTERVAL '1 month')::BIGINT * 1000000"
                " + i::BIGINT * 600000000, 1 FROM generate_series(1, 20000) AS i", // 140 days: in every partition

                PGRES_COMMAND_OK));
    PQclear(run(h,
                "INSERT INTO trainings (id, status, created_at) SELECT 'trn_' || i, 'completed', i"
                " FROM generate_series(1, 1000) AS i",
                PGRES_COMMAND_OK));
    PQclear(run(h,
                "INSERT INTO training_metric_rollups (training_id, layer_idx, level, last_step, first_step, rows, data)"
                " SELECT i % 20, i % 2, 1 + i % 3, i, i, 10, '' FROM generate_series(1, 5000) AS i",
                PGRES_COMMAND_OK));
    PQclear(run(h,
                "INSERT INTO progress_history (entity_type, entity_id, timestamp, created_at)"
                " SELECT 'training', 'trn_' || i % 50, i, i FROM generate_series(1, 10000) AS i",
                PGRES_COMMAND_OK));
    PQclear(run(h, "INSERT INTO system_history SELECT i, 'a', 1, '{}' FROM generate_series(1, 10000) AS i",
                PGRES_COMMAND_OK));
    PQclear(run(h, "ANALYZE", PGRES_COMMAND_OK));
    assert_plans(h);
    PQfinish(h);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_columns_are_those_of_sqlite),
        cmocka_unit_test(migrations_have_the_same_numbers_and_names),
        cmocka_unit_test(plans_made_for_empty_tables_use_the_indexes),
        cmocka_unit_test(plans_made_for_full_tables_do_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
