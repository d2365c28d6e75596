// The rows of a screen and its cursor: characters put, erased and moved over, and from that the lines and rows that
// screen.h tells of. Knows no escape sequence.
#ifndef HW_TERM_GRID_H
#define HW_TERM_GRID_H

#include "base/buf.h"
#include "term/screen.h"

struct term_row {
    uint32_t *cells;
    int n, cap;
    bool touched; // since it was last shown
    bool drawn;   // since it was last shown as settled
    bool redrawn;
    bool ended;   // it was given as a line
    bool changed; // since then
};

struct term_grid {
    struct term_screen_events ev;
    struct term_row rows[TERM_ROWS_MAX]; // [0, n): the last ones, oldest first
    int n;
    int64_t first;         // number of rows[0]
    struct term_row fixed; // what is drawn at absolute places, a line of status mostly
    bool in_fixed;
    int at, col; // the cursor: index into rows
    int64_t top; // the highest row that it has been in since grid_top
    int64_t saved_row;
    int saved_col;
    bool saved_fixed;
    struct buf text;
};

void grid_init(struct term_grid *g, struct term_screen_events events);
void grid_release(struct term_grid *g);
int64_t grid_top(struct term_grid *g); // as term_screen_top

void grid_put(struct term_grid *g, uint32_t c); // where the cursor is, which moves on
void grid_new_line(struct term_grid *g);
void grid_return(struct term_grid *g);
void grid_move_rows(struct term_grid *g, int n); // down; up if negative; never beyond the rows there are
void grid_move_col(struct term_grid *g, int col);
void grid_to_fixed(struct term_grid *g, int col); // to the row of what is drawn at absolute places
void grid_save(struct term_grid *g);              // the cursor's place
void grid_restore(struct term_grid *g);

void grid_erase_cells(struct term_grid *g, int n);
// As the terminal's sequences count: 0 from the cursor on, 1 up to it, 2 all.
void grid_erase_line(struct term_grid *g, int how);
void grid_erase_screen(struct term_grid *g, int how);

// Shows the cursor's row as it is, if all of it is drawn: with the cursor before its end, a row is half of what it was
// and half of what it will be.
void grid_show_unsettled(struct term_grid *g);
void grid_finish(struct term_grid *g); // as term_screen_finish

#endif
