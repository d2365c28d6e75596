// A batch of several jobs' reports: in order, each job once, under one worker's id, and not longer than it should be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/batches.h"
#include "worker/shipment.h"

static void jobs_go_together(void **state)
{
    (void)state;
    struct shipment s = {0};
    struct buf body = BUF_INIT;
    shipment_begin(&s, "wrk_1", 7);
    assert_true(shipment_takes(&s, "wrk_1", "job_a"));
    shipment_add(&s, "job_a", 1, "l1", SLICE_LIT("{\"type\":\"heartbeat\"}"));
    shipment_add(&s, "job_b", 2, "l2", SLICE_LIT("1,2"));
    assert_true(shipment_end(&s, &body));
    assert_string_equal(buf_cstr(&body),
                        "{\"batch\":7,\"reports\":[{\"job_id\":\"job_a\",\"attempt\":1,\"lease\":\"l1\",\"events\":"
                        "[{\"type\":\"heartbeat\"}]},"
                        "{\"job_id\":\"job_b\",\"attempt\":2,\"lease\":\"l2\",\"events\":[1,2]}]}");
    buf_release(&body);
    assert_false(shipment_end(&s, &body)); // it is empty again
}

static void nothing_is_taken_before_it_is_begun(void **state)
{
    (void)state;
    struct shipment s = {0};
    struct buf body;
    assert_false(shipment_takes(&s, "", "job_a"));
    assert_false(shipment_end(&s, &body));
}

// Its answer has one verdict a job: with two attempts in one batch, that on the first would be taken for the second's.
static void never_again_19_a_batch_has_one_attempt_of_a_job(void **state)
{
    (void)state;
    struct shipment s = {0};
    struct buf body = BUF_INIT;
    shipment_begin(&s, "wrk_1", 1);
    shipment_add(&s, "job_a", 1, "old", SLICE_LIT("1"));
    assert_true(shipment_takes(&s, "wrk_1", "job_b"));
    assert_false(shipment_takes(&s, "wrk_1", "job_a"));
    assert_true(shipment_end(&s, &body));
    buf_release(&body);
    shipment_begin(&s, "wrk_1", 2);
    assert_true(shipment_takes(&s, "wrk_1", "job_a"));
    assert_true(shipment_end(&s, &body));
    buf_release(&body);
}

static void another_worker_and_a_long_one_need_a_new_one(void **state)
{
    (void)state;
    struct shipment s = {0};
    struct buf body = BUF_INIT, events = BUF_INIT;
    shipment_begin(&s, "wrk_1", 1);
    assert_false(shipment_takes(&s, "wrk_2", "job_a"));
    for (int i = 0; events.n < BATCH_BYTES; i++) buf_addf(&events, "%s%d", i ? "," : "", i);
    shipment_add(&s, "job_a", 1, "l", buf_slice(&events));
    assert_false(shipment_takes(&s, "wrk_1", "job_b"));
    assert_true(shipment_end(&s, &body));
    json_t *o = json_read_object(buf_slice(&body), NULL);
    assert_non_null(o);
    json_decref(o);
    buf_release(&body);
    buf_release(&events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_go_together),
        cmocka_unit_test(nothing_is_taken_before_it_is_begun),
        cmocka_unit_test(never_again_19_a_batch_has_one_attempt_of_a_job),
        cmocka_unit_test(another_worker_and_a_long_one_need_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
