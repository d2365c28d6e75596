// Events of other programs: what is taken, as it is published; what is refused, and why.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "events/external.h"

static void expect(const char *text, const char *channel, const char *event, const char *data, enum msg_class cls)
{
    struct external_scratch scratch = {0};
    struct external_event ev;
    struct err e = {0};
    if (external_event_read(slice_str(text), &ev, &scratch, &e) != 0) fail_msg("%s: %s", text, e.message);
    assert_true(slice_is(ev.channel, channel));
    assert_true(slice_is(ev.event, event));
    if (!slice_is(ev.data, data)) fail_msg("%s: data is %.*s", text, SLICE_FMT(ev.data));
    assert_int_equal(ev.cls, cls);
    external_scratch_release(&scratch);
}

static void an_event_is_three_members_in_any_order(void **state)
{
    (void)state;
    expect("{\"channel\":\"jobs/a/progress\",\"event\":\"x\",\"data\":{\"a\":[1,\"b c\"]}}", "jobs/a/progress", "x",
           "{\"a\":[1,\"b c\"]}", MSG_LIFECYCLE);
    expect("{\"data\":{},\"more\":[{}],\"event\":\"x\",\"channel\":\"a\"}", "a", "x", "{}", MSG_LIFECYCLE);
    expect("{\"event\":\"x\",\"channel\":\"a\"}", "a", "x", "{}", MSG_LIFECYCLE);
}

static void white_space_is_not_sent_on(void **state)
{
    (void)state;
    expect(" { \"channel\" : \"a\", \"event\": \"x\", \"data\": { \"a b\": [1, 2.50],\n\"c\": \" \" } } ", "a", "x",
           "{\"a b\":[1,2.50],\"c\":\" \"}", MSG_LIFECYCLE);
}

static void escaped_names_are_what_they_stand_for(void **state)
{
    (void)state;
    expect("{\"ch\\u0061nnel\":\"jobs\\/a\\/progress\",\"event\":\"job\\u003aprogress\",\"data\":{}}",
           "jobs/a/progress", "job:progress", "{}", MSG_STATE);
}

static void never_again_8_the_class_is_told_by_the_name_and_never_by_the_fields(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        enum msg_class cls;
    } known[] = {{"job:progress", MSG_STATE},      {"system:metrics", MSG_STATE}, {"job:resources", MSG_STATE},
                 {"job:completed", MSG_LIFECYCLE}, {":progress", MSG_LIFECYCLE},  {"progress", MSG_LIFECYCLE},
                 {"job:progress:x", MSG_LIFECYCLE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf text = BUF_INIT;
        buf_addf(&text, "{\"channel\":\"a\",\"event\":\"%s\",\"data\":{\"progress\":1,\"status\":\"completed\"}}",
                 known[i].event);
        expect(buf_cstr(&text), "a", known[i].event, "{\"progress\":1,\"status\":\"completed\"}", known[i].cls);
        buf_release(&text);
    }
}

static void refusals_name_the_member(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *field;
    } bad[] = {
        {"", HW_EINVALID, ""},
        {"[]", HW_EINVALID, ""},
        {"{\"channel\":\"a\",\"event\":\"x\"", HW_EINVALID, ""},
        {"{\"channel\":\"a\",\"event\":\"x\",\"data\":{\"a\":}}", HW_EINVALID, ""},
        {"{\"event\":\"x\"}", HW_EVALIDATION, "channel"},
        {"{\"channel\":7,\"event\":\"x\"}", HW_EVALIDATION, "channel"},
        {"{\"channel\":\"a b\",\"event\":\"x\"}", HW_EVALIDATION, "channel"},
        {"{\"channel\":\"a\",\"channel\":\"b\",\"event\":\"x\"}", HW_EVALIDATION, "channel"},
        {"{\"channel\":\"system/cpu\",\"event\":\"x\"}", HW_EFORBIDDEN, "channel"},
        {"{\"channel\":\"system\\/cpu\",\"event\":\"x\"}", HW_EFORBIDDEN, "channel"},
        {"{\"channel\":\"hosts/box2/cpu\",\"event\":\"system:metrics\"}", HW_EFORBIDDEN, "channel"},
        {"{\"channel\":\"admin/x\",\"event\":\"x\"}", HW_EFORBIDDEN, "channel"},
        {"{\"channel\":\"a\"}", HW_EVALIDATION, "event"},
        {"{\"channel\":\"a\",\"event\":\"\"}", HW_EVALIDATION, "event"},
        {"{\"channel\":\"a\",\"event\":\"a\\\"b\"}", HW_EVALIDATION, "event"},
        {"{\"channel\":\"a\",\"event\":\"x\",\"data\":[1]}", HW_EVALIDATION, "data"},
        {"{\"channel\":\"a\",\"event\":\"x\",\"data\":null}", HW_EVALIDATION, "data"},
        {"{\"channel\":\"a\",\"event\":\"x\",\"data\":{\"seq\":1}}", HW_EVALIDATION, "data"},
        {"{\"channel\":\"a\",\"event\":\"x\",\"data\":{\"b\":{},\"\\u0074s\":1}}", HW_EVALIDATION, "data"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct external_scratch scratch = {0};
        struct external_event ev;
        struct err e = {0};
        if (external_event_read(slice_str(bad[i].text), &ev, &scratch, &e) != bad[i].code)
            fail_msg("%s: %d %s", bad[i].text, e.code, e.message);
        assert_int_equal(e.code, bad[i].code);
        assert_string_equal(e.field, bad[i].field);
        external_scratch_release(&scratch);
    }
}

static void an_event_has_a_size_at_most(void **state)
{
    (void)state;
    struct external_scratch scratch = {0};
    struct external_event ev;
    struct err e = {0};
    char *text = mem_alloc(EXTERNAL_EVENT_BYTES + 1);
    memset(text, ' ', EXTERNAL_EVENT_BYTES + 1);
    static const char start[] = "{\"channel\":\"a\",\"event\":\"x\"}";
    memcpy(text, start, sizeof start - 1);
    assert_int_equal(external_event_read(slice_of(text, EXTERNAL_EVENT_BYTES), &ev, &scratch, &e), 0);
    assert_int_equal(external_event_read(slice_of(text, EXTERNAL_EVENT_BYTES + 1), &ev, &scratch, &e), HW_ETOOBIG);
    free(text);
    external_scratch_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_three_members_in_any_order),
        cmocka_unit_test(white_space_is_not_sent_on),
        cmocka_unit_test(escaped_names_are_what_they_stand_for),
        cmocka_unit_test(never_again_8_the_class_is_told_by_the_name_and_never_by_the_fields),
        cmocka_unit_test(refusals_name_the_member),
        cmocka_unit_test(an_event_has_a_size_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
