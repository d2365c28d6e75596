// What a program that is run gets, and what its job says of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "run/environment.h"

static const char *value(char **env, const char *name)
{
    const char *found = NULL;
    size_t n = strlen(name);
    for (size_t i = 0; env[i]; i++) {
        if (strncmp(env[i], name, n) != 0 || env[i][n] != '=') continue;
        assert_null(found); // once
        found = env[i] + n + 1;
    }
    return found;
}

static void the_callers_environment_with_ours_in_place(void **state)
{
    (void)state;
    assert_int_equal(setenv("HEADWAY_FD", "9", 1), 0);
    assert_int_equal(setenv("HEADWAY_JOB_ID", "job_outer", 1), 0);
    assert_int_equal(setenv("HEADWAY_ATTEMPT", "2", 1), 0);
    assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", "3", 1), 0);
    assert_int_equal(setenv("ITS_OWN", "kept", 1), 0);
    struct environment x = {.wire_fd = 4, .server_url = "http://h:1", .job_id = "job_inner", .gpu = "0"};
    char **env = environment_make(&x);
    assert_string_equal(value(env, "HEADWAY_FD"), "4");
    assert_string_equal(value(env, "HEADWAY_URL"), "http://h:1");
    assert_string_equal(value(env, "HEADWAY_JOB_ID"), "job_inner");
    assert_string_equal(value(env, "CUDA_VISIBLE_DEVICES"), "0");
    assert_string_equal(value(env, "ITS_OWN"), "kept");
    assert_null(value(env, "HEADWAY_ATTEMPT"));
    environment_free(env);
    // A job that isn't known yet isn't the outer one.
    x = (struct environment){.wire_fd = -1, .server_url = "http://h:1"};
    env = environment_make(&x);
    assert_null(value(env, "HEADWAY_JOB_ID"));
    assert_null(value(env, "HEADWAY_FD"));
    assert_string_equal(value(env, "CUDA_VISIBLE_DEVICES"), "3");
    environment_free(env);
}

static json_t *job(char *const *argv, const char *name, const char *gpu)
{
    struct buf text = BUF_INIT;
    struct err e = {0};
    environment_job(&text, argv, name, gpu);
    json_t *o = json_read_object(buf_slice(&text), &e);
    if (!o) fail_msg("%s", e.message);
    buf_release(&text);
    return o;
}

static const char *text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void a_job_is_called_like_its_command(void **state)
{
    (void)state;
    char program[] = "/usr/bin/python3", file[] = "train.py", option[] = "--lr", rate[] = "0.1";
    char *const argv[] = {program, file, option, rate, NULL};
    json_t *a = job(argv, NULL, NULL), *b = job(argv, "mine", "0");
    assert_string_equal(text_of(a, "name"), "python3 train.py --lr 0.1");
    assert_string_equal(text_of(a, "resource_class"), "cpu");
    assert_int_equal(json_array_size(json_object_get(json_object_get(a, "params"), "command")), 4);
    assert_string_equal(text_of(b, "name"), "mine");
    assert_string_equal(text_of(b, "resource_class"), "gpu");
    assert_string_not_equal(text_of(a, "idempotency_key"), text_of(b, "idempotency_key"));
    json_decref(a);
    json_decref(b);
}

static void a_long_command_and_bytes_that_are_no_text_make_a_sound_job(void **state)
{
    (void)state;
    enum { LONG = 200000 };
    char *word = malloc(LONG + 1);
    assert_non_null(word);
    for (int i = 0; i < LONG; i += 2) memcpy(word + i, "\xc3\xa9", 2);
    word[LONG] = 0;
    char program[] = "x", no_text[] = "\xff\xfe", last[] = "last";
    char *const argv[] = {program, no_text, word, last, NULL};
    json_t *o = job(argv, NULL, NULL);
    assert_true(strlen(text_of(o, "name")) <= 90);
    assert_int_equal(json_array_size(json_object_get(json_object_get(o, "params"), "command")), 3); // and "…"
    json_decref(o);
    free(word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_callers_environment_with_ours_in_place),
        cmocka_unit_test(a_job_is_called_like_its_command),
        cmocka_unit_test(a_long_command_and_bytes_that_are_no_text_make_a_sound_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
