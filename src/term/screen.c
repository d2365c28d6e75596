// The bytes of a terminal: characters, controls and escape sequences, and what each does to the rows (grid.h).
#include "term/screen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "term/grid.h"

enum { PARAMS_MAX = 8, PARAM_LIMIT = 9999, TAB = 8 };

enum state {
    GROUND,
    ESCAPE,
    ESCAPE_MORE, // one more byte belongs to it: a character set
    CSI,
    STRING, // OSC and the like, up to BEL or ST
    STRING_ESCAPE,
};

struct term_screen {
    struct term_grid grid;
    bool alternate;
    enum state state;
    bool private;
    int params[PARAMS_MAX], n_params;
    char partial[4]; // the beginning of a character
    size_t n_partial;
};

struct term_screen *term_screen_new(struct term_screen_events events)
{
    struct term_screen *s = mem_zalloc(sizeof *s);
    grid_init(&s->grid, events);
    return s;
}

void term_screen_free(struct term_screen *s)
{
    if (!s) return;
    grid_release(&s->grid);
    free(s);
}

int64_t term_screen_top(struct term_screen *s)
{
    return grid_top(&s->grid);
}

// ---- escape sequences ---------------------------------------------------------------------------------------------

static int param(const struct term_screen *s, int i, int def)
{
    return i < s->n_params && s->params[i] > 0 ? s->params[i] : def;
}

static void set_mode(struct term_screen *s, bool on)
{
    for (int i = 0; s->private && i < s->n_params; i++)
        if (s->params[i] == 1049 || s->params[i] == 1047 || s->params[i] == 47) s->alternate = on;
}

static void csi(struct term_screen *s, char final)
{
    struct term_grid *g = &s->grid;
    int n = param(s, 0, 1);
    if (s->alternate && final != 'l') return;
    // A private sequence means something else than the letter alone ("u" is a keyboard's mode), but for these.
    if (s->private && !strchr("hlJK", final)) return;
    switch (final) {
    case 'A': grid_move_rows(g, -n); break;
    case 'B':
    case 'e': grid_move_rows(g, n); break;
    case 'C':
    case 'a': grid_move_col(g, g->col + n); break;
    case 'D': grid_move_col(g, g->col - n); break;
    case 'E':
        grid_move_rows(g, n);
        grid_move_col(g, 0);
        break;
    case 'F':
        grid_move_rows(g, -n);
        grid_move_col(g, 0);
        break;
    case 'G':
    case '`': grid_move_col(g, n - 1); break;
    case 'H':
    case 'f': grid_to_fixed(g, param(s, 1, 1) - 1); break;
    case 'J': grid_erase_screen(g, param(s, 0, 0)); break;
    case 'K': grid_erase_line(g, param(s, 0, 0)); break;
    case 'X': grid_erase_cells(g, n); break;
    case 's': grid_save(g); break;
    case 'u': grid_restore(g); break;
    case 'h': set_mode(s, true); break;
    case 'l': set_mode(s, false); break;
    default: break; // colours, scrolling regions, what reports something
    }
}

static void escape_moves(struct term_grid *g, char c)
{
    switch (c) {
    case '7': grid_save(g); break;
    case '8': grid_restore(g); break;
    case 'M': grid_move_rows(g, -1); break;
    case 'D':
    case 'E': grid_new_line(g); break;
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
        if (!s->alternate) escape_moves(&s->grid, c);
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
    struct term_grid *g = &s->grid;
    if (c == 0x1b) {
        s->state = ESCAPE;
        return;
    }
    if (s->alternate) return;
    switch (c) {
    case '\n':
    case '\v':
    case '\f': grid_new_line(g); break;
    case '\r': grid_return(g); break;
    case '\b': grid_move_col(g, g->col - 1); break;
    case '\t': grid_move_col(g, (g->col / TAB + 1) * TAB); break;
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
        if (!s->alternate) grid_put(&s->grid, (unsigned char)bytes.p[0]);
        return 1;
    }
    while (n <= bytes.n && utf8_feed(&u, bytes.p + n - 1, 1) && !utf8_complete(&u)) n++;
    if (n > bytes.n && bytes.n < 4) return 0;
    uint32_t c;
    size_t used = utf8_decode(bytes.p, bytes.n, &c);
    if (!s->alternate) grid_put(&s->grid, c);
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
    grid_show_unsettled(&s->grid);
}

void term_screen_finish(struct term_screen *s)
{
    s->n_partial = 0;
    s->state = GROUND;
    s->alternate = false;
    grid_finish(&s->grid);
}
