// The settings: every row refuses what it can not be, saying what it may be; options win.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "server/settings.h"

enum { ARGS_MAX = 16 };

struct argv {
    int n;
    char *v[ARGS_MAX + 1];
    char store[ARGS_MAX][128];
};

static struct argv *args(struct argv *a, const char *const list[])
{
    a->n = 0;
    for (size_t i = 0; list[i]; i++, a->n++) {
        snprintf(a->store[i], sizeof a->store[i], "%s", list[i]);
        a->v[i] = a->store[i];
    }
    a->v[a->n] = NULL;
    return a;
}

#define ARGS(...) args(&(struct argv){0}, (const char *const[]){"serve", __VA_ARGS__, NULL})

static void clear_environment(void)
{
    const char *env, *def, *help;
    char option[64];
    for (size_t i = 0; settings_describe(i, &env, option, &def, &help); i++) unsetenv(env);
}

static int load(struct settings *s, struct argv *a, struct err *e)
{
    bool help;
    return settings_load(s, &a->n, a->v, &help, e);
}

static void must_load(struct settings *s, struct argv *a)
{
    struct err e = {0};
    if (load(s, a, &e) != 0) fail_msg("%s", e.message);
}

// What each row takes and what it refuses. Rows that take any text have no bad value but the empty one, or none at all.
static const struct {
    const char *env, *good, *bad[8];
} rows[] = {
    {"HEADWAY_LISTEN", "[::1]:0", {"x", "127.0.0.1", "h:65536", "h:-1", "::1:80", "8080"}},
    {"HEADWAY_DATA", "/tmp/data", {""}},
    {"HEADWAY_ALLOWED_ORIGINS", "https://a.example", {NULL}},
    {"HEADWAY_ALLOWED_HOSTS", "a.example", {NULL}},
    {"HEADWAY_NO_WORKER", "yes", {"maybe", "2", "TRUE"}},
    {"HEADWAY_SLOTS", "cpu=4, io=2", {"", "cpu", "cpu=", "cpu=-1", "tpu=1", "cpu=1,cpu=2", "cpu=1025"}},
    {"HEADWAY_QUEUES", "default, long.2", {"", ",", "a,a", "a b", "a/b"}},
    {"HEADWAY_TASK", "/bin/true", {""}},
    {"HEADWAY_IO_THREADS", "16", {"-1", "17", "1.5", "auto"}},
    {"HEADWAY_LEASE_SECONDS", "3600", {"0", "3601", "1.5", "15s", "-1", "x", "99999999999999999999"}},
    {"HEADWAY_NVML", "/lib/x.so", {NULL}},
    {"HEADWAY_VERBOSE", "1", {"loud"}},
    {"DATABASE_URL", "sqlite:/x.db", {"", "sqlite:", "mysql://x", "/x.db"}},
    {"DATABASE_POOL_SIZE", "1", {"0", "1001", "x"}},
    {"DATABASE_MAX_OVERFLOW", "0", {"-1", "1001"}},
    {"REDIS_WS_URL", "", {"redis://localhost"}},
    {"HF_ENDPOINT",
     "http://127.0.0.1:9000",
     {"huggingface.co", "ftp://x", "https://x/", "https://user:secret@x", "https://x?y=z"}},
    {"SYSTEM_MONITOR_INTERVAL_SECONDS", "0.1", {"0.05", "3601", "nan", "inf", "x", "2s"}},
    {"TRAINING_METRIC_ARCHIVE_DAYS", "36500", {"0", "36501", "30d"}},
    {"PROGRESS_HISTORY_RETENTION_DAYS", "1", {"0", "36501"}},
    {"PROGRESS_HISTORY_STEP_PERCENT", "100", {"0", "101"}},
    {"PROGRESS_HISTORY_INTERVAL_SECONDS", "86400", {"0", "86401"}},
    {"WEBSOCKET_BATCH_INTERVAL_MS", "10000", {"-1", "10001"}},
    {"WEBSOCKET_COMPRESSION_THRESHOLD", "0", {"-1", "2000000000"}},
};

static void every_row_of_the_table_is_tested_here(void **state)
{
    (void)state;
    const char *env, *def, *help;
    char option[64];
    size_t n = 0;
    for (; settings_describe(n, &env, option, &def, &help); n++) {
        assert_true(n < sizeof rows / sizeof *rows);
        assert_string_equal(env, rows[n].env);
        assert_true(help && help[0]);
    }
    assert_int_equal(n, sizeof rows / sizeof *rows);
}

static void a_bad_value_names_the_setting_the_value_and_what_is_accepted(void **state)
{
    (void)state;
    const char *env, *def, *help;
    char option[64], arg[128];
    for (size_t i = 0; settings_describe(i, &env, option, &def, &help); i++) {
        for (size_t k = 0; k < 8 && rows[i].bad[k]; k++) {
            const char *bad = rows[i].bad[k];
            struct settings s;
            struct err e = {0};
            clear_environment();
            snprintf(arg, sizeof arg, "--%s=%s", option, bad);
            int rc = load(&s, ARGS(arg), &e);
            if (rc != HW_EVALIDATION && rc != HW_EUNSUPPORTED) fail_msg("taken: %s", arg);
            assert_string_equal(e.field, env);
            if (!strstr(e.message, env) || !strstr(e.message, bad)) fail_msg("%s: %s", arg, e.message);
            if (rc == HW_EVALIDATION) assert_non_null(strstr(e.message, "accepted is"));
            if (!*bad) continue; // an empty variable is not set
            setenv(env, bad, 1);
            if (load(&s, ARGS("x"), &e) != rc) fail_msg("taken: %s=%s", env, bad);
        }
    }
    clear_environment();
}

static void a_good_value_is_taken_from_either(void **state)
{
    (void)state;
    const char *env, *def, *help;
    char option[64], arg[128];
    for (size_t i = 0; settings_describe(i, &env, option, &def, &help); i++) {
        struct settings s;
        clear_environment();
        snprintf(arg, sizeof arg, "--%s=%s", option, rows[i].good);
        must_load(&s, ARGS(arg));
        settings_release(&s);
        setenv(env, rows[i].good, 1);
        must_load(&s, ARGS("x"));
        settings_release(&s);
    }
    clear_environment();
}

static void the_defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    struct settings s;
    char cwd[512];
    clear_environment();
    must_load(&s, ARGS("x"));
    assert_string_equal(s.listen, "127.0.0.1:8080");
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_memory_equal(s.data, cwd, strlen(cwd));
    assert_string_equal(s.data + strlen(cwd), "/headway-data");
    assert_memory_equal(s.database_url, "sqlite:/", 8);
    assert_non_null(strstr(s.database_url, "/headway-data/headway.db"));
    assert_non_null(strstr(s.task_program, "/headway-task"));
    assert_string_equal(s.allowed_origins, "");
    assert_true(s.monitor_interval_seconds == 2);
    assert_int_equal(s.archive_days, 30);
    assert_int_equal(s.history_retention_days, 90);
    assert_int_equal(s.history_step_percent, 5);
    assert_int_equal(s.history_interval_seconds, 60);
    assert_int_equal(s.pool_size, 20);
    assert_int_equal(s.max_overflow, 40);
    assert_int_equal(s.batch_interval_ms, 0);
    assert_int_equal(s.compression_threshold, 1024);
    assert_int_equal(s.lease_seconds, 15);
    assert_false(s.no_worker);
    assert_null(s.redis_url);
    settings_release(&s);
    settings_release(&s);
}

static void an_option_wins_over_the_environment(void **state)
{
    (void)state;
    struct settings s;
    clear_environment();
    setenv("TRAINING_METRIC_ARCHIVE_DAYS", "7", 1);
    setenv("HEADWAY_LISTEN", "127.0.0.1:1", 1);
    setenv("HEADWAY_NO_WORKER", "true", 1);
    must_load(&s, ARGS("--training-metric-archive-days", "8", "--listen=127.0.0.1:2", "--no-worker=false"));
    assert_int_equal(s.archive_days, 8);
    assert_string_equal(s.listen, "127.0.0.1:2");
    assert_false(s.no_worker);
    settings_release(&s);
    clear_environment();
}

static void what_is_no_setting_is_left_for_the_caller(void **state)
{
    (void)state;
    struct settings s;
    struct err e = {0};
    bool help;
    clear_environment();
    struct argv *a = ARGS("file", "--listen", "127.0.0.1:0", "--unknown=1", "--verbose", "--help", "--", "-x");
    assert_int_equal(settings_load(&s, &a->n, a->v, &help, &e), 0);
    assert_true(help && s.verbose);
    assert_int_equal(a->n, 5);
    assert_string_equal(a->v[0], "serve");
    assert_string_equal(a->v[1], "file");
    assert_string_equal(a->v[2], "--unknown=1");
    assert_null(a->v[a->n]);
    settings_release(&s);
    assert_int_equal(load(&s, ARGS("--lease-seconds"), &e), HW_EVALIDATION);
    assert_non_null(strstr(e.message, "--lease-seconds needs a value"));
}

static void the_help_has_a_line_for_each(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    settings_print_help(f);
    fclose(f);
    const char *env, *def, *help;
    char option[64];
    for (size_t i = 0; settings_describe(i, &env, option, &def, &help); i++) {
        assert_non_null(strstr(text, option));
        assert_non_null(strstr(text, help));
    }
    free(text);
}

static void they_are_told_without_passwords(void **state)
{
    (void)state;
    clear_environment();
    struct settings s;
    struct err e;
    bool help = false;
    struct argv *a = ARGS("--archive-days-of-nobody", "--training-metric-archive-days", "7", "--no-worker",
                          "--database-url", "postgresql://me:hush@host/db", "--system-monitor-interval-seconds", "0.5");
    assert_int_equal(settings_load(&s, &a->n, a->v, &help, &e), 0);
    struct buf out = BUF_INIT;
    struct jw w;
    jw_init(&w, &out);
    settings_write(&w, &s);
    buf_add_char(&out, 0);
    const char *text = out.p;
    assert_non_null(strstr(text, "{\"name\":\"TRAINING_METRIC_ARCHIVE_DAYS\",\"value\":7,\"default\":\"30\","));
    assert_non_null(strstr(text, "{\"name\":\"HEADWAY_NO_WORKER\",\"value\":true,\"default\":null,"));
    assert_non_null(strstr(text, "{\"name\":\"SYSTEM_MONITOR_INTERVAL_SECONDS\",\"value\":0.5,"));
    assert_non_null(strstr(text, "{\"name\":\"HEADWAY_LISTEN\",\"value\":\"127.0.0.1:8080\","));
    assert_non_null(strstr(text, "{\"name\":\"DATABASE_URL\",\"value\":null,"));
    assert_null(strstr(text, "hush"));
    buf_release(&out);
    settings_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_tested_here),
        cmocka_unit_test(a_bad_value_names_the_setting_the_value_and_what_is_accepted),
        cmocka_unit_test(a_good_value_is_taken_from_either),
        cmocka_unit_test(the_defaults_are_those_of_the_contract),
        cmocka_unit_test(an_option_wins_over_the_environment),
        cmocka_unit_test(what_is_no_setting_is_left_for_the_caller),
        cmocka_unit_test(the_help_has_a_line_for_each),
        cmocka_unit_test(they_are_told_without_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
