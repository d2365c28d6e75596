// The quick readers of lines: what they take they read as the other reader does, and what is unusual they leave.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "jobs/wire_compare.h"
#include "jobs/wire_scan.h"

static bool quick(const char *line, struct wire_event *ev)
{
    struct json_scan s;
    json_scan_object(&s, slice_str(line));
    return wire_scan_metric(&s, ev);
}

static int slow(const char *line, struct wire_event *ev, struct err *e)
{
    json_t *o = json_read_object(slice_str(line), e);
    return o ? wire_event_from_json(o, ev, e) : HW_EINVALID;
}

static void what_it_takes_reads_the_same(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"type\":\"metric\",\"step\":1}",
        "{\"ts\":\"2026-11-25T10:00:00.5Z\",\"type\":\"metric\",\"step\":9007199254740992,\"layer\":3,\"loss\":0.1}",
        " { \"type\" : \"metric\" , \"step\" : 7 , \"layer\" : null , \"loss\" : 1e-3 } ",
        "{\"loss\":null,\"type\":\"metric\",\"step\":0,\"grad_norm\":-0,\"l0_sparsity\":-0.0,\"learning_rate\":1E+2}",
        "{\"type\":\"metric\",\"step\":5,\"layer\":-1,\"mine\":1.50,\"text\":\"x\",\"is\":true,\"none\":null,\"n\":-0}",
        "{\"type\":\"metric\",\"step\":1,\"loss\":26.095453022643869999999,\"l1_sparsity\":5e-324,\"mine\":1e-400}",
        "{\"type\":\"metric\",\"step\":1,\"loss\":1.7976931348623157e308,\"samples_per_second\":9223372036854775807}",
        "{\"samples_per_second\":3,\"grad_norm\":2,\"loss\":1,\"step\":1,\"type\":\"metric\",\"\xc3\xa9\":4}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wire_event a, b;
        struct err e = {0};
        if (!quick(lines[i], &a)) fail_msg("not taken: %s", lines[i]);
        assert_null(a.json);
        if (slow(lines[i], &b, &e) != 0) fail_msg("%s: %s", lines[i], e.message);
        if (!same_event(&a, &b)) fail_msg("read differently: %s", lines[i]);
        wire_event_release(&a);
        wire_event_release(&b);
    }
}

static void what_is_unusual_it_leaves(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "{}",
        "{\"step\":1}",
        "{\"type\":\"progress\",\"step\":1}",
        "{\"type\":\"metric\"}",
        "{\"type\":\"metric\",\"step\":1",
        "{\"type\":\"metric\",\"step\":1} x",
        "{\"type\":\"metric\",\"step\":null}",
        "{\"type\":\"metric\",\"step\":-1}",
        "{\"type\":\"metric\",\"step\":1.0}",
        "{\"type\":\"metric\",\"step\":9007199254740993}",
        "{\"type\":\"metric\",\"step\":1,\"step\":1}",
        "{\"type\":\"metric\",\"step\":1,\"loss\":1,\"loss\":1}",
        "{\"type\":\"metric\",\"step\":1,\"mine\":1,\"mine\":2}",
        "{\"type\":\"metric\",\"step\":1,\"layer\":null,\"layer\":1}",
        "{\"type\":\"metric\",\"step\":1,\"layer\":100001}",
        "{\"type\":\"metric\",\"step\":1,\"layer\":\"1\"}",
        "{\"type\":\"metric\",\"step\":1,\"loss\":\"low\"}",
        "{\"type\":\"metric\",\"step\":1,\"loss\":1e999}",
        "{\"type\":\"metric\",\"step\":1,\"loss\":9223372036854775808}",
        "{\"type\":\"metric\",\"step\":1,\"mine\":-1e999}",
        "{\"type\":\"metric\",\"step\":1,\"lo\\u0073s\":1}",
        "{\"type\":\"metr\\u0069c\",\"step\":1}",
        "{\"type\":\"metric\",\"step\":1,\"mine\":{\"a\":1,\"a\":2}}",
        "{\"type\":\"metric\",\"step\":1,\"ts\":5}",
        "{\"type\":\"metric\",\"step\":1,\"ts\":\"noon\"}",
        "[\"type\",\"metric\"]",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wire_event ev;
        if (quick(lines[i], &ev)) fail_msg("taken: %s", lines[i]);
    }
}

static bool quick_output(const char *line, struct wire_event *ev)
{
    struct json_scan s;
    json_scan_object(&s, slice_str(line));
    return wire_scan_output(&s, ev);
}

static void output_reads_the_same_or_is_left(void **state)
{
    (void)state;
    static const char *const taken[] = {
        "{\"type\":\"output\",\"ts\":\"2026-11-25T10:00:00.000Z\",\"stream\":\"stderr\",\"text\":\"a\\n\\u00e9\"}",
        "{\"text\":\"\",\"type\":\"output\"}",
        " { \"stream\" : \"\\u0061\" , \"text\" : \"Ã©\" , \"type\" : \"output\" } ",
    };
    static const char *const left[] = {
        "{\"type\":\"output\"}",
        "{\"text\":\"x\"}",
        "{\"type\":\"log\",\"text\":\"x\"}",
        "{\"type\":\"output\",\"text\":1}",
        "{\"type\":\"output\",\"text\":null}",
        "{\"type\":\"output\",\"text\":\"x\",\"text\":\"y\"}",
        "{\"type\":\"output\",\"text\":\"\",\"text\":\"\"}",
        "{\"type\":\"output\",\"text\":\"x\",\"stream\":null}",
        "{\"type\":\"output\",\"text\":\"x\",\"newer\":1}",
        "{\"type\":\"output\",\"text\":\"x\",\"ts\":5}",
        "{\"type\":\"output\",\"text\":\"\\u0000\"}",
        "{\"type\":\"output\",\"text\":\"x\"",
    };
    struct wire_event a, b;
    struct err e = {0};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (!quick_output(taken[i], &a)) fail_msg("not taken: %s", taken[i]);
        if (slow(taken[i], &b, &e) != 0) fail_msg("%s: %s", taken[i], e.message);
        if (!same_event(&a, &b)) fail_msg("read differently: %s", taken[i]);
        wire_event_release(&a);
        wire_event_release(&b);
    }
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (quick_output(left[i], &a)) fail_msg("taken: %s", left[i]);
}

// Lines near to metrics: members of any kind in any order.
static void its_verdict_is_the_other_readers(void **state)
{
    (void)state;
    static const char *const names[] = {"type", "type", "step",        "step", "layer",
                                        "ts",   "loss", "l0_sparsity", "mine", "b"};
    static const char *const values[] = {"\"metric\"", "\"metric\"", "1",   "7.25", "-3",   "null", "1e400",
                                         "0.1e1",      "\"x\"",      "[1]", "{}",   "true", "1e-7", "-0"};
    uint32_t seed = 4711;
    int taken = 0, valid = 0;
    for (int i = 0; i < 200000; i++) {
        struct buf b = BUF_INIT;
        seed = seed * 1664525u + 1013904223u;
        buf_add_str(&b, seed >> 31 ? "{\"type\":\"metric\",\"step\":4" : "{\"type\":\"metric\"");
        for (uint32_t n = (seed >> 24) % 6; n; n--) {
            seed = seed * 1664525u + 1013904223u;
            buf_addf(&b, ",\"%s\":", names[(seed >> 20) % (sizeof names / sizeof *names)]);
            seed = seed * 1664525u + 1013904223u;
            buf_add_str(&b, values[(seed >> 20) % (sizeof values / sizeof *values)]);
        }
        buf_add_char(&b, '}');
        struct wire_event q, s;
        struct err e = {0};
        bool took = quick(buf_cstr(&b), &q);
        int rc = slow(buf_cstr(&b), &s, &e);
        if (took && (rc != 0 || !same_event(&q, &s))) fail_msg("%s: %s", buf_cstr(&b), e.message);
        if (took) wire_event_release(&q);
        if (rc == 0) wire_event_release(&s);
        taken += took, valid += rc == 0;
        buf_release(&b);
    }
    assert_true(taken > valid / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_takes_reads_the_same),
        cmocka_unit_test(what_is_unusual_it_leaves),
        cmocka_unit_test(output_reads_the_same_or_is_left),
        cmocka_unit_test(its_verdict_is_the_other_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
