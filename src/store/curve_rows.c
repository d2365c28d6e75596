#include "store/curve_rows.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/curve_queries.h"
#include "store/sql.h"

void curve_rows_init(struct curve_rows *c, struct store_tx *tx, int64_t key, int layer, bool live_only)
{
    *c = (struct curve_rows){.tx = tx, .key = key, .layer = layer, .live_only = live_only};
}

static void forget_block(struct curve_rows *c)
{
    if (c->has_block) metric_rows_release(&c->block.rows);
    c->has_block = false;
}

void curve_rows_release(struct curve_rows *c)
{
    curve_rows_end(c);
    forget_block(c);
}

int curve_rows_begin(struct curve_rows *c, int64_t after, int64_t to, int64_t limit, struct err *e)
{
    c->at = after;
    c->to = to;
    c->left = limit;
    c->state = HEAD_UNREAD;
    c->st =
        sql_begin(c->tx, c->live_only ? METRIC_LIVE_SQL(METRIC_ROW) : METRIC_CURVE(sql_dialect(c->tx), METRIC_ROW), e);
    if (!c->st) return HW_EINTERNAL;
    sql_bind_i64(c->st, 1, c->key);
    sql_bind_i64(c->st, 2, c->layer);
    sql_bind_i64(c->st, 3, after);
    sql_bind_i64(c->st, 4, to);
    sql_bind_i64(c->st, 5, limit);
    return 0;
}

void curve_rows_end(struct curve_rows *c)
{
    if (c->state == HEAD_READ) free(c->head.extra);
    c->state = HEAD_NONE;
    sql_end(c->st);
    c->st = NULL;
}

static int read_head(struct curve_rows *c, struct err *e)
{
    if (c->state != HEAD_UNREAD) return 0;
    int rc = sql_step(c->st, e);
    if (rc < 0) return rc;
    c->state = rc == 1 ? HEAD_READ : HEAD_NONE;
    if (rc == 1) metric_row_read(c->st, &c->head);
    return 0;
}

// *row: the first row of a block behind `at` and up to `to`; NULL: there is none.
static int find_packed(struct curve_rows *c, int64_t to, const struct metric_row **row, struct err *e)
{
    *row = NULL;
    if (c->has_gap && c->at >= c->gap_after && to < c->gap_end) return 0;
    if (!c->has_block || c->at < c->block_after || c->at >= c->block.last_step) {
        forget_block(c);
        int rc = metric_block_next(c->tx, c->key, c->layer, c->at, to, &c->block, e);
        if (rc < 0) return rc;
        c->has_block = rc == 1;
        c->has_gap = rc == 0;
        c->block_after = c->gap_after = c->at;
        c->gap_end = c->block.first_step;
        if (rc == 0) return 0;
    }
    int64_t low = 0, high = c->block.rows.n - 1; // the last is behind `at`
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (c->block.rows.rows[middle].step > c->at)
            high = middle;
        else
            low = middle + 1;
    }
    const struct metric_row *found = &c->block.rows.rows[low];
    if (found->step <= to && found->step <= c->block.cut) *row = found;
    return 0;
}

int curve_rows_next(struct curve_rows *c, struct metric_row *r, struct err *e)
{
    const struct metric_row *packed = NULL;
    if (c->left == 0 || c->at >= c->to) return 0;
    int rc = read_head(c, e);
    bool head = c->state == HEAD_READ;
    // Between a step and the next there is nothing to look for.
    if (!rc && !c->live_only && !(head && c->head.step == c->at + 1))
        rc = find_packed(c, head ? c->head.step - 1 : c->to, &packed, e);
    if (rc) return rc;
    if (!packed && !head) return 0;
    if (packed) {
        *r = *packed;
        if (r->extra) r->extra = mem_strdup(r->extra);
    } else {
        *r = c->head;
        c->state = HEAD_UNREAD;
    }
    c->at = r->step;
    c->left--;
    return 1;
}
