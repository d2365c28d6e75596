// Places by resource class.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "worker/slots.h"

static struct slots *must_make(const char *spec)
{
    struct slots *s;
    struct err e = {0};
    if (slots_new(&s, spec, &e) != 0) fail_msg("%s", e.message);
    return s;
}

static void places_are_taken_and_given_back(void **state)
{
    (void)state;
    struct slots *s = must_make("cpu=2, gpu = 0 ,io=1");
    assert_int_equal(slots_classes(s), 3);
    assert_true(slots_take(s, "cpu") && slots_take(s, "cpu"));
    assert_false(slots_take(s, "cpu"));
    assert_false(slots_take(s, "gpu"));
    assert_false(slots_take(s, "tpu"));
    assert_int_equal(slots_wait_free(s, 2), 1);
    slots_give(s, "cpu");
    assert_true(slots_take(s, "cpu"));
    slots_give(s, "io"); // never more than there are
    slots_give(s, "nothing");
    assert_true(slots_take(s, "io"));
    assert_false(slots_take(s, "io"));
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    slots_write_total(s, &w);
    assert_string_equal(buf_cstr(&b), "{\"cpu\":2,\"gpu\":0,\"io\":1}");
    buf_release(&b);
    slots_free(s);
    slots_free(NULL);
}

static void what_can_not_be_understood_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "cpu",     "cpu=",   "cpu=x",       "cpu=-1",     "cpu=1025", "=1",
                                      "tpu=1", "cpu=1,,", ",cpu=1", "cpu=1,cpu=2", "cpu=1;io=2", "CPU=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct slots *s = NULL;
        struct err e = {0};
        if (slots_new(&s, bad[i], &e) == 0) fail_msg("taken: \"%s\"", bad[i]);
        assert_int_equal(e.code, HW_EVALIDATION);
        assert_string_equal(e.field, "slots");
        assert_non_null(strstr(e.message, "gpu=1,cpu=2,io=4"));
        assert_non_null(strstr(e.message, bad[i]));
    }
}

struct waiter {
    struct slots *s;
    int slot_class, got;
};

static void *wait_free(void *arg)
{
    struct waiter *w = arg;
    w->got = slots_wait_free(w->s, w->slot_class);
    return NULL;
}

static void never_again_15_each_class_waits_for_its_own_places(void **state)
{
    (void)state;
    struct slots *s = must_make("cpu=1,io=2");
    assert_true(slots_take(s, "cpu"));
    // A busy cpu doesn't hold up io …
    assert_int_equal(slots_wait_free(s, 1), 2);
    // … and whoever waits for cpu is woken by its place, though another class waits as well.
    assert_true(slots_take(s, "io") && slots_take(s, "io"));
    struct waiter cpu = {s, 0, -1}, io = {s, 1, -1};
    pthread_t a, b;
    assert_int_equal(pthread_create(&b, NULL, wait_free, &io), 0);
    assert_int_equal(pthread_create(&a, NULL, wait_free, &cpu), 0);
    slots_give(s, "cpu");
    pthread_join(a, NULL);
    assert_int_equal(cpu.got, 1);
    slots_close(s);
    pthread_join(b, NULL);
    assert_int_equal(io.got, 0);
    assert_int_equal(slots_wait_free(s, 0), 0); // closed for good
    slots_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_taken_and_given_back),
        cmocka_unit_test(what_can_not_be_understood_is_refused),
        cmocka_unit_test(never_again_15_each_class_waits_for_its_own_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
