// Bytes captured from real programs (tests/unit/term/captured): the progress that is seen in them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "term/progress.h"
#include "term/screen.h"

#define CAPTURED "tests/unit/term/captured/"

struct seen {
    struct term_screen *screen;
    struct term_progress progress;
    int lines, bars;
    struct term_bar last;
};

static void on_line(void *ctx, struct slice text)
{
    (void)text;
    ((struct seen *)ctx)->lines++;
}

static void on_row(void *ctx, int64_t row, bool settled, bool redrawn, struct slice text)
{
    struct seen *s = ctx;
    term_progress_row(&s->progress, row, settled, redrawn, text, term_screen_top(s->screen));
}

static void take(struct seen *s, const char *file)
{
    struct term_bar b;
    if (!term_progress_take(&s->progress, &b)) return;
    if (s->bars && (b.done < s->last.done || b.total != s->last.total))
        fail_msg("%s goes from %lld/%lld to %lld/%lld", file, (long long)s->last.done, (long long)s->last.total,
                 (long long)b.done, (long long)b.total);
    s->last = b;
    s->bars++;
}

static struct seen watch(const char *file, size_t piece)
{
    struct seen s = {0};
    struct buf bytes = BUF_INIT;
    struct err e = {0};
    char path[128];
    snprintf(path, sizeof path, CAPTURED "%s", file);
    if (file_read(path, 1 << 20, &bytes, &e) != 0) fail_msg("%s", e.message);
    s.screen = term_screen_new((struct term_screen_events){on_line, on_row, &s});
    for (size_t at = 0; at < bytes.n; at += piece) {
        term_screen_feed(s.screen, slice_of(bytes.p + at, bytes.n - at < piece ? bytes.n - at : piece));
        take(&s, file);
    }
    term_screen_finish(s.screen);
    take(&s, file);
    term_screen_free(s.screen);
    buf_release(&bytes);
    return s;
}

static void what_real_programs_draw(void **state)
{
    (void)state;
    static const struct {
        const char *file, *program, *unit;
        int64_t total;
        int least, lines; // updates at least, when looked at every few bytes; lines of log at most
    } rows[] = {
        {"curl", "curl", "bytes", 29989273, 3, 3},
        {"curl-hashes", "curl -#", "%", 100, 8, 1},
        {"wget", "wget", "%", 100, 10, 12},
        {"wget-plain", "wget without a terminal", "%", 100, 10, 70},
        {"pip", "rich", "bytes", 6000000, 20, 6},
        {"ninja", "ninja, cmake", "", 8, 5, 1},
        {"ninja-plain", "ninja, cmake", "", 8, 5, 8},
        {"rich", "rich", "%", 100, 5, 5},
        {"nested", "tqdm", "it", 3, 4, 4},
    };
    static const size_t pieces[] = {13, 64, 500, 4096};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            struct seen s = watch(rows[i].file, pieces[k]);
            const struct term_bar *b = &s.last;
            if (s.bars < (k == 0 ? rows[i].least : 1)) fail_msg("%s: %d updates", rows[i].file, s.bars);
            if (b->done != b->total || b->total != rows[i].total) // it was watched to its end
                fail_msg("%s: ends at %lld/%lld", rows[i].file, (long long)b->done, (long long)b->total);
            assert_string_equal(b->unit, rows[i].unit);
            assert_string_equal(b->program, rows[i].program);
            if (s.lines > rows[i].lines) fail_msg("%s: %d lines of log", rows[i].file, s.lines);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_real_programs_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
