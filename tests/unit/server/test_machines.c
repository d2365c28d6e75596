// The machines of other hosts as the server keeps them: published, listed, forgotten.
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
#include "bus/bus.h"
#include "events/emitter.h"
#include "server/machines.h"

enum { SECOND = 1000000 };
static const int64_t INTERVAL_US = 2 * SECOND;

struct scene {
    struct bus *bus;
    struct emitter *emitter;
    struct machine *own;
    struct machines *machines;
    int64_t now;
    int minutes; // kept
    char last_host[256];
};

static void deliver(void *ctx, struct msg *m)
{
    (void)ctx;
    (void)m;
}

static void each_job(void *ctx, void (*add)(void *to, const char *host, int64_t pgid, const char *job_id), void *to)
{
    (void)ctx;
    add(to, "box2", 4240, "job_of_box2");
    add(to, "box3", 4240, "job_of_box3");
}

static void keep(void *ctx, const char *host, const struct minute *m)
{
    struct scene *s = ctx;
    assert_true(m->stats.samples > 0);
    s->minutes++;
    snprintf(s->last_host, sizeof s->last_host, "%s", host);
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof *s);
    s->bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    s->bus->deliver = deliver;
    s->emitter = emitter_new(s->bus);
    s->now = 5 * SECOND;
    const struct monitor_minutes minutes = {keep, s};
    s->own = machine_new(s->emitter, minutes, "box1", true, INTERVAL_US);
    const struct machines_config c = {s->emitter, s->own, {each_job, s}, minutes, INTERVAL_US};
    s->machines = machines_new(&c);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    machines_free(s->machines);
    machine_free(s->own);
    emitter_free(s->emitter);
    s->bus->ops->free(s->bus);
    free(s);
    return 0;
}

static int report_of(struct scene *s, const char *worker, const char *host, const char *body, struct err *e)
{
    return machines_report(s->machines, worker, host, slice_str(body), s->now, e);
}

static void report(struct scene *s, const char *host, const char *body)
{
    struct err e = {0};
    if (report_of(s, "wrk_1", host, body, &e) != 0) fail_msg("%s", e.message);
}

static void take(void *ctx, struct msg *m)
{
    struct buf *out = ctx;
    buf_add_slice(out, msg_payload(m));
}

// The newest payload of a channel; NULL if there is none.
static json_t *shown(struct scene *s, const char *channel)
{
    struct buf text = BUF_INIT;
    s->bus->ops->snapshot(s->bus, slice_str(channel), take, &text);
    json_t *payload = text.n ? json_read_object(buf_slice(&text), NULL) : NULL;
    buf_release(&text);
    return payload;
}

static double percent(struct scene *s, const char *channel)
{
    json_t *payload = shown(s, channel);
    double v = payload ? json_number_value(json_object_get(payload, "percent")) : -1;
    json_decref(payload);
    return v;
}

// Of each machine, name, and whether it is live.
static void assert_listed(struct scene *s, const char *expected)
{
    struct buf text = BUF_INIT, seen = BUF_INIT;
    struct jw w;
    size_t i;
    json_t *it;
    jw_init(&w, &text);
    machines_write(s->machines, s->now, &w);
    json_t *list = json_read_object(buf_slice(&text), NULL);
    json_array_foreach(json_object_get(list, "items"), i, it)
    {
        assert_int_equal(json_is_true(json_object_get(it, "server")), i == 0);
        buf_addf(&seen, "%s%s%s(%zu)", i ? " " : "", json_string_value(json_object_get(it, "host")),
                 json_is_true(json_object_get(it, "live")) ? "" : "-", json_array_size(json_object_get(it, "gpus")));
    }
    assert_string_equal(buf_cstr(&seen), expected);
    json_decref(list);
    buf_release(&text);
    buf_release(&seen);
}

static void what_a_worker_reads_is_shown_under_its_host(void **state)
{
    struct scene *s = *state;
    report(s, "box3", "{\"cpu\":{\"percent\":30}}");
    report(s, "box2",
           "{\"cpu\":{\"percent\":20},\"gpus\":[{\"gpu_id\":5,\"processes\":[{\"pid\":4242,\"pgid\":4240},"
           "{\"pid\":7,\"pgid\":8}]}]}");
    assert_true(percent(s, "hosts/box2/cpu") == 20 && percent(s, "hosts/box3/cpu") == 30);
    assert_true(percent(s, "system/cpu") == -1 && percent(s, "hosts/box2/memory") == -1);
    json_t *gpu = shown(s, "hosts/box2/gpu-5");
    assert_string_equal(json_string_value(json_object_get(gpu, "host")), "box2");
    json_t *processes = json_object_get(gpu, "processes");
    json_t *first = json_array_get(processes, 0), *second = json_array_get(processes, 1);
    assert_string_equal(json_string_value(json_object_get(first, "job_id")), "job_of_box2");
    assert_null(json_object_get(second, "job_id"));
    assert_null(json_object_get(first, "pgid"));
    json_decref(gpu);
    assert_listed(s, "box1-(0) box2(1) box3(0)");

    char channel[MACHINE_CHANNEL_SIZE];
    const struct machine *m = machines_find(s->machines, "box2");
    assert_true(machine_channel(m, 0, channel));
    assert_string_equal(channel, "hosts/box2/cpu");
    assert_true(machine_channel(m, 4, channel));
    assert_string_equal(channel, "hosts/box2/gpu-5");
    assert_false(machine_channel(m, 5, channel));
    assert_int_equal(recent_count(machine_recent(m)), 1);

    report(s, "box2", "{\"cpu\":{\"percent\":21}}"); // says nothing of GPUs: they are as they were
    assert_listed(s, "box1-(0) box2(1) box3(0)");
    report(s, "box2", "{\"gpus\":[],\"gpu_reason\":\"no driver\"}");
    assert_listed(s, "box1-(0) box2(0) box3(0)");
    assert_string_equal(machine_gpu_reason(m), "no driver");
}

static void the_servers_own_is_as_it_was(void **state)
{
    struct scene *s = *state;
    struct sample sample;
    struct gpu_reading gpu = {.index = 2};
    sample_init(&sample);
    sample.host = "box1";
    sample.cpu.percent = some_f64(7);
    sample.gpus = &gpu;
    sample.gpu_count = 1;
    machine_take(s->own, machine_reading_new(&sample, SAMPLE_ALL, 1, NULL, NULL), s->now);
    assert_true(percent(s, "system/cpu") == 7);
    char channel[MACHINE_CHANNEL_SIZE];
    assert_true(machine_channel(s->own, 4, channel));
    assert_string_equal(channel, "system/gpu/2");
    json_t *payload = shown(s, channel);
    assert_non_null(payload);
    json_decref(payload);
    assert_ptr_equal(machines_find(s->machines, NULL), s->own);
    assert_ptr_equal(machines_find(s->machines, ""), s->own);
    assert_ptr_equal(machines_find(s->machines, "box1"), s->own);
    assert_null(machines_find(s->machines, "box2"));
    assert_listed(s, "box1(1)");
}

static void one_that_goes_silent_is_not_live_and_after_an_hour_forgotten(void **state)
{
    struct scene *s = *state;
    report(s, "box2", "{\"cpu\":{\"percent\":20}}");
    s->now += 3 * INTERVAL_US;
    assert_listed(s, "box1-(0) box2(0)");
    s->now += 1;
    assert_listed(s, "box1-(0) box2-(0)");
    report(s, "box3", "{\"cpu\":{}}");
    s->now += 3600LL * SECOND - 3 * INTERVAL_US - 2;
    machines_forget(s->machines, s->now);
    assert_listed(s, "box1-(0) box2-(0) box3-(0)");
    assert_int_equal(s->minutes, 0);
    s->now += 1;
    machines_forget(s->machines, s->now);
    assert_listed(s, "box1-(0) box3-(0)");
    assert_null(machines_find(s->machines, "box2"));
    assert_int_equal(s->minutes, 1); // its last, which no other reading ended
    assert_string_equal(s->last_host, "box2");
    s->now += 3600LL * SECOND;
    report(s, "box2", "{\"cpu\":{\"percent\":22}}");
    assert_listed(s, "box1-(0) box2(0)");
    assert_int_equal(s->minutes, 1); // nothing was read on box3
}

static void of_two_workers_on_a_host_one_is_listened_to(void **state)
{
    struct scene *s = *state;
    struct err e = {0};
    report(s, "box2", "{\"cpu\":{\"percent\":1}}");
    s->now += SECOND;
    assert_int_equal(report_of(s, "wrk_2", "box2", "{\"cpu\":{\"percent\":2}}", &e), 0);
    assert_true(percent(s, "hosts/box2/cpu") == 1);
    s->now += 3 * INTERVAL_US; // the first has gone
    assert_int_equal(report_of(s, "wrk_2", "box2", "{\"cpu\":{\"percent\":3}}", &e), 0);
    assert_true(percent(s, "hosts/box2/cpu") == 3);
    assert_int_equal(report_of(s, "wrk_1", "box2", "{\"cpu\":{\"percent\":4}}", &e), 0);
    assert_true(percent(s, "hosts/box2/cpu") == 3);
}

static void a_host_whose_name_no_channel_can_have_is_refused(void **state)
{
    struct scene *s = *state;
    char longest[MACHINE_HOST_MAX + 2];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    const char *const bad[] = {"", "a b", "a/b", "ä", "a\n", longest, "box1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_int_equal(report_of(s, "wrk_1", bad[i], "{}", &e), HW_EVALIDATION);
        assert_string_equal(e.field, "host");
    }
    longest[MACHINE_HOST_MAX] = 0;
    report(s, longest, "{\"cpu\":{\"percent\":9}}");
    char channel[MACHINE_CHANNEL_SIZE];
    snprintf(channel, sizeof channel, "hosts/%s/cpu", longest);
    assert_true(percent(s, channel) == 9);
    report(s, "A-z_0.9:8", "{}");
}

static void what_can_not_be_read_leaves_no_machine(void **state)
{
    struct scene *s = *state;
    struct err e = {0};
    assert_int_equal(report_of(s, "wrk_1", "box2", "{\"cpu\":{\"percent\":\"a\"}}", &e), HW_EVALIDATION);
    assert_string_equal(e.field, "cpu.percent");
    assert_int_equal(report_of(s, "wrk_1", "box2", "no", &e), HW_EINVALID);
    assert_listed(s, "box1-(0)");
}

static void there_are_64_at_most(void **state)
{
    struct scene *s = *state;
    struct err e = {0};
    char host[16];
    for (int i = 0; i < 64; i++) {
        snprintf(host, sizeof host, "h%02d", (i * 37) % 64); // in no order
        report(s, host, "{}");
    }
    assert_int_equal(report_of(s, "wrk_1", "i", "{}", &e), HW_EUNAVAILABLE);
    assert_non_null(strstr(e.message, "64"));
    s->now += SECOND;
    report(s, "h07", "{}");
    s->now += 3600LL * SECOND - 1;
    report(s, "i", "{}"); // the others make room
    assert_listed(s, "box1-(0) h07-(0) i(0)");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_a_worker_reads_is_shown_under_its_host),
        CASE(the_servers_own_is_as_it_was),
        CASE(one_that_goes_silent_is_not_live_and_after_an_hour_forgotten),
        CASE(of_two_workers_on_a_host_one_is_listened_to),
        CASE(a_host_whose_name_no_channel_can_have_is_refused),
        CASE(what_can_not_be_read_leaves_no_machine),
        CASE(there_are_64_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
