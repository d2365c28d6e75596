// A model's download: bytes over the sum of the files' sizes, and an event at each percent.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/progress_download.h"

static const int64_t S = 1000000, MB = 1000000;

static void monitor_start(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    struct emission e = EMISSION_INIT;
    progress_init(&p, true);
    assert_int_equal(download_total(&d), -1); // no file is known yet
    assert_false(download_over(&d));
    download_add(&d, 10 * MB);
    download_add(&d, 30 * MB);
    download_report(&d, &p, S);
    assert_true(p.percent == 0);
    assert_int_equal(p.total, 40 * MB);
    assert_string_equal(p.unit, "bytes");
    assert_true(emission_due(&e, &p, S)); // the start is told
    assert_false(emission_due(&e, &p, S));
    download_release(&d);
}

static void calculates_percentage(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    progress_init(&p, true);
    int a = download_add(&d, 10 * MB), b = download_add(&d, 30 * MB);
    download_bytes(&d, a, 10 * MB);
    download_report(&d, &p, S);
    assert_true(p.percent == 25);
    download_bytes(&d, b, 15 * MB);
    download_report(&d, &p, 2 * S);
    assert_true(p.percent == 62.5);
    // It broke, and the file began anew: counted as it is, and shown as it was.
    download_bytes(&d, b, 1 * MB);
    download_report(&d, &p, 3 * S);
    assert_int_equal(p.done, 11 * MB);
    assert_true(p.percent == 62.5);
    assert_true(isnan(progress_eta(&p).seconds));
    download_release(&d);
}

static void stops_on_completion(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    struct emission e = EMISSION_INIT;
    progress_init(&p, true);
    int a = download_add(&d, 10 * MB);
    download_bytes(&d, a, 10 * MB);
    download_report(&d, &p, S);
    assert_true(p.percent < 100); // the bytes are there; that it is complete is said by its end
    assert_false(download_over(&d));
    download_finished(&d, a);
    assert_true(download_over(&d));
    assert_true(emission_due(&e, &p, S));
    progress_complete(&p);
    assert_true(p.percent == 100);
    assert_true(emission_due(&e, &p, S + 1));
    // Never again 29: after the end nothing is told any more, however long it lasts.
    for (int i = 0; i < 100; i++) assert_false(emission_due(&e, &p, (i + 2) * S));
    download_release(&d);
}

static void handles_missing_files(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    progress_init(&p, true);
    int a = download_add(&d, 10 * MB), b = download_add(&d, 30 * MB), c = download_add(&d, -1);
    download_bytes(&d, a, 5 * MB);
    download_report(&d, &p, S);
    assert_true(p.percent == 0); // a size isn't known: no number is made up
    assert_int_equal(p.total, -1);
    assert_int_equal(p.done, 5 * MB);
    download_missing(&d, c); // there is none: now the whole is known
    download_report(&d, &p, 2 * S);
    assert_true(p.percent == 12.5);
    download_missing(&d, b);
    download_report(&d, &p, 3 * S);
    assert_true(p.percent == 50);
    assert_false(download_over(&d));
    download_bytes(&d, a, 10 * MB);
    download_finished(&d, a);
    assert_true(download_over(&d));
    download_release(&d);
    // Nothing but missing files: no division by nothing.
    progress_init(&p, true);
    download_missing(&d, download_add(&d, 3));
    download_report(&d, &p, S);
    assert_true(p.percent == 0);
    assert_true(download_over(&d));
    download_release(&d);
}

static void emits_at_1_percent_intervals(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    struct emission e = EMISSION_INIT;
    progress_init(&p, true);
    int a = download_add(&d, 100 * MB);
    // Fast: a tenth of a percent each 10 ms.
    int sent = 0;
    for (int i = 0; i <= 1000; i++) {
        download_bytes(&d, a, i * MB / 10);
        download_report(&d, &p, S + i * S / 100);
        if (!emission_due(&e, &p, S + i * S / 100)) continue;
        assert_true(i == 0 || fabs(p.percent - sent) < 1e-9 || i == 1000);
        sent++;
    }
    assert_int_equal(sent, 100); // 0 to 99; 100 is for completion
    progress_complete(&p);
    assert_true(emission_due(&e, &p, 20 * S));
    download_release(&d);
}

static void emits_every_2_s_while_bytes_move(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    struct emission e = EMISSION_INIT;
    progress_init(&p, true);
    int a = download_add(&d, 1000000 * MB);
    int sent = 0;
    int64_t last = 0;
    // Slow: 10 s of it are nothing beside a percent.
    for (int i = 0; i <= 100; i++) {
        int64_t now = S + i * S / 10;
        download_bytes(&d, a, i * 1000);
        download_report(&d, &p, now);
        if (!emission_due(&e, &p, now)) continue;
        assert_true(sent == 0 || now - last == 2 * S);
        last = now;
        sent++;
    }
    assert_int_equal(sent, 6);
    // It stands still: nothing to tell.
    for (int i = 0; i < 100; i++) {
        download_report(&d, &p, (20 + i) * S);
        assert_false(emission_due(&e, &p, (20 + i) * S));
    }
    // Of unknown size, too.
    download_size(&d, a, -1);
    download_bytes(&d, a, 200000);
    download_report(&d, &p, 200 * S);
    assert_true(emission_due(&e, &p, 200 * S));
    download_release(&d);
}

static void never_again_37_what_is_on_disk_counts_and_is_no_pace(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    progress_init(&p, true);
    int a = download_add(&d, 100 * MB);
    download_found(&d, a, 60 * MB);
    for (int i = 0; i <= 10; i++) {
        download_bytes(&d, a, 60 * MB + i * MB);
        download_report(&d, &p, (i + 1) * S);
    }
    assert_true(p.percent == 70);
    assert_true(fabs(rate_value(&p.rate) - 1e6) < 1);
    assert_true(fabs(progress_eta(&p).seconds - 30) < 0.1);
    // A second file whose beginning is found only when its turn comes.
    int b = download_add(&d, 100 * MB);
    download_found(&d, b, 80 * MB);
    for (int i = 11; i <= 20; i++) {
        download_bytes(&d, a, 60 * MB + i * MB);
        download_report(&d, &p, (i + 1) * S);
    }
    assert_true(p.percent == 80);
    assert_true(fabs(rate_value(&p.rate) - 1e6) < 1);
    assert_true(fabs(progress_eta(&p).seconds - 40) < 0.1);
    download_release(&d);
}

static void sizes_that_were_wrong_or_come_late(void **state)
{
    (void)state;
    struct download d = DOWNLOAD_INIT;
    struct progress p;
    progress_init(&p, false);
    int a = download_add(&d, -1);
    download_bytes(&d, a, MB);
    download_report(&d, &p, S);
    assert_true(isnan(p.percent));
    download_size(&d, a, 2 * MB);
    download_report(&d, &p, 2 * S);
    assert_true(p.percent == 50);
    download_bytes(&d, a, 3 * MB); // longer than was said
    download_report(&d, &p, 3 * S);
    assert_int_equal(p.total, 3 * MB);
    assert_true(p.percent < 100);
    download_finished(&d, a);
    assert_int_equal(download_total(&d), 3 * MB);
    download_release(&d);
}

static void says_which_file_and_reads_it_again(void **state)
{
    (void)state;
    char message[DOWNLOAD_MESSAGE_SIZE];
    int i, n;
    download_message(message, 2, 5, "onnx/model: 1 of 2.safetensors");
    assert_string_equal(message, "file 2 of 5: onnx/model: 1 of 2.safetensors");
    assert_string_equal(download_message_file(message, &i, &n), "onnx/model: 1 of 2.safetensors");
    assert_int_equal(i, 2);
    assert_int_equal(n, 5);
    static const char *const others[] = {"",
                                         "file",
                                         "file 2 of 5",
                                         "file 2 of 5: ",
                                         "file 0 of 5: x",
                                         "file 6 of 5: x",
                                         "file -1 of 5: x",
                                         "file 2 von 5: x",
                                         "waiting",
                                         "file 99999999 of 5: x"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        assert_null(download_message_file(others[k], &i, &n));
        assert_int_equal(i, -1);
    }
    assert_null(download_message_file(NULL, &i, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monitor_start),
        cmocka_unit_test(calculates_percentage),
        cmocka_unit_test(stops_on_completion),
        cmocka_unit_test(handles_missing_files),
        cmocka_unit_test(emits_at_1_percent_intervals),
        cmocka_unit_test(says_which_file_and_reads_it_again),
        cmocka_unit_test(emits_every_2_s_while_bytes_move),
        cmocka_unit_test(never_again_37_what_is_on_disk_counts_and_is_no_pace),
        cmocka_unit_test(sizes_that_were_wrong_or_come_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
