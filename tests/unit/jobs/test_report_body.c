// The body of a report: however it is written, the same events come of it, and what is wrong with it is named.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "jobs/report_body.h"
#include "jobs/wire_compare.h"

static struct report_body body_of(const char *text)
{
    struct report_body b;
    struct err e = {0};
    if (report_body_read(slice_str(text), &b, &e) != 0) fail_msg("%s: %s", text, e.message);
    return b;
}

static bool same_body(const struct report_body *a, const struct report_body *b)
{
    bool same = a->batch == b->batch && a->n_jobs == b->n_jobs;
    for (int i = 0; same && i < a->n_jobs; i++) {
        const struct job_report *x = &a->jobs[i], *y = &b->jobs[i];
        same = strcmp(x->job_id, y->job_id) == 0 && strcmp(x->lease, y->lease) == 0 && x->attempt == y->attempt &&
               x->n_events == y->n_events && same_text(x->refused, y->refused);
        for (int k = 0; same && k < x->n_events; k++) same = same_event(&x->events[k], &y->events[k]);
    }
    return same;
}

#define EVENTS                                                                                                         \
    "[{\"ts\":\"2026-11-25T10:00:00.000Z\",\"type\":\"metric\",\"step\":1,\"layer\":2,\"loss\":0.5,\"mine\":1},"       \
    "{\"type\":\"progress\",\"done\":1,\"total\":9},{\"type\":\"metric\",\"loss\":1},"                                 \
    "{\"type\":\"metric\",\"step\":2,\"loss\":null},7,{\"type\":\"output\",\"text\":\"a\\n\\u00e9\"}]"

static const char usual[] =
    "{\"batch\":3,\"reports\":[{\"job_id\":\"job_1\",\"attempt\":2,\"lease\":\"abc\",\"events\":" EVENTS "},"
    "{\"job_id\":\"job_2\",\"attempt\":1,\"lease\":\"d\",\"events\":[]}]}";

static void a_workers_body_is_read(void **state)
{
    (void)state;
    struct report_body b = body_of(usual);
    assert_int_equal(b.batch, 3);
    assert_int_equal(b.n_jobs, 2);
    const struct job_report *job = &b.jobs[0];
    assert_string_equal(job->job_id, "job_1");
    assert_string_equal(job->lease, "abc");
    assert_int_equal(job->attempt, 2);
    assert_int_equal(job->n_events, 4);
    assert_int_equal(job->events[0].type, WIRE_METRIC);
    assert_null(job->events[0].json); // by the quick reader
    assert_int_equal(job->events[0].u.metric.layer, 2);
    assert_string_equal(job->events[0].u.metric.extra, "{\"mine\":1}");
    assert_int_equal(job->events[1].u.progress.total, 9);
    assert_int_equal(job->events[2].u.metric.step, 2);
    assert_string_equal(job->events[3].u.output.text, "a\n\xc3\xa9");
    assert_non_null(strstr(job->refused, "step is missing"));
    assert_int_equal(b.jobs[1].n_events, 0);
    assert_null(b.jobs[1].refused);
    report_body_release(&b);
}

static void however_it_is_written_it_is_the_same(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"newer\":{},\"batch\":3.0,\"reports\":[{\"job_id\":\"job_1\",\"attempt\":2,\"lease\":\"abc\","
        "\"events\":" EVENTS "},{\"job_id\":\"job_2\",\"lease\":\"d\"}]}",
        " { \"reports\" : [ { \"lease\" : \"abc\" , \"events\" : " EVENTS
        " , \"attempt\" : 2 , \"job_id\" : \"job_1\" } ,"
        " { \"job_id\" : \"job_2\" , \"lease\" : \"d\" } ] , \"batch\" : 3 } ",
        "{\"batch\":3,\"reports\":[{\"job_\\u0069d\":\"job_1\",\"attempt\":2,\"lease\":\"a\\u0062c\",\"events\":" EVENTS
        ",\"newer\":1},{\"job_id\":\"job_2\",\"attempt\":1,\"lease\":\"d\",\"events\":[]}]}",
    };
    struct report_body a = body_of(usual);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct report_body b = body_of(others[i]);
        if (!same_body(&a, &b)) fail_msg("read differently: %s", others[i]);
        report_body_release(&b);
    }
    report_body_release(&a);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *field;
    } bad[] = {
        {"", HW_EINVALID, ""},
        {"[]", HW_EINVALID, ""},
        {"{\"batch\":1,\"reports\":[]", HW_EINVALID, ""},
        {"{\"batch\":1,\"reports\":[]} x", HW_EINVALID, ""},
        {"{\"batch\":1,\"batch\":1,\"reports\":[]}", HW_EINVALID, ""},
        {"{\"batch\":1,\"reports\":[],\"reports\":[]}", HW_EINVALID, ""},
        {"{\"reports\":[]}", HW_EVALIDATION, "batch"},
        {"{\"batch\":0,\"reports\":[]}", HW_EVALIDATION, "batch"},
        {"{\"batch\":\"1\",\"reports\":[]}", HW_EVALIDATION, "batch"},
        {"{\"batch\":1}", HW_EVALIDATION, "reports"},
        {"{\"batch\":1,\"reports\":{}}", HW_EVALIDATION, "reports"},
        {"{\"batch\":1,\"reports\":[1]}", HW_EVALIDATION, "reports"},
        {"{\"batch\":1,\"reports\":[{}]}", HW_EVALIDATION, "job_id"},
        {"{\"batch\":1,\"reports\":[{\"job_id\":\"j\"}]}", HW_EVALIDATION, "lease"},
        {"{\"batch\":1,\"reports\":[{\"job_id\":\"j23456789012345678901234\",\"lease\":\"l\"}]}", HW_EVALIDATION,
         "job_id"},
        {"{\"batch\":1,\"reports\":[{\"job_id\":\"j\",\"lease\":\"l\",\"attempt\":0}]}", HW_EVALIDATION, "attempt"},
        {"{\"batch\":1,\"reports\":[{\"job_id\":\"j\",\"lease\":\"l\",\"events\":{}}]}", HW_EVALIDATION, "events"},
        // What came before it was read well, and is released.
        {"{\"batch\":1,\"reports\":[{\"job_id\":\"j\",\"lease\":\"l\",\"events\":" EVENTS "},{}]}", HW_EVALIDATION,
         "job_id"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct report_body b;
        struct err e = {0};
        int rc = report_body_read(slice_str(bad[i].text), &b, &e);
        if (rc != bad[i].code || e.code != rc) fail_msg("%s: %d %s", bad[i].text, rc, e.message);
        assert_string_equal(e.field, bad[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workers_body_is_read),
        cmocka_unit_test(however_it_is_written_it_is_the_same),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
