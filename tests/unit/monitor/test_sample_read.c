// What a worker tells of its machine, written and read, and what is refused of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "monitor/sample_read.h"
#include "monitor/sampler.h"

static const char whole[] =
    "{\"cpu\":{\"percent\":12.5,\"count\":2,\"per_core\":[25.0,null],\"load1\":0.29,\"load5\":1.00,\"load15\":null,"
    "\"frequency_mhz\":2596},"
    "\"memory\":{\"ram\":{\"total\":1000,\"used\":250,\"available\":750,\"free\":9007199254740993,"
    "\"used_percent\":25.0},\"swap\":{\"total\":0,\"used\":0,\"used_percent\":null}},"
    "\"disk\":{\"read_bytes\":1,\"write_bytes\":2,\"read_rate\":3,\"write_rate\":null,"
    "\"devices\":[{\"name\":\"nvme0n1\",\"read_bytes\":1,\"write_bytes\":2,\"read_rate\":3,\"write_rate\":4,"
    "\"busy_percent\":99.9},{\"name\":\"sda\",\"read_bytes\":null,\"write_bytes\":null,\"read_rate\":null,"
    "\"write_rate\":null,\"busy_percent\":null}],"
    "\"filesystems\":[{\"mount_point\":\"/srv/\\u00e4 \\\"b\\\"\",\"total\":10,\"used\":4,\"free\":5,"
    "\"percent\":44.4}]},"
    "\"network\":{\"sent_bytes\":1,\"recv_bytes\":2,\"sent_rate\":0,\"recv_rate\":1000000000000000,"
    "\"interfaces\":[{\"name\":\"eth0\",\"sent_bytes\":1,\"recv_bytes\":2,\"sent_rate\":0,\"recv_rate\":4}]},"
    "\"gpus\":[{\"gpu_id\":0,\"name\":\"NVIDIA H100\",\"utilization\":37.0,\"memory_used\":1,\"memory_total\":2,"
    "\"memory_percent\":50.0,\"temperature\":41,\"power_usage\":123.5,\"power_limit\":700.0,\"fan_speed\":null,"
    "\"clock_sm\":1410,\"clock_memory\":2619,\"processes\":[{\"pid\":4242,\"pgid\":4240,\"memory_bytes\":77},"
    "{\"pid\":1,\"memory_bytes\":null}]},"
    "{\"gpu_id\":3,\"name\":null,\"utilization\":null,\"memory_used\":null,\"memory_total\":null,"
    "\"memory_percent\":null,\"temperature\":null,\"power_usage\":null,\"power_limit\":null,\"fan_speed\":null,"
    "\"clock_sm\":null,\"clock_memory\":null,\"processes\":null}],"
    "\"gpu_reason\":\"\"}";

static void write_report(const struct sample *s, struct buf *out)
{
    struct jw w;
    buf_clear(out);
    jw_init(&w, out);
    sample_write_report(s, &w);
}

// As the writer spells it: "ä" is not escaped.
static char *plain(const char *text)
{
    char *out = mem_strdup(text), *at = strstr(out, "\\u00e4");
    if (!at) return out;
    memcpy(at, "ä", 2);
    memmove(at + 2, at + 6, strlen(at + 6) + 1);
    return out;
}

static void what_was_written_is_read_as_the_same(void **state)
{
    (void)state;
    struct sample s;
    struct buf again = BUF_INIT;
    struct err e = {0};
    unsigned parts;
    char *expected = plain(whole);
    if (sample_read_report(slice_str(whole), &s, &parts, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(parts, SAMPLE_ALL);
    assert_null(s.host);
    assert_int_equal(s.gpus[0].processes[0].pgid, 4240);
    assert_int_equal(s.gpus[0].processes[1].pgid, 0);
    write_report(&s, &again);
    assert_string_equal(buf_cstr(&again), expected);
    sample_release(&s);
    free(expected);
    buf_release(&again);
}

static void this_machine_is_told_and_read(void **state)
{
    (void)state;
    struct sampler *sampler = sampler_new(&(struct sampler_options){.nvml_path = "", .host = "box"});
    struct sample s, read;
    struct buf once = BUF_INIT, twice = BUF_INIT;
    struct err e = {0};
    unsigned parts;
    sample_init(&s);
    for (int i = 0; i < 2; i++) {
        sampler_read(sampler, 1000000 * (i + 1), &s);
        write_report(&s, &once);
        if (sample_read_report(buf_slice(&once), &read, &parts, &e) != 0) fail_msg("%s", e.message);
        write_report(&read, &twice);
        assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
        sample_release(&read);
    }
    assert_null(strstr(buf_cstr(&once), "\"host\""));
    sample_release(&s);
    sampler_free(sampler);
    buf_release(&once);
    buf_release(&twice);
}

static void a_part_may_be_missing_and_so_may_each_reading(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned parts;
    } cases[] = {
        {"{}", 0},
        {"{\"cpu\":null,\"gpus\":null}", 0},
        {"{\"cpu\":{}}", SAMPLE_CPU},
        {"{\"memory\":{\"ram\":{}},\"gpus\":[]}", SAMPLE_MEMORY | SAMPLE_GPUS},
        {"{\"disk\":{\"host\":\"x\",\"tomorrow\":[1]},\"network\":{}, \"more\":1}", SAMPLE_DISK | SAMPLE_NETWORK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample s;
        struct err e = {0};
        unsigned parts;
        if (sample_read_report(slice_str(cases[i].text), &s, &parts, &e) != 0) fail_msg("%s", e.message);
        assert_int_equal(parts, cases[i].parts);
        assert_false(s.cpu.percent.valid || s.memory.total.valid || s.disk.read_rate.valid);
        sample_release(&s);
    }
}

static void a_mistake_is_refused_with_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"{\"cpu\":7}", "cpu"},
        {"{\"cpu\":{\"percent\":\"7\"}}", "cpu.percent"},
        {"{\"cpu\":{\"percent\":100.1}}", "cpu.percent"},
        {"{\"cpu\":{\"percent\":-1}}", "cpu.percent"},
        {"{\"cpu\":{\"count\":1.5}}", "cpu.count"},
        {"{\"cpu\":{\"count\":-1}}", "cpu.count"},
        {"{\"cpu\":{\"per_core\":{}}}", "cpu.per_core"},
        {"{\"cpu\":{\"per_core\":[1,[]]}}", "cpu.per_core[1]"},
        {"{\"cpu\":{\"load1\":1e300}}", "cpu.load1"},
        {"{\"memory\":{\"ram\":[]}}", "memory.ram"},
        {"{\"memory\":{\"swap\":{\"used\":true}}}", "memory.swap.used"},
        {"{\"disk\":{\"devices\":{}}}", "disk.devices"},
        {"{\"disk\":{\"devices\":[{\"name\":\"a\"},7]}}", "disk.devices[1]"},
        {"{\"disk\":{\"devices\":[{}]}}", "disk.devices[0].name"},
        {"{\"disk\":{\"devices\":[{\"name\":\"a2345678901234567890123456789012\"}]}}", "disk.devices[0].name"},
        {"{\"disk\":{\"filesystems\":[{\"mount_point\":1}]}}", "disk.filesystems[0].mount_point"},
        {"{\"disk\":{\"devices\":[{\"name\":\"a\"}],\"write_rate\":[]}}", "disk.write_rate"},
        {"{\"network\":{\"interfaces\":[{\"name\":\"a234567890123456\"}]}}", "network.interfaces[0].name"},
        {"{\"network\":{\"interfaces\":[{\"name\":\"a\",\"recv_rate\":1e16}]}}", "network.interfaces[0].recv_rate"},
        {"{\"gpus\":{}}", "gpus"},
        {"{\"gpus\":[{}]}", "gpus[0].gpu_id"},
        {"{\"gpus\":[{\"gpu_id\":64}]}", "gpus[0].gpu_id"},
        {"{\"gpus\":[{\"gpu_id\":1},{\"gpu_id\":1}]}", "gpus"},
        {"{\"gpus\":[{\"gpu_id\":1,\"processes\":[{\"pid\":0}]}]}", "gpus[0].processes[0].pid"},
        {"{\"gpus\":[{\"gpu_id\":1,\"processes\":[{\"pid\":1,\"pgid\":-1}]}]}", "gpus[0].processes[0].pgid"},
        {"{\"gpus\":[{\"gpu_id\":1,\"processes\":7}]}", "gpus[0].processes"},
        {"{\"gpu_reason\":7}", "gpu_reason"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample s;
        struct err e = {0};
        unsigned parts;
        if (sample_read_report(slice_str(cases[i].text), &s, &parts, &e) != HW_EVALIDATION)
            fail_msg("%s is not refused", cases[i].text);
        assert_string_equal(e.field, cases[i].field);
        assert_non_null(strstr(e.message, cases[i].field));
    }
}

// `head`, so many times `item` with commas between, `tail`.
static int read_many(const char *head, const char *item, size_t n, const char *tail, struct err *e)
{
    struct buf text = BUF_INIT;
    struct sample s;
    unsigned parts;
    buf_add_str(&text, head);
    for (size_t i = 0; i < n; i++) buf_addf(&text, "%s%s", i ? "," : "", item);
    buf_add_str(&text, tail);
    int rc = sample_read_report(buf_slice(&text), &s, &parts, e);
    if (rc == 0) sample_release(&s);
    buf_release(&text);
    return rc;
}

static void there_are_bounds(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(read_many("{\"cpu\":{\"per_core\":[", "1", 8192, "]}}", &e), 0);
    assert_int_equal(read_many("{\"cpu\":{\"per_core\":[", "1", 8193, "]}}", &e), HW_EVALIDATION);
    assert_string_equal(e.field, "cpu.per_core");
    const char *device = "{\"name\":\"a\"}", *process = "{\"pid\":1}";
    assert_int_equal(read_many("{\"disk\":{\"devices\":[", device, 1024, "]}}", &e), 0);
    assert_int_equal(read_many("{\"disk\":{\"devices\":[", device, 1025, "]}}", &e), HW_EVALIDATION);
    assert_int_equal(read_many("{\"gpus\":[{\"gpu_id\":0,\"processes\":[", process, 256, "]}]}", &e), 0);
    assert_int_equal(read_many("{\"gpus\":[{\"gpu_id\":0,\"processes\":[", process, 257, "]}]}", &e), HW_EVALIDATION);
    assert_int_equal(read_many("{\"x\":[", "1234567", 32000, "]}", &e), 0);
    assert_int_equal(read_many("{\"x\":[", "1234567", 33000, "]}", &e), HW_ETOOBIG);
    assert_int_equal(read_many("[", "1", 1, "]", &e), HW_EINVALID);
    assert_int_equal(read_many("{\"cpu\":{\"percent\":", "\x01", 1, "}}", &e), HW_EINVALID);
    assert_int_equal(read_many("{\"gpu_reason\":", "\"a\\u0000b\"", 1, "}", &e), HW_EINVALID);
    assert_int_equal(read_many("{\"cpu\":{\"count\":", "18446744073709551615", 1, "}}", &e), HW_EINVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_as_the_same),
        cmocka_unit_test(this_machine_is_told_and_read),
        cmocka_unit_test(a_part_may_be_missing_and_so_may_each_reading),
        cmocka_unit_test(a_mistake_is_refused_with_its_name),
        cmocka_unit_test(there_are_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
