// What any program may write to a terminal: lines are UTF-8 without control characters, whatever the pieces the bytes
// come in; a bar's numbers fit together; and memory is bounded.
#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "term/progress.h"
#include "term/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct term_screen *screen;
    struct term_progress progress;
    struct buf lines;
};

static void check_text(struct slice text)
{
    assert(utf8_valid(text.p, text.n) && text.n <= 4 * (size_t)TERM_CELLS_MAX);
    for (size_t i = 0; i < text.n; i++) assert((unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f);
}

static void on_line(void *ctx, struct slice text)
{
    struct seen *s = ctx;
    check_text(text);
    buf_add_slice(&s->lines, text);
    buf_add_char(&s->lines, '\n');
}

static void on_row(void *ctx, int64_t row, bool settled, bool redrawn, struct slice text)
{
    struct seen *s = ctx;
    check_text(text);
    term_progress_row(&s->progress, row, settled, redrawn, text, term_screen_top(s->screen));
    struct term_bar b;
    if (!term_progress_take(&s->progress, &b)) return;
    assert(b.done >= 0 && b.total >= -1 && (b.total < 0 || b.done <= b.total) && b.program);
    assert(utf8_valid(b.label, strlen(b.label)));
}

static void run(const uint8_t *data, size_t size, size_t piece, struct seen *s)
{
    *s = (struct seen){0};
    s->screen = term_screen_new((struct term_screen_events){on_line, on_row, s});
    for (size_t at = 0; at < size; at += piece)
        term_screen_feed(s->screen, slice_of(data + at, size - at < piece ? size - at : piece));
    term_screen_finish(s->screen);
    term_screen_finish(s->screen); // nothing is left to give
    term_screen_free(s->screen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole, pieces;
    run(data, size, size ? size : 1, &whole);
    run(data, size, 1, &pieces);
    assert(slice_eq(buf_slice(&whole.lines), buf_slice(&pieces.lines)));
    buf_release(&whole.lines);
    buf_release(&pieces.lines);
    struct term_bar b;
    (void)term_bar_read(slice_of(data, size), &b);
    return 0;
}
