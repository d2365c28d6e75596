#include "term/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

void grid_init(struct term_grid *g, struct term_screen_events events)
{
    *g = (struct term_grid){.ev = events, .n = 1};
}

void grid_release(struct term_grid *g)
{
    for (int i = 0; i < TERM_ROWS_MAX; i++) free(g->rows[i].cells);
    free(g->fixed.cells);
    buf_release(&g->text);
}

int64_t grid_top(struct term_grid *g)
{
    int64_t top = g->top;
    g->top = g->first + g->at;
    return top;
}

// ---- rows ---------------------------------------------------------------------------------------------------------

static struct term_row *here(struct term_grid *g)
{
    return g->in_fixed ? &g->fixed : &g->rows[g->at];
}

static struct slice text_of(struct term_grid *g, const struct term_row *r)
{
    int n = r->n;
    while (n && (r->cells[n - 1] == ' ' || r->cells[n - 1] == 0)) n--;
    buf_clear(&g->text);
    for (int i = 0; i < n; i++) {
        char bytes[4];
        uint32_t c = r->cells[i] ? r->cells[i] : ' ';
        buf_add(&g->text, bytes, utf8_encode(c, bytes));
    }
    return buf_slice(&g->text);
}

static int64_t number_of(const struct term_grid *g, const struct term_row *r)
{
    // The row of fixed places lies below all others.
    return r == &g->fixed ? INT64_MAX : g->first + (r - g->rows);
}

static void show(struct term_grid *g, struct term_row *r, bool settled)
{
    if (!(settled ? r->drawn : r->touched)) return;
    r->touched = false;
    if (settled) r->drawn = false;
    g->ev.row(g->ev.ctx, number_of(g, r), settled, r->redrawn, text_of(g, r));
}

static void give_line(struct term_grid *g, struct term_row *r)
{
    r->ended = true;
    r->changed = false;
    g->ev.line(g->ev.ctx, text_of(g, r));
}

static void touch(struct term_row *r)
{
    r->touched = r->drawn = r->changed = true;
}

static void need_cells(struct term_row *r, int n)
{
    if (n <= r->cap) return;
    int cap = r->cap ? r->cap : 128;
    while (cap < n) cap *= 2;
    r->cells = mem_realloc_array(r->cells, (size_t)cap, sizeof *r->cells);
    r->cap = cap;
}

void grid_put(struct term_grid *g, uint32_t c)
{
    struct term_row *r = here(g);
    if (g->col >= TERM_CELLS_MAX) { // a line without an end comes in pieces
        show(g, r, true);
        if (!g->in_fixed) give_line(g, r);
        r->n = g->col = 0;
    }
    need_cells(r, g->col + 1);
    while (r->n < g->col) r->cells[r->n++] = ' ';
    if (g->col < r->n) r->redrawn = true;
    r->cells[g->col] = c;
    if (g->col == r->n) r->n++;
    g->col++;
    touch(r);
}

static void erase(struct term_row *r, int from, int to)
{
    if (to > r->n) to = r->n;
    if (from >= to) return;
    for (int i = from; i < to; i++) r->cells[i] = ' ';
    if (to == r->n) r->n = from;
    r->redrawn = true;
    touch(r);
}

// ---- moving -------------------------------------------------------------------------------------------------------

static void to_row(struct term_grid *g, int64_t at)
{
    show(g, here(g), true);
    g->in_fixed = false;
    g->at = at < 0 ? 0 : at >= g->n ? g->n - 1 : (int)at;
    if (g->first + g->at < g->top) g->top = g->first + g->at;
}

void grid_move_rows(struct term_grid *g, int n)
{
    to_row(g, g->at + n);
}

void grid_move_col(struct term_grid *g, int col)
{
    g->col = col < 0 ? 0 : col > TERM_CELLS_MAX ? TERM_CELLS_MAX : col;
}

void grid_return(struct term_grid *g)
{
    show(g, here(g), true);
    g->col = 0;
}

static void drop_first(struct term_grid *g)
{
    struct term_row gone = g->rows[0];
    if (gone.ended && gone.changed) give_line(g, &gone);
    memmove(g->rows, g->rows + 1, (size_t)(g->n - 1) * sizeof *g->rows);
    g->first++;
    g->n--;
    g->rows[g->n] = (struct term_row){.cells = gone.cells, .cap = gone.cap};
}

// What was drawn over further up is told before what comes after it.
static void give_changed(struct term_grid *g)
{
    for (int i = 0; i < g->n - 1; i++)
        if (g->rows[i].ended && g->rows[i].changed) give_line(g, &g->rows[i]);
}

void grid_new_line(struct term_grid *g)
{
    if (g->in_fixed) {
        to_row(g, g->n - 1);
        g->col = 0;
        return;
    }
    struct term_row *r = here(g);
    show(g, r, true);
    g->col = 0;
    if (g->at < g->n - 1) {
        g->at++;
        return;
    }
    give_changed(g);
    if (!r->ended || r->changed) give_line(g, r);
    if (g->n == TERM_ROWS_MAX) drop_first(g);
    struct term_row *fresh = &g->rows[g->n++];
    *fresh = (struct term_row){.cells = fresh->cells, .cap = fresh->cap};
    g->at = g->n - 1;
}

void grid_to_fixed(struct term_grid *g, int col)
{
    show(g, here(g), true);
    g->in_fixed = true;
    g->col = col;
}

void grid_save(struct term_grid *g)
{
    g->saved_row = g->first + g->at;
    g->saved_col = g->col;
    g->saved_fixed = g->in_fixed;
}

void grid_restore(struct term_grid *g)
{
    to_row(g, g->saved_row - g->first);
    g->in_fixed = g->saved_fixed;
    g->col = g->saved_col;
}

// ---- erasing ------------------------------------------------------------------------------------------------------

void grid_erase_cells(struct term_grid *g, int n)
{
    erase(here(g), g->col, g->col + n);
}

void grid_erase_line(struct term_grid *g, int how)
{
    struct term_row *r = here(g);
    erase(r, how == 0 ? g->col : 0, how == 1 ? g->col + 1 : r->n);
}

void grid_erase_screen(struct term_grid *g, int how)
{
    grid_erase_line(g, how == 1 ? 1 : how == 0 ? 0 : 2);
    if (g->in_fixed) return;
    // What was given as a line stays in the log: that the screen was cleared says nothing about it.
    for (int i = how == 0 ? g->at + 1 : g->n; i < g->n; i++) erase(&g->rows[i], 0, g->rows[i].n);
}

// ---- the end ------------------------------------------------------------------------------------------------------

void grid_show_unsettled(struct term_grid *g)
{
    if (g->col >= here(g)->n) show(g, here(g), false);
}

void grid_finish(struct term_grid *g)
{
    to_row(g, g->n - 1);
    give_changed(g);
    struct term_row *r = here(g);
    if (r->n && (!r->ended || r->changed)) give_line(g, r);
    g->first += g->n;
    for (int i = 0; i < g->n; i++) g->rows[i] = (struct term_row){.cells = g->rows[i].cells, .cap = g->rows[i].cap};
    g->n = 1;
    g->at = g->col = 0;
}
