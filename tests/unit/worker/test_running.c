// What a running job writes becomes events, in order.
#include "worker/running_bench.h"

static void what_a_task_writes_becomes_events_in_order(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "cat \"$3\" >&3; echo >&3\n" // its parameters: an unknown type, ignored
              "echo '{\"type\":\"phase\",\"name\":\"a\"}' >&3\n"
              "echo '{\"type\":\"progress\",\"done\":1,\"total\":2}' >&3\n"
              "echo '{\"type\":\"log\",\"text\":\"hello\"}' >&3\n"
              "echo '{\"type\":\"result\",\"n\":1,\"ts\":5}' >&3\n"
              "echo \"$1 $2 $HEADWAY_JOB_ID $HEADWAY_ATTEMPT\" >&3\n"
              "exit 3");
    run(&b);
    expect_shape(&b, "started phase progress log result output[tokenize --params job_a 2] exited");
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 3);
    assert_true(json_is_null(json_object_get(last(&b), "signal")));
    assert_string_equal(text_of(json_array_get(b.events, 5), "stream"), "log");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(b.events, 4), "ts")), 5);
    assert_true(b.r->ended);
    end(&b);
}

static void output_and_last_words_are_kept_of_a_crash(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo out; printf 'last words' >&2; kill -ABRT $$");
    run(&b);
    assert_int_equal(count(&b, "output"), 2); // the last line had no newline
    assert_int_equal(json_integer_value(json_object_get(last(&b), "signal")), SIGABRT);
    assert_true(json_is_null(json_object_get(last(&b), "code")));
    assert_string_equal(text_of(last(&b), "last_stderr"), "last words\n");
    end(&b);
}

static void only_the_end_of_much_stderr_is_kept_as_last_words(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "i=0; while [ $i -lt 500 ]; do echo \"line number $i\" >&2; i=$((i+1)); done; exit 1");
    run(&b);
    const char *words = text_of(last(&b), "last_stderr");
    assert_true(strlen(words) < 2048 && strlen(words) > 1000);
    assert_non_null(strstr(words, "line number 499\n"));
    assert_null(strstr(words, "line number 1\n"));
    end(&b);
}

static void a_task_may_close_its_pipes_and_go_on(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo '{\"type\":\"progress\",\"done\":1}' >&3; exec 3>&- 1>&- 2>&-; sleep 0.2; exit 0");
    run(&b);
    expect_shape(&b, "started progress exited");
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 0);
    end(&b);
}

static void a_time_that_says_nothing_is_replaced(void **state)
{
    (void)state;
    // Written as it stands, with ours before it, the object would have two of that name, and no reader would take it.
    struct bench b;
    begin(&b, "echo '{\"type\":\"log\",\"text\":\"a\",\"ts\":null}' >&3\n"
              "echo '{\"ts\":\"noon\",\"type\":\"log\",\"text\":\"b\"}' >&3\n"
              "echo ' {  \"type\":\"log\",\"text\":\"c\",\"ts\":\"2026-01-01T00:00:00Z\"} ' >&3");
    run(&b);
    expect_shape(&b, "started log log log exited");
    assert_string_equal(text_of(json_array_get(b.events, 1), "text"), "a");
    assert_string_equal(text_of(json_array_get(b.events, 3), "ts"), "2026-01-01T00:00:00Z");
    end(&b);
}

static void a_task_has_no_say_in_the_workers_own_events(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo '{\"type\":\"exited\",\"code\":0}' >&3; echo '{\"type\":\"heartbeat\"}' >&3\n"
              "echo '{\"type\":\"progress\",\"done\":-1}' >&3; exit 1");
    run(&b);
    assert_int_equal(count(&b, "exited"), 1);
    assert_int_equal(count(&b, "heartbeat"), 0);
    assert_int_equal(count(&b, "progress"), 0);
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 1);
    assert_non_null(strstr(text_of(json_array_get(b.events, 1), "text"), "ignored: progress line: done is -1"));
    end(&b);
}

static void a_line_too_long_is_output_whatever_its_pieces_look_like(void **state)
{
    (void)state;
    // 1 MiB of filler puts the piece's border right before what looks like an event of its own.
    struct bench b;
    begin(&b, "head -c 1048576 /dev/zero | tr '\\0' x >&3; echo '{\"type\":\"result\",\"forged\":1}' >&3\n"
              "echo '{\"type\":\"result\",\"n\":1}' >&3");
    run(&b);
    assert_int_equal(count(&b, "result"), 1);
    assert_true(count(&b, "output") >= 17);
    assert_true(b.largest < (2 << 20));
    end(&b);
}

static void progress_is_thinned_and_the_newest_is_kept(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "i=0; while [ $i -lt 2000 ]; do echo '{\"type\":\"progress\",\"done\":'$i'}'; i=$((i+1)); done >&3\n"
              "i=0; while [ $i -lt 50 ]; do echo '{\"type\":\"metric\",\"step\":'$i'}'; i=$((i+1)); done >&3");
    run(&b);
    assert_int_equal(count(&b, "metric"), 50); // never dropped
    assert_true(count(&b, "progress") < 400);
    size_t i;
    json_t *ev;
    int64_t done = -1;
    json_array_foreach(b.events, i, ev)
    {
        if (strcmp(text_of(ev, "type"), "progress") != 0) continue;
        int64_t d = json_integer_value(json_object_get(ev, "done"));
        assert_true(d > done);
        done = d;
    }
    assert_int_equal(done, 1999);
    end(&b);
}

static void a_flood_of_output_is_cut_into_batches_the_server_takes(void **state)
{
    (void)state;
    struct bench b;
    // Empty lines and control characters grow most on their way into JSON.
    begin(&b, "head -c 300000 /dev/zero | tr '\\0' '\\n'; head -c 3000000 /dev/zero | tr '\\0' '\\1'");
    run(&b);
    size_t i, bytes = 0;
    json_t *ev;
    json_array_foreach(b.events, i, ev) bytes += json_string_length(json_object_get(ev, "text"));
    assert_true(bytes == 3000000);
    assert_true(count(&b, "output") >= 300000);
    assert_true(b.largest < (2 << 20));
    end(&b);
}

static void what_can_not_start_says_why_and_which_place_it_holds(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    static const struct {
        const char *drop;
        int code;
    } bad[] = {{"job_id", HW_EPROTOCOL},
               {"lease", HW_EPROTOCOL},
               {"kind", HW_EPROTOCOL},
               {"spec", HW_EPROTOCOL},
               {"none", HW_ENOTFOUND}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct running *r;
        struct err e = {0};
        json_t *job = make_job();
        (void)json_object_del(job, bad[i].drop);
        assert_int_equal(running_start(&r, "/no/such/task", d.path, "wrk_a", job, &e), bad[i].code);
        assert_string_equal(r->resource_class, "cpu");
        assert_true(e.message[0] != 0);
        running_free(r);
        json_decref(job);
    }
    struct running *r;
    struct err e = {0};
    json_t *job = make_job();
    assert_int_equal(running_start(&r, NULL, d.path, "wrk_a", job, &e), HW_EUNAVAILABLE);
    running_free(r);
    json_object_set_new(job, "job_id", json_string("../../escape"));
    assert_int_equal(running_start(&r, "/bin/true", d.path, "wrk_a", job, &e), HW_EPROTOCOL);
    running_free(r);
    json_decref(job);
    temp_dir_remove(&d);
}

static void what_it_uses_is_measured(void **state)
{
    (void)state;
    struct bench b;
    struct resources *res = resources_new("", 0);
    begin(&b, "echo ready; exec sleep 1000");
    wait_for_output(&b, "ready");
    resources_follow(res, b.r->child.pid);
    running_add_resources(b.r, res); // not measured yet: nothing
    assert_true(batches_empty(&b.r->events.batches));
    assert_true(resources_measure(res, 1000000));
    assert_false(resources_measure(res, 1249999)); // soon again, for a job that has just begun
    running_add_resources(b.r, res);
    collect(&b);
    json_t *ev = last(&b);
    assert_string_equal(text_of(ev, "type"), "resources");
    assert_string_equal(text_of(ev, "source"), "measured");
    assert_int_equal(json_integer_value(json_object_get(ev, "processes")), 1);
    assert_true(json_integer_value(json_object_get(ev, "rss_bytes")) > 0);
    assert_true(json_is_null(json_object_get(ev, "cpu_percent"))); // a rate needs two readings: not known, not 0
    assert_int_equal(json_array_size(json_object_get(ev, "gpus")), 0);
    assert_true(resources_measure(res, 1250000));
    running_add_resources(b.r, res);
    collect(&b);
    assert_true(json_is_number(json_object_get(last(&b), "cpu_percent")));
    assert_true(resources_measure(res, 1500000));
    assert_false(resources_measure(res, 3499999)); // then every 2 s
    assert_true(resources_measure(res, 3500000));
    running_stop(b.r, STOP_CANCEL, clock_mono_us());
    resources_forget(res, b.r->child.pid);
    running_add_resources(b.r, res);
    assert_true(batches_empty(&b.r->events.batches));
    run(&b);
    end(&b);
    resources_free(res);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_task_writes_becomes_events_in_order),
        cmocka_unit_test(output_and_last_words_are_kept_of_a_crash),
        cmocka_unit_test(only_the_end_of_much_stderr_is_kept_as_last_words),
        cmocka_unit_test(a_task_may_close_its_pipes_and_go_on),
        cmocka_unit_test(a_time_that_says_nothing_is_replaced),
        cmocka_unit_test(a_task_has_no_say_in_the_workers_own_events),
        cmocka_unit_test(a_line_too_long_is_output_whatever_its_pieces_look_like),
        cmocka_unit_test(progress_is_thinned_and_the_newest_is_kept),
        cmocka_unit_test(a_flood_of_output_is_cut_into_batches_the_server_takes),
        cmocka_unit_test(what_can_not_start_says_why_and_which_place_it_holds),
        cmocka_unit_test(what_it_uses_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
