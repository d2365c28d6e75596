// Numbers for people, and jobs as lines where there is no terminal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "cli/progress_view.h"

static void expect(char *(*format)(double, char *), double v, const char *want)
{
    char out[32];
    assert_ptr_equal(format(v, out), out);
    assert_string_equal(out, want);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        double s;
        const char *text;
    } some[] = {{0, "0.0 s"},          {1.25, "1.2 s"},      {9.94, "9.9 s"},     {9.96, "10 s"},
                {59.4, "59 s"},        {99.4, "99 s"},       {99.6, "1 m 39 s"},  {125, "2 m 05 s"},
                {3599.9, "59 m 59 s"}, {3600, "1 h 00 m"},   {11520, "3 h 12 m"}, {86399, "23 h 59 m"},
                {86400, "1 d 00 h"},   {200000, "2 d 07 h"}, {-1, "-"},           {NAN, "-"},
                {INFINITY, "-"},       {1e300, "-"}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) expect(format_duration, some[i].s, some[i].text);
}

static void counts(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } some[] = {{0, "0"},         {7, "7"},           {999.4, "999"},    {999.6, "1.00k"},
                {1000, "1.00k"},  {9994, "9.99k"},    {9996, "10.0k"},   {12345, "12.3k"},
                {99960, "100k"},  {999400, "999k"},   {999600, "1.00M"}, {-1500, "-1.50k"},
                {4.2e9, "4.20G"}, {1e18, "1000000T"}, {NAN, "-"},        {INFINITY, "-"}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) expect(format_count, some[i].v, some[i].text);
}

static void bytes(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } some[] = {{0, "0 B"},         {1023, "1023 B"},       {1024, "1.00 KiB"},
                {1536, "1.50 KiB"}, {104857600, "100 MiB"}, {1099511627776, "1.00 TiB"},
                {NAN, "-"}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) expect(format_bytes, some[i].v, some[i].text);
}

static void progress_is_a_hundred_at_the_end_only(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } some[] = {{0, "0.0 %"},     {62.4, "62.4 %"},   {42.25, "42.2 %"}, {99.96, "99.9 %"}, {99.99, "99.9 %"},
                {100, "100.0 %"}, {1e300, "100.0 %"}, {-5, "0.0 %"},     {NAN, "–"}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) expect(format_progress, some[i].v, some[i].text);
}

// What a view prints to a file, for one job given as JSON.
static char *printed(const char *job)
{
    char *text = NULL;
    size_t n;
    FILE *f = tmpfile();
    assert_non_null(f);
    struct progress_view *v = progress_view_new(f);
    json_t *o = json_read_object(slice_str(job), NULL);
    assert_non_null(o);
    progress_view_update(v, o);
    progress_view_finish(v);
    progress_view_free(v);
    json_decref(o);
    n = (size_t)ftell(f);
    rewind(f);
    text = calloc(1, n + 1);
    assert_int_equal(fread(text, 1, n, f), n);
    fclose(f);
    return text;
}

static void a_running_job_is_a_line(void **state)
{
    (void)state;
    char *t = printed("{\"id\":\"job_a\",\"kind\":\"extract\",\"status\":\"running\",\"phase\":\"extracting\","
                      "\"phase_index\":2,\"phase_count\":3,\"progress\":42.25,\"done\":512,\"total\":4096,"
                      "\"unit\":\"samples\",\"rate\":100,\"eta_low\":30,\"eta_high\":40}");
    assert_non_null(strstr(t, " 42.2 %"));
    assert_non_null(strstr(t, "extracting 2/3"));
    assert_non_null(strstr(t, "512/4.10k samples"));
    assert_non_null(strstr(t, "100/s"));
    assert_non_null(strstr(t, "30 s–40 s left"));
    free(t);
}

static void what_is_not_known_is_not_made_up(void **state)
{
    (void)state;
    char *t = printed("{\"id\":\"job_a\",\"kind\":\"command\",\"status\":\"running\",\"progress\":null,\"rate\":null}");
    assert_null(strstr(t, "%"));
    assert_null(strstr(t, "left"));
    assert_non_null(strstr(t, "–"));
    free(t);
}

static void a_jobs_words_do_not_steer_the_terminal(void **state)
{
    (void)state;
    char *t = printed("{\"id\":\"job_a\",\"name\":\"a\\u001b[2Jb\",\"status\":\"failed\","
                      "\"error_message\":\"one\\ntwo\\u001b]0;x\\u0007\"}");
    assert_null(strchr(t, '\x1b'));
    assert_null(strchr(t, '\x07'));
    assert_ptr_equal(strchr(t, '\n'), t + strlen(t) - 1);
    assert_non_null(strstr(t, "failed: one two"));
    free(t);
}

static void numbers_out_of_all_bounds_are_survived(void **state)
{
    (void)state;
    static const char *const jobs[] = {
        "{\"id\":\"a\",\"status\":\"running\",\"progress\":1e300,\"phase_index\":1e300,\"phase_count\":1e300,\"total\":"
        "1e300,"
        "\"done\":-1e300,\"rate\":1e300,\"eta_low\":1e300,\"eta_high\":1e300}",
        "{\"id\":\"a\",\"status\":\"running\",\"progress\":-50,\"phase_index\":-1,\"phase_count\":-1}",
        "{\"id\":\"a\",\"status\":7,\"progress\":\"x\",\"phase_index\":null,\"error_message\":[]}",
    };
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) free(printed(jobs[i]));
}

static void a_view_knows_whether_something_still_runs(void **state)
{
    (void)state;
    struct progress_view *v = progress_view_new(stderr);
    assert_false(progress_view_active(v));
    static const char *const statuses[] = {"queued", "starting", "running", "paused", "stalled", "cancelling"};
    static const char *const ends[] = {"completed", "failed", "cancelled"};
    for (size_t i = 0; i < 6; i++) {
        json_t *o = json_pack("{s:s,s:s}", "job_id", "a", "status", statuses[i]);
        progress_view_update(v, o);
        assert_true(progress_view_active(v));
        assert_string_equal(progress_view_status(v, "a"), statuses[i]);
        json_decref(o);
    }
    for (size_t i = 0; i < 3; i++) {
        json_t *o = json_pack("{s:s,s:s,s:s}", "id", "a", "status", ends[i], "error_message", "why");
        progress_view_update(v, o);
        assert_false(progress_view_active(v));
        assert_string_equal(progress_view_error(v, "a"), "why");
        json_decref(o);
    }
    assert_string_equal(progress_view_status(v, "none"), "");
    progress_view_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(counts),
        cmocka_unit_test(bytes),
        cmocka_unit_test(progress_is_a_hundred_at_the_end_only),
        cmocka_unit_test(a_running_job_is_a_line),
        cmocka_unit_test(what_is_not_known_is_not_made_up),
        cmocka_unit_test(a_jobs_words_do_not_steer_the_terminal),
        cmocka_unit_test(numbers_out_of_all_bounds_are_survived),
        cmocka_unit_test(a_view_knows_whether_something_still_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
