// Bytes of a terminal become lines, and the bars among them progress.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "term/progress.h"
#include "term/screen.h"

struct seen {
    struct term_screen *screen;
    struct term_progress progress;
    struct buf lines; // each with a newline
    struct buf bars;  // "45/100 it [label]" each with a newline
};

static void on_line(void *ctx, struct slice text)
{
    struct seen *s = ctx;
    buf_add_slice(&s->lines, text);
    buf_add_char(&s->lines, '\n');
}

static void on_row(void *ctx, int64_t row, bool settled, bool redrawn, struct slice text)
{
    struct seen *s = ctx;
    term_progress_row(&s->progress, row, settled, redrawn, text, term_screen_top(s->screen));
}

static void begin(struct seen *s)
{
    *s = (struct seen){0};
    s->screen = term_screen_new((struct term_screen_events){on_line, on_row, s});
}

static void feed(struct seen *s, struct slice bytes)
{
    struct term_bar b;
    term_screen_feed(s->screen, bytes);
    if (!term_progress_take(&s->progress, &b)) return;
    buf_addf(&s->bars, "%lld/%lld", (long long)b.done, (long long)b.total);
    if (b.unit[0]) buf_addf(&s->bars, " %s", b.unit);
    if (b.label[0]) buf_addf(&s->bars, " [%s]", b.label);
    buf_add_char(&s->bars, '\n');
}

static void finish(struct seen *s)
{
    term_screen_finish(s->screen);
}

static void end(struct seen *s)
{
    term_screen_free(s->screen);
    buf_release(&s->lines);
    buf_release(&s->bars);
}

static void expect_lines(const char *bytes, const char *lines)
{
    // In one piece, and byte by byte: the same.
    for (int piece = 0; piece < 2; piece++) {
        struct seen s;
        begin(&s);
        if (piece)
            for (const char *p = bytes; *p; p++) feed(&s, slice_of(p, 1));
        else
            feed(&s, slice_str(bytes));
        finish(&s);
        assert_string_equal(buf_cstr(&s.lines), lines);
        end(&s);
    }
}

// ---- lines ---------------------------------------------------------------------------------------------------------

static void plain_lines_come_as_they_are(void **state)
{
    (void)state;
    expect_lines("one\ntwo\r\n\nthree", "one\ntwo\n\nthree\n");
    expect_lines("gr\xc3\xbc\xc3\x9f \xe2\x94\x81 \xf0\x9f\x98\x80\n",
                 "gr\xc3\xbc\xc3\x9f \xe2\x94\x81 \xf0\x9f\x98\x80\n");
    expect_lines("a\tb\n", "a       b\n");
    expect_lines("", "");
}

static void bytes_that_are_no_text_become_replacement_characters(void **state)
{
    (void)state;
    expect_lines("a\xff"
                 "b\n",
                 "a\xef\xbf\xbd"
                 "b\n");
    expect_lines("a\xe2\x94"
                 "b\n",
                 "a\xef\xbf\xbd\xef\xbf\xbd"
                 "b\n");
}

static void a_line_drawn_over_is_one_line(void **state)
{
    (void)state;
    expect_lines("10%\r50%\r100%\ndone\n", "100%\ndone\n");
    expect_lines("abcdef\rxy\n", "xycdef\n");
    expect_lines("abcdef\r\x1b[Kxy\n", "xy\n");
    expect_lines("working |\b/\b-\b done\n", "working  done\n");
    expect_lines("\x1b[2K\r\x1b[1;32mgreen\x1b[0m\n", "green\n");
}

static void colours_titles_and_links_are_no_text(void **state)
{
    (void)state;
    expect_lines("\x1b]0;title\x07"
                 "a\x1b[38;2;1;2;3mb\x1b(B\x1b[m\n",
                 "ab\n");
    expect_lines("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", "link\n");
    expect_lines("\x1b[?25la\x1b[?25h\n", "a\n");
}

static void lines_drawn_over_from_below_come_again_in_their_last_state(void **state)
{
    (void)state;
    expect_lines("a 0%\nb 0%\n\x1b[2Aa 50%\nb 10%\n\x1b[2Aa 100%\nb 100%\nall done\n",
                 "a 0%\nb 0%\na 100%\nb 100%\nall done\n");
}

static void a_full_screen_program_leaves_no_lines(void **state)
{
    (void)state;
    expect_lines("before\n\x1b[?1049h\x1b[1;1Hmenu\nmore\x1b[?1049lafter\n", "before\nafter\n");
    // It scrolls and saves its cursor there, too.
    expect_lines("a\nb\n\x1b[?1049h\x1bM\x1bM\x1b"
                 "7\x1b"
                 "D\x1b[?1049lafter\n",
                 "a\nb\nafter\n");
}

// A keyboard's mode asked for, set and given back: no cursor moves by it.
static void private_sequences_move_nothing(void **state)
{
    (void)state;
    expect_lines("a\nb\n\x1b[?u\x1b[>1uc\n\x1b[<1ud\n\x1b[>4;1me\n", "a\nb\nc\nd\ne\n");
}

static void a_line_without_an_end_comes_in_pieces(void **state)
{
    (void)state;
    struct seen s;
    begin(&s);
    for (int i = 0; i < TERM_CELLS_MAX * 2 + 3; i++) feed(&s, SLICE_LIT("x"));
    finish(&s);
    assert_int_equal(s.lines.n, TERM_CELLS_MAX * 2 + 3 + 3);
    end(&s);
}

// ---- bars ----------------------------------------------------------------------------------------------------------

static void expect_bar(const char *line, const char *wanted)
{
    struct term_bar b;
    char got[200] = "none";
    if (term_bar_read(slice_str(line), &b))
        snprintf(got, sizeof got, "%lld/%lld %s|%s|%s", (long long)b.done, (long long)b.total, b.unit, b.label,
                 b.program);
    if (strcmp(got, wanted) != 0) fail_msg("%s\ngives  %s\nwanted %s", line, got, wanted);
}

static void bars_of_usual_programs(void **state)
{
    (void)state;
    expect_bar(" 45%|\u2588\u2588\u2588\u2588\u258c     | 45/100 [00:04<00:05,  9.9it/s]", "45/100 it||tqdm");
    expect_bar("epoch 3:  45%|####5     | 45/100 [00:04<00:05,  1.01s/it, loss=0.3]", "45/100 it|epoch 3|tqdm");
    expect_bar("  9%|\u2589         | 1.20M/13.4M [00:01<00:10, 1.21MB/s]", "1200000/13400000 bytes||tqdm");
    expect_bar("  0%|          | 0/10 [00:00<?, ?files/s]", "0/10 files||tqdm");
    expect_bar("123it [00:04, 9.90it/s]", "123/-1 it||tqdm without a total");
    expect_bar("Working... \u2501\u2501\u2501\u2501\u2578\u2501\u2501  45% 0:00:05", "45/100 %|Working...|rich");
    expect_bar("     \u2501\u2501\u2501\u2501\u2501\u2501\u2501 12.5/45.0 MB 1.2 MB/s eta 0:00:28",
               "12500000/45000000 bytes||rich");
    expect_bar(" 45/100 \u2501\u2501\u2501\u2501\u2501\u2501 4s 9ms/step - loss: 0.31", "45/100 ||rich");
    expect_bar("45/100 [========>.....................] - ETA: 5s - loss: 0.31", "45/100 ||keras");
    expect_bar(" 45 10.0M   45 4608k    0     0  1200k      0  0:00:08  0:00:03  0:00:05 1200k",
               "4718592/10485760 bytes||curl");
    expect_bar("  0     0    0 12345    0     0   9999      0 --:--:--  0:00:01 --:--:--  9999",
               "12345/-1 bytes||curl");
    expect_bar("######################                                          45.3%", "45/100 %||curl -#");
    expect_bar("file.zip            45%[========>          ]  12.34M  1.2MB/s    eta 5s", "45/100 %|file.zip|wget");
    expect_bar("  1500K .......... .......... .......... .......... .......... 45%  1.2M 3s",
               "45/100 %||wget without a terminal");
    expect_bar("45% [3 libc6 1,234 kB/2,345 kB 52%]", "45/100 %||apt");
    expect_bar("Progress: [ 45%] [##########..............]", "45/100 %||apt");
    expect_bar("[12/34] CC foo.o", "12/34 |CC foo.o|ninja, cmake");
    expect_bar("[ 45%] Building C object x.c.o", "45/100 %|Building C object x.c.o|ninja, cmake");
    expect_bar("Receiving objects:  45% (450/1000), 1.2 MiB | 1.1 MiB/s", "45/100 %||a percentage");
}

static void what_is_no_bar(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",     "hello",  "[INFO] started", "[12/34]",         "took [00:04, later]", "v2.45%x",
        "250%", "45/100", "[a/b] c",        "[34/12] too far", "accuracy|45%|",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct term_bar b;
        if (term_bar_read(slice_str(lines[i]), &b) && b.trust != TERM_BAR_REDRAWN) fail_msg("%s is no bar", lines[i]);
    }
}

static void expect_bars(const char *const *pieces, const char *bars)
{
    struct seen s;
    begin(&s);
    for (; *pieces; pieces++) feed(&s, slice_str(*pieces));
    finish(&s);
    assert_string_equal(buf_cstr(&s.bars), bars);
    end(&s);
}

static void percentages_in_ordinary_text_are_no_progress(void **state)
{
    (void)state;
    const char *const text[] = {"accuracy 12%\n", "accuracy 45%\n", "accuracy 77%\n", "disk 80% full\r", "\n", NULL};
    expect_bars(text, "");
    const char *const shrinking[] = {"free: 90%", "\rfree: 80%", "\rfree: 70%", "\rfree: 60%", NULL};
    expect_bars(shrinking, "");
    const char *const once[] = {"[1/2] first chapter\n", "some text\n", "[1/3] another list\n", NULL};
    expect_bars(once, "");
}

static void a_number_that_grows_in_its_place_is_progress(void **state)
{
    (void)state;
    const char *const git[] = {"Receiving objects:   1% (1/100)", "\rReceiving objects:   2% (2/100)",
                               "\rReceiving objects:   3% (3/100)", "\rReceiving objects: 100% (100/100), done.\n",
                               NULL};
    expect_bars(git, "3/100 %\n100/100 %\n");
    const char *const ninja[] = {"[1/4] CC a.o\n", "[2/4] CC b.o\n", "warning: 3% unused\n", "[3/4] CC c.o\n", NULL};
    expect_bars(ninja, "2/4 [CC b.o]\n3/4 [CC c.o]\n");
}

static void of_nested_bars_the_outer_one_counts(void **state)
{
    (void)state;
    // As tqdm draws them: the inner one a line down, and back up after each drawing.
    const char *const nested[] = {
        "\repochs:   0%|          | 0/3 [00:00<?, ?it/s]",
        "\n\rbatches:   0%|          | 0/9 [00:00<?, ?it/s]\x1b[A",
        "\n\rbatches:  33%|###3      | 3/9 [00:00<00:01, 5it/s]\x1b[A",
        "\n\rbatches:  66%|######6   | 6/9 [00:00<00:01, 5it/s]\x1b[A",
        "\repochs:  33%|###3      | 1/3 [00:02<00:04, 2s/it]",
        "\n\rbatches:   0%|          | 0/9 [00:00<?, ?it/s]",
        "\x1b[A",
        "\n\rbatches:  33%|###3      | 3/9 [00:00<00:01, 5it/s]",
        "\x1b[A",
        "\repochs: 100%|##########| 3/3 [00:06<00:00, 2s/it]\n",
        NULL,
    };
    expect_bars(nested, "0/3 it [epochs]\n1/3 it [epochs]\n3/3 it [epochs]\n");
}

static void a_bar_that_was_left_makes_room_for_the_next(void **state)
{
    (void)state;
    const char *const after[] = {
        "\ra:  50%|#####     | 5/10 [00:00<00:01, 5it/s]", "\nstopped\n",
        "\rb:  10%|#         | 1/10 [00:00<00:01, 5it/s]", "\rb:  20%|##        | 2/10 [00:00<00:01, 5it/s]",
        "\rb:  30%|###       | 3/10 [00:00<00:01, 5it/s]", NULL,
    };
    expect_bars(after, "5/10 it [a]\n3/10 it [b]\n");
    const char *const whole[] = {
        "\ra: 100%|##########| 10/10 [00:00<00:00, 5it/s]\n",
        "\rb:  10%|#         | 1/10 [00:00<00:01, 5it/s]",
        "\rb:  20%|##        | 2/10 [00:00<00:01, 5it/s]",
        "\rb:  30%|###       | 3/10 [00:00<00:01, 5it/s]",
        NULL,
    };
    expect_bars(whole, "10/10 it [a]\n3/10 it [b]\n");
}

static void dpkgs_line_at_the_screens_bottom(void **state)
{
    (void)state;
    const char *const dpkg[] = {
        "Unpacking a\r\n\x1b"
        "7\x1b[24;0f\x1b[42m\x1b[30mProgress: [ 10%]\x1b[49m\x1b[39m [#.........] \x1b"
        "8",
        "Setting up b\r\n\x1b"
        "7\x1b[24;0f\x1b[42m\x1b[30mProgress: [ 20%]\x1b[49m\x1b[39m [##........] \x1b"
        "8",
        "Setting up c\r\n\x1b"
        "7\x1b[24;0f\x1b[42m\x1b[30mProgress: [ 30%]\x1b[49m\x1b[39m [###.......] \x1b"
        "8",
        NULL,
    };
    struct seen s;
    begin(&s);
    for (int i = 0; dpkg[i]; i++) feed(&s, slice_str(dpkg[i]));
    finish(&s);
    assert_string_equal(buf_cstr(&s.lines), "Unpacking a\nSetting up b\nSetting up c\n");
    assert_string_equal(buf_cstr(&s.bars), "30/100 %\n");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines_come_as_they_are),
        cmocka_unit_test(bytes_that_are_no_text_become_replacement_characters),
        cmocka_unit_test(a_line_drawn_over_is_one_line),
        cmocka_unit_test(colours_titles_and_links_are_no_text),
        cmocka_unit_test(lines_drawn_over_from_below_come_again_in_their_last_state),
        cmocka_unit_test(a_full_screen_program_leaves_no_lines),
        cmocka_unit_test(private_sequences_move_nothing),
        cmocka_unit_test(a_line_without_an_end_comes_in_pieces),
        cmocka_unit_test(bars_of_usual_programs),
        cmocka_unit_test(what_is_no_bar),
        cmocka_unit_test(percentages_in_ordinary_text_are_no_progress),
        cmocka_unit_test(a_number_that_grows_in_its_place_is_progress),
        cmocka_unit_test(of_nested_bars_the_outer_one_counts),
        cmocka_unit_test(a_bar_that_was_left_makes_room_for_the_next),
        cmocka_unit_test(dpkgs_line_at_the_screens_bottom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
