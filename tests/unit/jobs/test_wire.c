// The wire format, read and written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "jobs/wire.h"
#include "jobs/wire_writer.h"

static struct wire_event parse(const char *line)
{
    struct wire_event ev;
    struct err e = {0};
    if (wire_event_parse(slice_str(line), &ev, &e) != 0) fail_msg("%s: %s", line, e.message);
    return ev;
}

static void phases(void **state)
{
    (void)state;
    struct wire_event ev =
        parse("{\"type\":\"phase\",\"name\":\"extracting\",\"index\":2,\"count\":3,\"from\":10,\"to\":90}");
    assert_int_equal(ev.type, WIRE_PHASE);
    assert_string_equal(ev.u.phase.name, "extracting");
    assert_int_equal(ev.u.phase.index, 2);
    assert_int_equal(ev.u.phase.count, 3);
    assert_true(ev.u.phase.from == 10 && ev.u.phase.to == 90);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"phase\",\"name\":\"x\"}");
    assert_true(isnan(ev.u.phase.from) && isnan(ev.u.phase.to));
    wire_event_release(&ev);
}

static void progress(void **state)
{
    (void)state;
    struct wire_event ev = parse(
        " \t{\"type\":\"progress\",\"done\":512,\"total\":4096,\"unit\":\"samples\",\"message\":\"m\",\"new\":[1]} ");
    assert_int_equal(ev.type, WIRE_PROGRESS);
    assert_int_equal(ev.u.progress.done, 512);
    assert_int_equal(ev.u.progress.total, 4096);
    assert_string_equal(ev.u.progress.unit, "samples");
    assert_string_equal(ev.u.progress.message, "m");
    wire_event_release(&ev);
    ev = parse("{\"type\":\"progress\",\"done\":1e3,\"total\":null}");
    assert_int_equal(ev.u.progress.done, 1000);
    assert_int_equal(ev.u.progress.total, -1);
    assert_null(ev.u.progress.unit);
    wire_event_release(&ev);
}

static void metrics_and_what_is_no_column(void **state)
{
    (void)state;
    struct wire_event ev = parse("{\"type\":\"metric\",\"step\":100,\"layer\":null,\"loss\":0.02,\"grad_norm\":null,"
                                 "\"mine\":1.5,\"text\":\"x\",\"ts\":5}");
    assert_int_equal(ev.u.metric.step, 100);
    assert_int_equal(ev.u.metric.layer, -1);
    assert_true(ev.u.metric.loss == 0.02);
    assert_true(isnan(ev.u.metric.grad_norm) && isnan(ev.u.metric.l0_sparsity));
    assert_int_equal(ev.ts_us, 5000000);
    assert_int_equal(ev.u.metric.given, 1u << WIRE_METRIC_loss | 1u << WIRE_METRIC_grad_norm);
    assert_string_equal(ev.u.metric.extra, "{\"mine\":1.5}");
    wire_event_release(&ev);
    ev = parse("{\"type\":\"metric\",\"step\":1,\"layer\":3,\"loss\":1}");
    assert_int_equal(ev.u.metric.layer, 3);
    assert_null(ev.u.metric.extra);
    wire_event_release(&ev);
}

static void checkpoints_logs_errors_and_ends(void **state)
{
    (void)state;
    struct wire_event ev =
        parse("{\"type\":\"checkpoint\",\"step\":5000,\"path\":\"p\",\"loss\":0.5,\"is_best\":true}");
    assert_int_equal(ev.u.checkpoint.step, 5000);
    assert_string_equal(ev.u.checkpoint.path, "p");
    assert_int_equal(ev.u.checkpoint.size_bytes, -1);
    assert_true(ev.u.checkpoint.is_best);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"log\",\"text\":\"t\"}");
    assert_string_equal(ev.u.log.level, "info");
    wire_event_release(&ev);
    ev = parse("{\"type\":\"error\",\"error_type\":\"OOM\",\"message\":\"m\",\"params\":{\"batch_size\":4}}");
    assert_int_equal(json_integer_value(json_object_get(ev.u.error.params, "batch_size")), 4);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"error\",\"params\":7}");
    assert_null(ev.u.error.params);
    assert_null(ev.u.error.error_type);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"exited\",\"code\":null,\"signal\":9,\"last_stderr\":\"x\"}");
    assert_int_equal(ev.u.exited.code, -1);
    assert_int_equal(ev.u.exited.signal, 9);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"exited\",\"code\":0,\"paused\":true,\"requeue\":true}");
    assert_true(ev.u.exited.paused && ev.u.exited.requeue);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"paused\",\"resume\":{\"resume_from\":\"/d\"}}");
    assert_string_equal(json_string_value(json_object_get(ev.u.paused.resume, "resume_from")), "/d");
    wire_event_release(&ev);
    ev = parse("{\"type\":\"paused\"}");
    assert_int_equal(ev.type, WIRE_PAUSED);
    assert_null(ev.u.paused.resume);
    wire_event_release(&ev);
    ev = parse("{\"type\":\"result\",\"a\":1}");
    assert_int_equal(ev.type, WIRE_RESULT);
    wire_event_release(&ev);
}

static void unknown_types_are_no_error(void **state)
{
    (void)state;
    static const char *const lines[] = {"{}", "{\"type\":\"newer\"}", "{\"type\":null}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wire_event ev = parse(lines[i]);
        assert_int_equal(ev.type, WIRE_UNKNOWN);
        wire_event_release(&ev);
    }
}

static void what_is_no_object_is_a_log_line(void **state)
{
    (void)state;
    static const char *const lines[] = {"",
                                        " ",
                                        "epoch 3/10",
                                        "[1]",
                                        "\"x\"",
                                        "{",
                                        "{\"loss\":NaN}",
                                        "{\"a\":\"\xff\"}",
                                        "{\"type\":\"log\",\"text\":\"a\\u0000b\"}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wire_event ev;
        struct err e = {0};
        assert_int_equal(wire_event_parse(slice_str(lines[i]), &ev, &e), HW_EINVALID);
        assert_true(e.message[0] != 0);
        assert_null(ev.json);
    }
}

static void members_that_can_not_be_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *field;
    } bad[] = {
        {"{\"type\":1}", "type"},
        {"{\"type\":\"phase\"}", "name"},
        {"{\"type\":\"phase\",\"name\":\"x\",\"from\":101}", "from"},
        {"{\"type\":\"phase\",\"name\":\"x\",\"to\":-1}", "to"},
        {"{\"type\":\"progress\",\"done\":-1}", "done"},
        {"{\"type\":\"progress\",\"done\":1.5}", "done"},
        {"{\"type\":\"progress\",\"done\":\"1\"}", "done"},
        {"{\"type\":\"progress\",\"done\":1,\"total\":1e300}", "total"},
        {"{\"type\":\"progress\",\"done\":1,\"unit\":[]}", "unit"},
        {"{\"type\":\"metric\",\"loss\":1}", "step"},
        {"{\"type\":\"metric\",\"step\":1,\"loss\":\"low\"}", "loss"},
        {"{\"type\":\"metric\",\"step\":1,\"layer\":-2}", "layer"},
        {"{\"type\":\"checkpoint\",\"step\":1}", "path"},
        {"{\"type\":\"log\"}", "text"},
        {"{\"type\":\"exited\"}", "code"},
        {"{\"type\":\"exited\",\"signal\":500}", "signal"},
        {"{\"type\":\"output\"}", "text"},
        {"{\"type\":\"paused\",\"resume\":[]}", "resume"},
        {"{\"type\":\"exited\",\"code\":0,\"paused\":1}", "paused"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wire_event ev;
        struct err e = {0};
        if (wire_event_parse(slice_str(bad[i].line), &ev, &e) != HW_EVALIDATION) fail_msg("taken: %s", bad[i].line);
        assert_string_equal(e.field, bad[i].field);
        assert_null(ev.json);
    }
}

static void times_are_seconds_or_rfc3339(void **state)
{
    (void)state;
    static const struct {
        const char *ts;
        int64_t us;
    } some[] = {
        {"1.5", 1500000}, {"\"1970-01-01T00:00:02Z\"", 2000000}, {"null", 0}, {"\"noon\"", 0}, {"-5", 0}, {"1e300", 0},
        {"[]", 0}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        char line[128];
        snprintf(line, sizeof line, "{\"type\":\"result\",\"ts\":%s}", some[i].ts);
        struct wire_event ev = parse(line);
        assert_int_equal(ev.ts_us, some[i].us);
        wire_event_release(&ev);
    }
}

static void length_and_depth_are_bounded(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct wire_event ev;
    struct err e = {0};
    buf_add_str(&b, "{\"type\":\"result\",\"x\":\"");
    while (b.n < WIRE_LINE_MAX - 2) buf_add_char(&b, 'x');
    buf_add_str(&b, "\"}");
    assert_int_equal(b.n, WIRE_LINE_MAX);
    assert_int_equal(wire_event_parse(buf_slice(&b), &ev, &e), 0);
    wire_event_release(&ev);
    buf_add_char(&b, ' ');
    assert_int_equal(wire_event_parse(buf_slice(&b), &ev, &e), HW_EINVALID);
    for (int depth = 2; depth < 2000; depth *= 2) {
        buf_clear(&b);
        buf_add_str(&b, "{\"type\":\"result\",\"x\":");
        for (int i = 1; i < depth; i++) buf_add_char(&b, '[');
        for (int i = 1; i < depth; i++) buf_add_char(&b, ']');
        buf_add_char(&b, '}');
        int rc = wire_event_parse(buf_slice(&b), &ev, &e);
        assert_int_equal(rc, depth <= WIRE_DEPTH_MAX ? 0 : HW_EVALIDATION);
        if (rc == 0) wire_event_release(&ev);
    }
    buf_release(&b);
}

// ---- writing --------------------------------------------------------------------------------------------------------

struct pipe_reader {
    int fds[2];
    struct buf text;
};

static struct wire_writer *writer_to(struct pipe_reader *r)
{
    assert_int_equal(pipe2(r->fds, O_CLOEXEC), 0);
    r->text = BUF_INIT;
    return wire_writer_new(r->fds[1]);
}

// Everything written, as events; the writer is gone afterwards.
static int read_events(struct pipe_reader *r, struct wire_writer *w, struct wire_event *out, int max)
{
    int n = 0;
    wire_writer_free(w);
    close(r->fds[1]);
    for (ssize_t got; (got = read(r->fds[0], buf_reserve(&r->text, 65536), 65536)) > 0;) r->text.n += (size_t)got;
    close(r->fds[0]);
    for (struct slice rest = buf_slice(&r->text); rest.n;) {
        struct err e = {0};
        assert_true(n < max);
        if (wire_event_parse(slice_cut(&rest, '\n'), &out[n++], &e) != 0) fail_msg("%s", e.message);
    }
    buf_release(&r->text);
    return n;
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct pipe_reader r;
    struct wire_writer *w = writer_to(&r);
    struct wire_event ev[16];
    struct err e = {.code = HW_EDISKFULL, .field = "f", .message = "no \"room\""};
    json_t *result = json_pack("{s:i,s:s}", "n", 1, "type", "mine");
    struct wire_metric m[] = {{"loss", 0.5}, {"mine", 2}, {"grad_norm", NAN}};
    wire_phase(w, "a", 1, 2, 0, 10);
    wire_progress(w, 1, 10, "steps", NULL);
    wire_metrics(w, 7, -1, m, 3);
    wire_checkpoint(w, 8, 2, "/p", 0.25, 1, 99);
    wire_log(w, "warn", "%d\n%s", 5, "tab\t");
    wire_result(w, result);
    wire_error(w, &e, NULL);
    json_decref(result);
    assert_int_equal(read_events(&r, w, ev, 16), 7);
    assert_int_equal(ev[0].type, WIRE_PHASE);
    assert_true(ev[0].u.phase.to == 10);
    assert_int_equal(ev[1].u.progress.total, 10);
    assert_true(ev[2].u.metric.loss == 0.5 && isnan(ev[2].u.metric.grad_norm));
    assert_string_equal(ev[2].u.metric.extra, "{\"mine\":2}");
    assert_int_equal(ev[3].u.checkpoint.size_bytes, 99);
    assert_int_equal(ev[3].u.checkpoint.layer, 2);
    assert_string_equal(ev[4].u.log.text, "5\ntab\t");
    assert_int_equal(ev[5].type, WIRE_RESULT); // a result can't pass for another type
    assert_string_equal(ev[6].u.error.error_type, "DISK_FULL");
    assert_string_equal(ev[6].u.error.message, "no \"room\"");
    for (int i = 0; i < 7; i++) wire_event_release(&ev[i]);
}

static void progress_is_thinned_but_first_and_last_are_kept(void **state)
{
    (void)state;
    struct pipe_reader r;
    struct wire_writer *w = writer_to(&r);
    enum { MANY = 20000 };
    struct wire_event *ev = calloc(MANY, sizeof *ev);
    wire_phase(w, "a", 1, 1, 0, 100);
    for (int i = 0; i <= MANY; i++) wire_progress(w, i, MANY, "steps", NULL);
    int n = read_events(&r, w, ev, MANY);
    assert_true(n >= 3 && n < MANY / 10);
    assert_int_equal(ev[1].u.progress.done, 0);
    assert_int_equal(ev[n - 1].u.progress.done, MANY);
    for (int i = 0; i < n; i++) wire_event_release(&ev[i]);
    free(ev);
}

static void *write_many(void *arg)
{
    for (int i = 0; i < 100; i++) wire_log(arg, "info", "a line of some length, number %d", i);
    return NULL;
}

static void lines_of_several_threads_stay_whole(void **state)
{
    (void)state;
    struct pipe_reader r;
    struct wire_writer *w = writer_to(&r);
    pthread_t t[4];
    struct wire_event *ev = calloc(400, sizeof *ev);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, write_many, w), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    assert_int_equal(read_events(&r, w, ev, 400), 400);
    for (int i = 0; i < 400; i++) wire_event_release(&ev[i]);
    free(ev);
}

static void never_again_26_a_reader_that_has_gone_does_not_end_the_task(void **state)
{
    (void)state;
    int fds[2];
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    close(fds[0]);
    struct wire_writer *w = wire_writer_new(fds[1]);
    for (int i = 0; i < 10; i++) wire_log(w, "info", "x");
    wire_writer_free(w);
    close(fds[1]);
    signal(SIGPIPE, before);
}

static void the_descriptor_comes_from_the_environment(void **state)
{
    (void)state;
    setenv("HEADWAY_FD", "2", 1);
    assert_int_equal(wire_fd_from_env(), 2);
    static const char *const bad[] = {"", "x", "-1", "65535", "99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("HEADWAY_FD", bad[i], 1);
        assert_int_equal(wire_fd_from_env(), STDOUT_FILENO);
    }
    unsetenv("HEADWAY_FD");
    assert_int_equal(wire_fd_from_env(), STDOUT_FILENO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases),
        cmocka_unit_test(progress),
        cmocka_unit_test(metrics_and_what_is_no_column),
        cmocka_unit_test(checkpoints_logs_errors_and_ends),
        cmocka_unit_test(unknown_types_are_no_error),
        cmocka_unit_test(what_is_no_object_is_a_log_line),
        cmocka_unit_test(members_that_can_not_be_are_named),
        cmocka_unit_test(times_are_seconds_or_rfc3339),
        cmocka_unit_test(length_and_depth_are_bounded),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(progress_is_thinned_but_first_and_last_are_kept),
        cmocka_unit_test(lines_of_several_threads_stay_whole),
        cmocka_unit_test(never_again_26_a_reader_that_has_gone_does_not_end_the_task),
        cmocka_unit_test(the_descriptor_comes_from_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
