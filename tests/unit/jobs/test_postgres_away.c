// Leases while the database is away: nobody could report, so what runs out meanwhile proves nothing.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#include "postgres_door.h"

static void never_again_21_a_database_that_was_away_ends_no_lease(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct door door;
    char id[ID_SIZE], worker[ID_SIZE];
    struct held h;
    fixture_shut(f);
    door_make(&door, &f->database);
    fixture_open(f);
    submit(f, "cpu", 1, id);
    register_worker(f, worker);
    claim_one(f, worker, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":7}");
    door_shut(&door);
    f->now += 20 * SECOND; // the lease is over
    queue_tick(f->q);
    fixture_settle(f);
    f->now += 200 * SECOND; // and the grace would be
    queue_tick(f->q);
    fixture_settle(f);
    door_open(&door);
    struct simple s;
    do { // until the store is back
        s = (struct simple){0};
        store_write(f->store, fixture_nothing, simple_done, &s);
        fixture_run(f, &s.over);
    } while (s.rc == HW_EUNAVAILABLE);
    fixture_pass(f, 2 * SECOND);
    assert_status(f, id, "running");
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":1,\"total\":2}");
    // A worker that is silent from now on is missed as always.
    fixture_pass(f, 16 * SECOND);
    assert_status(f, id, "stalled");
    fixture_free(f);
    door_remove(&door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_21_a_database_that_was_away_ends_no_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
