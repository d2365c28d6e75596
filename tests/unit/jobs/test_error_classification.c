// Why a job failed, from what is known of its end; and what to try next.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "jobs/errors.h"

static struct job_failure classify(struct job_exit x)
{
    struct job_failure f;
    job_classify(&x, &f);
    assert_true(f.message[0] != 0);
    return f;
}

static void of_stderr(const char *text, const char *type)
{
    struct job_failure f = classify((struct job_exit){.code = 1, .last_stderr = text});
    if (strcmp(f.type, type) != 0) fail_msg("\"%s\" is %s, not %s", text, f.type, type);
}

static void classify_oom_error(void **state)
{
    (void)state;
    of_stderr("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "OOM");
    of_stderr("MemoryError\n", "OOM");
    of_stderr("terminate called after throwing an instance of 'std::bad_alloc'", "OOM");
    struct job_failure f = classify((struct job_exit){.signal = SIGKILL, .oom_killed = true});
    assert_string_equal(f.type, "OOM");
    f = classify((struct job_exit){.code = 1, .error_type = "oom", .error_message = "no room"});
    assert_string_equal(f.type, "OOM");
    assert_string_equal(f.message, "no room");
    // A SIGKILL alone may have been anybody's.
    f = classify((struct job_exit){.signal = SIGKILL});
    assert_string_equal(f.type, "UNKNOWN");
    assert_non_null(strstr(f.message, "SIGKILL"));
}

static void classify_validation_error(void **state)
{
    (void)state;
    of_stderr("ValueError: k must be positive", "VALIDATION");
    struct job_failure f =
        classify((struct job_exit){.code = 1, .error_type = "VALIDATION", .error_message = "k is too large"});
    assert_string_equal(f.type, "VALIDATION");
}

static void classify_timeout_error(void **state)
{
    (void)state;
    of_stderr("TimeoutError: it took too long", "TIMEOUT");
    assert_string_equal(classify((struct job_exit){.signal = SIGTERM, .timed_out = true}).type, "TIMEOUT");
}

static void classify_unknown_error(void **state)
{
    (void)state;
    struct job_failure f = classify((struct job_exit){.code = 42});
    assert_string_equal(f.type, "UNKNOWN");
    assert_string_equal(f.message, "exited with status 42");
    f = classify((struct job_exit){.code = 1, .last_stderr = "first\n\nlast words \n\n"});
    assert_string_equal(f.message, "exited with status 1: last words");
    f = classify((struct job_exit){.signal = SIGSEGV, .last_stderr = "boom"});
    assert_string_equal(f.type, "UNKNOWN");
    assert_string_equal(f.message, "ended by signal 11 (SIGSEGV); last words: boom");
    f = classify((struct job_exit){.code = 1, .error_type = "SOMETHING", .error_message = "odd"});
    assert_string_equal(f.type, "UNKNOWN");
    f = classify((struct job_exit){.code = 1, .error_type = "OOM"});
    assert_string_equal(f.message, "the job gave no message");
}

static void classify_network_disk_and_missing_things(void **state)
{
    (void)state;
    of_stderr("curl: (6) Could not resolve host: example.org", "NETWORK");
    of_stderr("ConnectionError: Connection refused", "NETWORK");
    of_stderr("OSError: [Errno 110] Connection timed out", "NETWORK"); // not the job's own time limit
    of_stderr("OSError: [Errno 28] No space left on device", "DISK_FULL");
    of_stderr("FileNotFoundError: x", "NOT_FOUND");
    assert_string_equal(classify((struct job_exit){.code = 127}).type, "NOT_FOUND");
}

static void never_again_21_a_lost_worker_is_told_as_such(void **state)
{
    (void)state;
    struct job_failure f = classify((struct job_exit){.worker_lost = true, .last_stderr = "out of memory"});
    assert_string_equal(f.type, "WORKER_LOST");
}

static void the_jobs_own_words_count_more_than_guesses(void **state)
{
    (void)state;
    struct job_failure f = classify((struct job_exit){
        .code = 1, .error_type = "DISK_FULL", .error_message = "full", .last_stderr = "CUDA out of memory"});
    assert_string_equal(f.type, "DISK_FULL");
    f = classify((struct job_exit){.code = 1, .error_message = "CUDA out of memory"});
    assert_string_equal(f.type, "OOM");
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct job_failure f = classify((struct job_exit){.code = 1, .last_stderr = text});
    assert_int_equal(strlen(f.message), sizeof f.message - 1);
    f = classify((struct job_exit){.code = 1, .error_type = text, .error_message = text});
    assert_int_equal(strlen(f.message), sizeof f.message - 1);
}

static int64_t suggested(const char *type, const char *params)
{
    json_t *p = json_read(slice_str(params), NULL), *s = job_suggest_retry(type, p);
    int64_t v = s ? json_integer_value(json_object_get(s, "batch_size")) : -1;
    json_decref(s);
    json_decref(p);
    return v;
}

static void suggest_retry_params_for_oom(void **state)
{
    (void)state;
    assert_int_equal(suggested("OOM", "{\"batch_size\":8}"), 4);
    assert_int_equal(suggested("OOM", "{\"batch_size\":3}"), 1);
    assert_int_equal(suggested("OOM", "{\"batch_size\":1}"), -1); // never below 1
    assert_int_equal(suggested("TIMEOUT", "{\"batch_size\":1024}"), 512);
    assert_int_equal(suggested("OOM", "{}"), -1);
    assert_int_equal(suggested("OOM", "{\"batch_size\":\"8\"}"), -1);
    assert_int_equal(suggested("VALIDATION", "{\"batch_size\":8}"), -1);
    assert_int_equal(suggested("UNKNOWN", "{\"batch_size\":8}"), -1);
    assert_null(job_suggest_retry("OOM", NULL));
}

static void suggests(const char *type, const char *params, const char *want)
{
    json_t *p = json_read(slice_str(params), NULL), *s = job_suggest_retry(type, p);
    json_t *w = want ? json_read(slice_str(want), NULL) : NULL;
    bool same = (!s && !w) || json_equal(s, w);
    char *text = s ? json_dumps(s, JSON_COMPACT) : NULL;
    if (!same) fail_msg("%s suggests %s, not %s", params, text ? text : "nothing", want ? want : "nothing");
    free(text);
    json_decref(w);
    json_decref(s);
    json_decref(p);
}

static void every_batch_size_is_halved_whatever_it_is_called(void **state)
{
    (void)state;
    suggests("OOM", "{\"per_device_train_batch_size\":8,\"per_device_eval_batch_size\":1,\"lr\":2}",
             "{\"per_device_train_batch_size\":4}");
    // Within an object: the whole member, because a retry puts it in the place of the one that was.
    suggests("OOM", "{\"training\":{\"batch_size\":6,\"steps\":100},\"model\":{\"layers\":4}}",
             "{\"training\":{\"batch_size\":3,\"steps\":100}}");
    // Among a command's words.
    suggests("OOM", "{\"command\":[\"python\",\"t.py\",\"--batch-size\",\"32\",\"--steps\",\"100\"]}",
             "{\"command\":[\"python\",\"t.py\",\"--batch-size\",\"16\",\"--steps\",\"100\"]}");
    suggests("TIMEOUT", "{\"command\":[\"t\",\"--per_device_train_batch_size=5\",\"data.batch_size=2\"]}",
             "{\"command\":[\"t\",\"--per_device_train_batch_size=2\",\"data.batch_size=1\"]}");
    // Nothing to halve, or nothing that is known to be one.
    suggests("OOM", "{\"command\":[\"t\",\"--batch-size\",\"1\"]}", NULL);
    suggests("OOM", "{\"command\":[\"t\",\"--batch-size\"]}", NULL);
    suggests("OOM", "{\"command\":[\"t\",\"--batch-size\",\"auto\",\"--batch-size=3.5\",\"batch_size\",\"8\"]}", NULL);
    suggests("OOM", "{\"context_length\":2048,\"n_features\":4096,\"minibatch_sizes\":8}", NULL);
    suggests("NETWORK", "{\"batch_size\":8}", NULL);
    suggests("OOM", "[{\"batch_size\":8}]", NULL);
}

static void the_kernels_count_tells_what_the_program_could_not(void **state)
{
    (void)state;
    // A child of it was killed for memory, and all it knows is that something failed.
    struct job_failure f = classify((struct job_exit){
        .code = 1, .oom_killed = true, .error_type = "UNKNOWN", .error_message = "a data loader worker exited"});
    assert_string_equal(f.type, "OOM");
    assert_string_equal(f.message, "a data loader worker exited");
    // What it says itself counts more.
    f = classify((struct job_exit){.code = 1, .oom_killed = true, .error_type = "DISK_FULL", .error_message = "full"});
    assert_string_equal(f.type, "DISK_FULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classify_oom_error),
        cmocka_unit_test(classify_validation_error),
        cmocka_unit_test(classify_timeout_error),
        cmocka_unit_test(classify_unknown_error),
        cmocka_unit_test(classify_network_disk_and_missing_things),
        cmocka_unit_test(never_again_21_a_lost_worker_is_told_as_such),
        cmocka_unit_test(the_jobs_own_words_count_more_than_guesses),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(suggest_retry_params_for_oom),
        cmocka_unit_test(every_batch_size_is_halved_whatever_it_is_called),
        cmocka_unit_test(the_kernels_count_tells_what_the_program_could_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
