#include "term/screen.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { PARAMS_MAX = 8, PARAM_LIMIT = 9999, TAB = 8 };

struct row {
    uint32_t *cells;
    int n, cap;
    bool touched; // since it was last shown
    bool drawn;   // since it was last shown as settled
    bool redrawn;
    bool ended;   // it was given as a line
    bool changed; // since then
};

enum state {
    GROUND,
    ESCAPE,
    ESCAPE_MORE, // one more byte belongs to it: a character set
    CSI,
    STRING, // OSC and the like, up to BEL or ST
    STRING_ESCAPE,
};

struct term_screen {
    struct term_screen_events ev;
    struct row rows[TERM_ROWS_MAX]; // [0, n): the last ones, oldest first
    int n;
    int64_t first;    // number of rows[0]
    struct row fixed; // what is drawn at absolute places, a line of status mostly
    bool in_fixed;
    int at, col; // the cursor: index into rows
    int64_t top; // the highest row that it has been in since term_screen_top
    int64_t saved_row;
    int saved_col;
    bool saved_fixed;
    bool alternate;
    enum state state;
    bool private;
    int params[PARAMS_MAX], n_params;
    char partial[4]; // the beginning of a character
    size_t n_partial;
    struct buf text;
};

struct term_screen *term_screen_new(struct term_screen_events events)
{
    struct term_screen *s = mem_zalloc(sizeof *s);
    s->ev = events;
    s->n = 1;
    return s;
}

void term_screen_free(struct term_screen *s)
{
    if (!s) return;
    for (int i = 0; i < TERM_ROWS_MAX; i++) free(s->rows[i].cells);
    free(s->fixed.cells);
    buf_release(&s->text);
    free(s);
}

int64_t term_screen_top(struct term_screen *s)
{
    int64_t top = s->top;
    s->top = s->first + s->at;
    return top;
}

// ---- rows ---------------------------------------------------------------------------------------------------------

static struct row *here(struct term_screen *s)
{
    return s->in_fixed ? &s->fixed : &s->rows[s->at];
}

static struct slice text_of(struct term_screen *s, const struct row *r)
{
    int n = r->n;
    while (n && (r->cells[n - 1] == ' ' || r->cells[n - 1] == 0)) n--;
    buf_clear(&s->text);
    for (int i = 0; i < n; i++) {
        char bytes[4];
        uint32_t c = r->cells[i] ? r->cells[i] : ' ';
        buf_add(&s->text, bytes, utf8_encode(c, bytes));
    }
    return buf_slice(&s->text);
}

static int64_t number_of(const struct term_screen *s, const struct row *r)
{
    // The row of fixed places lies below all others.
    return r == &s->fixed ? INT64_MAX : s->first + (r - s->rows);
}

static void show(struct term_screen *s, struct row *r, bool settled)
{
    if (!(settled ? r->drawn : r->touched)) return;
    r->touched = false;
    if (settled) r->drawn = false;
    s->ev.row(s->ev.ctx, number_of(s, r), settled, r->redrawn, text_of(s, r));
}

static void give_line(struct term_screen *s, struct row *r)
{
    r->ended = true;
    r->changed = false;
    s->ev.line(s->ev.ctx, text_of(s, r));
}

static void touch(struct row *r)
{
    r->touched = r->drawn = r->changed = true;
}

static void need_cells(struct row *r, int n)
{
    if (n <= r->cap) return;
    int cap = r->cap ? r->cap : 128;
    while (cap < n) cap *= 2;
    r->cells = mem_realloc_array(r->cells, (size_t)cap, sizeof *r->cells);
    r->cap = cap;
}

static void put(struct term_screen *s, uint32_t c)
{
    struct row *r = here(s);
    if (s->col >= TERM_CELLS_MAX) { // a line without an end comes in pieces
        show(s, r, true);
        if (!s->in_fixed) give_line(s, r);
        r->n = s->col = 0;
    }
    need_cells(r, s->col + 1);
    while (r->n < s->col) r->cells[r->n++] = ' ';
    if (s->col < r->n) r->redrawn = true;
    r->cells[s->col] = c;
    if (s->col == r->n) r->n++;
    s->col++;
    touch(r);
}

static void erase(struct row *r, int from, int to)
{
    if (to > r->n) to = r->n;
    if (from >= to) return;
    for (int i = from; i < to; i++) r->cells[i] = ' ';
    if (to == r->n) r->n = from;
    r->redrawn = true;
    touch(r);
}

// ---- moving -------------------------------------------------------------------------------------------------------

static void to_row(struct term_screen *s, int64_t at)
{
    show(s, here(s), true);
    s->in_fixed = false;
    s->at = at < 0 ? 0 : at >= s->n ? s->n - 1 : (int)at;
    if (s->first + s->at < s->top) s->top = s->first + s->at;
}

static void drop_first(struct term_screen *s)
{
    struct row gone = s->rows[0];
    if (gone.ended && gone.changed) give_line(s, &gone);
    memmove(s->rows, s->rows + 1, (size_t)(s->n - 1) * sizeof *s->rows);
    s->first++;
    s->n--;
    s->rows[s->n] = (struct row){.cells = gone.cells, .cap = gone.cap};
}

// What was drawn over further up is told before what comes after it.
static void give_changed(struct term_screen *s)
{
    for (int i = 0; i < s->n - 1; i++)
        if (s->rows[i].ended && s->rows[i].changed) give_line(s, &s->rows[i]);
}

static void new_line(struct term_screen *s)
{
    if (s->in_fixed) {
        to_row(s, s->n - 1);
        s->col = 0;
        return;
    }
    struct row *r = here(s);
    show(s, r, true);
    s->col = 0;
    if (s->at < s->n - 1) {
        s->at++;
        return;
    }
    give_changed(s);
    if (!r->ended || r->changed) give_line(s, r);
    if (s->n == TERM_ROWS_MAX) drop_first(s);
    struct row *fresh = &s->rows[s->n++];
    *fresh = (struct row){.cells = fresh->cells, .cap = fresh->cap};
    s->at = s->n - 1;
}

static void to_fixed(struct term_screen *s, int col)
{
    show(s, here(s), true);
    s->in_fixed = true;
    s->col = col;
}

static void save(struct term_screen *s)
{
    s->saved_row = s->first + s->at;
    s->saved_col = s->col;
    s->saved_fixed = s->in_fixed;
}

static void restore(struct term_screen *s)
{
    to_row(s, s->saved_row - s->first);
    s->in_fixed = s->saved_fixed;
    s->col = s->saved_col;
}

// ---- escape sequences ---------------------------------------------------------------------------------------------

static int param(const struct term_screen *s, int i, int def)
{
    return i < s->n_params && s->params[i] > 0 ? s->params[i] : def;
}

static void move_col(struct term_screen *s, int col)
{
    s->col = col < 0 ? 0 : col > TERM_CELLS_MAX ? TERM_CELLS_MAX : col;
}

static void erase_line(struct term_screen *s, int how)
{
    struct row *r = here(s);
    erase(r, how == 0 ? s->col : 0, how == 1 ? s->col + 1 : r->n);
}

static void erase_screen(struct term_screen *s, int how)
{
    erase_line(s, how == 1 ? 1 : how == 0 ? 0 : 2);
    if (s->in_fixed) return;
    // What was given as a line stays in the log: that the screen was cleared says nothing about it.
    for (int i = how == 0 ? s->at + 1 : s->n; i < s->n; i++) erase(&s->rows[i], 0, s->rows[i].n);
}

static void set_mode(struct term_screen *s, bool on)
{
    for (int i = 0; s->private && i < s->n_params; i++)
        if (s->params[i] == 1049 || s->params[i] == 1047 || s->params[i] == 47) s->alternate = on;
}

static void csi(struct term_screen *s, char final)
{
    int n = param(s, 0, 1);
    if (s->alternate && final != 'l') return;
    // A private sequence means something else than the letter alone ("u" is a keyboard's mode), but for these.
    if (s->private && !strchr("hlJK", final)) return;
    switch (final) {
    case 'A': to_row(s, s->at - n); break;
    case 'B':
    case 'e': to_row(s, s->at + n); break;
    case 'C':
    case 'a': move_col(s, s->col + n); break;
    case 'D': move_col(s, s->col - n); break;
    case 'E':
        to_row(s, s->at + n);
        s->col = 0;
        break;
    case 'F':
        to_row(s, s->at - n);
        s->col = 0;
        break;
    case 'G':
    case '`': move_col(s, n - 1); break;
    case 'H':
    case 'f': to_fixed(s, param(s, 1, 1) - 1); break;
    case 'J': erase_screen(s, param(s, 0, 0)); break;
    case 'K': erase_line(s, param(s, 0, 0)); break;
    case 'X': erase(here(s), s->col, s->col + n); break;
    case 's': save(s); break;
    case 'u': restore(s); break;
    case 'h': set_mode(s, true); break;
    case 'l': set_mode(s, false); break;
    default: break; // colours, scrolling regions, what reports something
    }
}

static void escape_moves(struct term_screen *s, char c)
{
    switch (c) {
    case '7': save(s); break;
    case '8': restore(s); break;
    case 'M': to_row(s, s->at - 1); break;
    case 'D':
    case 'E': new_line(s); break;
    default: break;
    }
}

static void escape(struct term_screen *s, char c)
{
    s->state = GROUND;
    switch (c) {
    case '[':
        s->state = CSI;
        s->n_params = 0;
        s->private = false;
        break;
    case ']':
    case 'P':
    case '_':
    case '^':
    case 'X': s->state = STRING; break;
    case '(':
    case ')':
    case '*':
    case '+':
    case '#':
    case '%':
    case ' ': s->state = ESCAPE_MORE; break;
    default:
        if (!s->alternate) escape_moves(s, c);
        break;
    }
}

static void csi_byte(struct term_screen *s, char c)
{
    if (c >= '0' && c <= '9') {
        if (s->n_params == 0) s->params[s->n_params++] = 0;
        int *p = &s->params[s->n_params - 1];
        *p = *p * 10 + (c - '0');
        if (*p > PARAM_LIMIT) *p = PARAM_LIMIT;
    } else if (c == ';' || c == ':') {
        if (s->n_params == 0) s->params[s->n_params++] = 0;
        if (s->n_params < PARAMS_MAX) s->params[s->n_params++] = 0;
    } else if (c == '?' || c == '>' || c == '=' || c == '<') {
        s->private = true;
    } else if (c >= 0x40 && c <= 0x7e) {
        s->state = GROUND;
        csi(s, c);
    } else if (c == 0x1b) {
        s->state = ESCAPE;
    }
}

// ---- bytes --------------------------------------------------------------------------------------------------------

static void control(struct term_screen *s, char c)
{
    struct row *r = here(s);
    if (c == 0x1b) {
        s->state = ESCAPE;
        return;
    }
    if (s->alternate) return;
    switch (c) {
    case '\n':
    case '\v':
    case '\f': new_line(s); break;
    case '\r':
        show(s, r, true);
        s->col = 0;
        break;
    case '\b':
        if (s->col) s->col--;
        break;
    case '\t': move_col(s, (s->col / TAB + 1) * TAB); break;
    default: break;
    }
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

// One character of `bytes`, which begins with no control; the bytes it takes. 0: its end is still to come.
static size_t character(struct term_screen *s, struct slice bytes)
{
    struct utf8 u = UTF8_INIT;
    size_t n = 1;
    if ((unsigned char)bytes.p[0] < 0x80) {
        if (!s->alternate) put(s, (unsigned char)bytes.p[0]);
        return 1;
    }
    while (n <= bytes.n && utf8_feed(&u, bytes.p + n - 1, 1) && !utf8_complete(&u)) n++;
    if (n > bytes.n && bytes.n < 4) return 0;
    uint32_t c;
    size_t used = utf8_decode(bytes.p, bytes.n, &c);
    if (!s->alternate) put(s, c);
    return used;
}

static size_t ground(struct term_screen *s, struct slice bytes)
{
    if (!is_control((unsigned char)bytes.p[0])) return character(s, bytes);
    control(s, bytes.p[0]);
    return 1;
}

static void step(struct term_screen *s, char c)
{
    switch (s->state) {
    case ESCAPE: escape(s, c); break;
    case ESCAPE_MORE: s->state = GROUND; break;
    case CSI: csi_byte(s, c); break;
    case STRING:
        if (c == 0x07 || c == 0x18) s->state = GROUND;
        if (c == 0x1b) s->state = STRING_ESCAPE;
        break;
    case STRING_ESCAPE: s->state = c == '\\' ? GROUND : STRING; break;
    case GROUND: break;
    }
}

static void feed(struct term_screen *s, struct slice bytes)
{
    while (bytes.n) {
        size_t n = 1;
        if (s->state == GROUND)
            n = ground(s, bytes);
        else
            step(s, bytes.p[0]);
        if (n == 0) {
            memcpy(s->partial, bytes.p, bytes.n);
            s->n_partial = bytes.n;
            return;
        }
        bytes.p += n, bytes.n -= n;
    }
}

void term_screen_feed(struct term_screen *s, struct slice bytes)
{
    while (s->n_partial && bytes.n) { // the rest of a character that was cut in two
        char joined[sizeof s->partial];
        size_t n = s->n_partial;
        memcpy(joined, s->partial, n);
        joined[n++] = bytes.p[0];
        bytes.p++, bytes.n--;
        s->n_partial = 0;
        feed(s, slice_of(joined, n));
    }
    feed(s, bytes);
    // With the cursor before its end, a row is half of what it was and half of what it will be.
    if (s->col >= here(s)->n) show(s, here(s), false);
}

void term_screen_finish(struct term_screen *s)
{
    s->n_partial = 0;
    s->state = GROUND;
    s->alternate = false;
    to_row(s, s->n - 1);
    give_changed(s);
    struct row *r = here(s);
    if (r->n && (!r->ended || r->changed)) give_line(s, r);
    s->first += s->n;
    for (int i = 0; i < s->n; i++) s->rows[i] = (struct row){.cells = s->rows[i].cells, .cap = s->rows[i].cap};
    s->n = 1;
    s->at = s->col = 0;
}
