// How the database runs the queries that claims, waiting claims and dashboards make all the time: by an index, whatever
// the number of jobs; no table is read through, and nothing is sorted.
#include "store/temp_store.h"

#include "store/jobs_queries.h"
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
        struct slice step = sql_slice(st, 3);
        size_t n = strlen(a->plan);
        snprintf(a->plan + n, sizeof a->plan - n, "%.*s; ", SLICE_FMT(step));
    }
    sql_end(st);
    return rc;
}

static void assert_searches(const char *query, const char *index)
{
    struct temp_store t;
    struct asked a = {.query = query};
    struct err e = {0};
    temp_store_init(&t);
    if (store_read_wait(t.s, explain, &a, &e) != 0) fail_msg("%s", e.message);
    temp_store_release(&t);
    if (!strstr(a.plan, "SEARCH jobs USING ") || !strstr(a.plan, index) || strstr(a.plan, "SCAN") ||
        strstr(a.plan, "TEMP B-TREE"))
        fail_msg("%s\nis run as: %s", query, a.plan);
}

static void a_claim_finds_the_next_job_in_the_index_alone(void **state)
{
    (void)state;
    assert_searches(JOB_HEAD_SQL,
                    "COVERING INDEX jobs_ready (status=? AND waiting=? AND queue=? AND resource_class=?)");
}

static void what_waits_is_found_by_its_time(void **state)
{
    (void)state;
    assert_searches("SELECT * FROM jobs " JOB_DUE_TAIL, "INDEX jobs_waiting (status=? AND waiting=? AND not_before<?)");
    assert_searches(JOB_NEXT_DUE_SQL, "COVERING INDEX jobs_waiting");
}

static void operations_read_and_count_by_index(void **state)
{
    (void)state;
    assert_searches("SELECT * FROM jobs WHERE state = ?1 AND (created_at, id) < (?2, ?3)"
                    " ORDER BY created_at DESC, id DESC LIMIT ?4",
                    "INDEX jobs_state (state=? AND (created_at,id)<(?,?))");
    assert_searches(JOB_QUEUE_COUNTS_SQL, "COVERING INDEX jobs_ready (status=?)");
    assert_searches(JOB_STATUS_COUNT_SQL, "COVERING INDEX jobs_status (status=?)");
    assert_searches(JOB_STATE_COUNT_SQL, "INDEX jobs_state (state=?)");
}

static void leases_are_found_by_their_end(void **state)
{
    (void)state;
    assert_searches("SELECT * FROM jobs WHERE lease_until IS NOT NULL AND lease_until < ?1 ORDER BY lease_until",
                    "INDEX jobs_leased");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_finds_the_next_job_in_the_index_alone),
        cmocka_unit_test(what_waits_is_found_by_its_time),
        cmocka_unit_test(operations_read_and_count_by_index),
        cmocka_unit_test(leases_are_found_by_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
