#include "store/training_removal.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "store/sql.h"

// ---- deleting ------------------------------------------------------------------------------------------------------

int training_row_delete(struct store_tx *tx, const char *id, int64_t now, struct err *e)
{
    struct sql_stmt *st = sql_begin(
        tx, "INSERT INTO deleted_trainings (key, id, deleted_at) SELECT key, id, ?2 FROM trainings WHERE id = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    sql_bind_i64(st, 2, now);
    int64_t n = sql_exec(st, e);
    if (n < 0) return (int)n;
    if (n == 0) return err_set(e, HW_ENOTFOUND, "there is no training %.60s", id);
    st = sql_begin(tx, "DELETE FROM trainings WHERE id = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int is_there(struct sql_stmt *st, bool *there, struct err *e)
{
    int rc = sql_step(st, e);
    sql_end(st);
    *there = rc == 1;
    return rc < 0 ? rc : 0;
}

int training_is_noted(struct store_tx *tx, const char *id, bool *noted, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "SELECT 1 FROM deleted_trainings WHERE id = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    return is_there(st, noted, e);
}

int training_key_is_noted(struct store_tx *tx, int64_t key, bool *noted, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "SELECT 1 FROM deleted_trainings WHERE key = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    return is_there(st, noted, e);
}

// ---- what is left --------------------------------------------------------------------------------------------------

// In the order in which they are emptied: archiving makes archived rows of live ones, and sums are made of live ones,
// so that none come back once the live ones are gone. (Bringing back leaves alone what is noted.)
static const struct {
    const char *name, *where; // rows of the training: ?1
    bool by_id;               // by its id, not its key
    int rows;                 // at once
    const char *order[REMOVAL_COLUMNS];
} tables[] = {
    {"training_metrics", "training_id = ?1", false, 50, {"layer_idx", "step"}},
    {"training_metrics_archive", "training_id = ?1", false, 50, {"layer_idx", "step"}},
    {"training_metric_blocks", "training_id = ?1", false, 50, {"layer_idx", "last_step"}},
    {"training_metric_rollups", "training_id = ?1", false, 50, {"layer_idx", "level", "last_step"}},
    {"training_metric_cuts", "training_id = ?1", false, 50, {"layer_idx"}},
    {"training_metric_restores", "training_id = ?1", false, 50, {"restored_at"}},
    {"checkpoints", "training_id = ?1", true, 50, {"step", "layer_idx"}},
    {"progress_history", "entity_type = 'training' AND entity_id = ?1", true, 50, {"timestamp", "id"}},
};
enum { N_TABLES = sizeof tables / sizeof *tables };

int training_removal_tables(void)
{
    return N_TABLES;
}

int training_removal_next(struct store_tx *tx, int64_t after_key, struct training_removal *r, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "SELECT key, id FROM deleted_trainings WHERE key > ?1 ORDER BY key LIMIT 1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, after_key);
    int rc = sql_step(st, e);
    if (rc == 1) {
        *r = (struct training_removal){.key = sql_i64(st, 0)};
        snprintf(r->id, sizeof r->id, "%.*s", SLICE_FMT(sql_slice(st, 1)));
    }
    sql_end(st);
    return rc == 0 ? err_set(e, HW_ENOTFOUND, "no further training was deleted") : rc == 1 ? 0 : rc;
}

void training_removal_begin_table(struct training_removal *r)
{
    // Before every row, and an INTEGER of PostgreSQL, too.
    for (int i = 0; i < REMOVAL_COLUMNS; i++) r->after[i] = INT32_MIN;
}

static int n_columns(int table)
{
    int n = 0;
    while (n < REMOVAL_COLUMNS && tables[table].order[n]) n++;
    return n;
}

static void add_columns(struct buf *b, int table)
{
    for (int i = 0; i < n_columns(table); i++) buf_addf(b, "%s%s", i ? ", " : "", tables[table].order[i]);
}

static void bind_training(struct sql_stmt *st, const struct training_removal *r, int table)
{
    if (tables[table].by_id)
        sql_bind_text(st, 1, r->id);
    else
        sql_bind_i64(st, 1, r->key);
}

static void bind_columns(struct sql_stmt *st, int first, const int64_t at[REMOVAL_COLUMNS], int n)
{
    for (int i = 0; i < n; i++) sql_bind_i64(st, first + i, at[i]);
}

// The next rows that differ in their last column alone: *found of them, from `first` to `last`. (A place behind which
// it is looked, rather than always the beginning: in PostgreSQL what was deleted is still gone over there.)
static int find_piece(struct store_tx *tx, const struct training_removal *r, int table, int64_t first[REMOVAL_COLUMNS],
                      int64_t last[REMOVAL_COLUMNS], int *found, struct err *e)
{
    struct buf b = BUF_INIT;
    int n = n_columns(table), rc;
    buf_add_str(&b, "SELECT ");
    add_columns(&b, table);
    buf_addf(&b, " FROM %s WHERE %s AND (", tables[table].name, tables[table].where);
    add_columns(&b, table);
    buf_add_str(&b, ") > (");
    for (int i = 0; i < n; i++) buf_addf(&b, "%s?%d", i ? ", " : "", 2 + i);
    buf_add_str(&b, ") ORDER BY ");
    add_columns(&b, table);
    buf_addf(&b, " LIMIT %d", tables[table].rows);
    struct sql_stmt *st = sql_begin(tx, buf_cstr(&b), e);
    buf_release(&b);
    if (!st) return HW_EINTERNAL;
    bind_training(st, r, table);
    bind_columns(st, 2, r->after, n);
    *found = 0;
    while ((rc = sql_step(st, e)) == 1) {
        int64_t at[REMOVAL_COLUMNS] = {0};
        for (int i = 0; i < n; i++) at[i] = sql_i64(st, i);
        if (*found && memcmp(at, first, (size_t)(n - 1) * sizeof *at) != 0) break;
        if (*found == 0) memcpy(first, at, sizeof at);
        memcpy(last, at, sizeof at);
        ++*found;
    }
    sql_end(st);
    return rc < 0 ? rc : 0;
}

// Each column but the last by its value, so that the index is the only way to think of.
int training_removal_rows(struct store_tx *tx, struct training_removal *r, int table, struct err *e)
{
    struct buf b = BUF_INIT;
    int64_t first[REMOVAL_COLUMNS] = {0}, last[REMOVAL_COLUMNS] = {0};
    int found, n = n_columns(table);
    int rc = find_piece(tx, r, table, first, last, &found, e);
    if (rc || found == 0) return rc;
    buf_addf(&b, "DELETE FROM %s WHERE %s", tables[table].name, tables[table].where);
    for (int i = 0; i < n; i++) buf_addf(&b, " AND %s %s ?%d", tables[table].order[i], i < n - 1 ? "=" : ">=", 2 + i);
    buf_addf(&b, " AND %s <= ?%d", tables[table].order[n - 1], 2 + n);
    struct sql_stmt *st = sql_begin(tx, buf_cstr(&b), e);
    buf_release(&b);
    if (!st) return HW_EINTERNAL;
    bind_training(st, r, table);
    bind_columns(st, 2, first, n);
    sql_bind_i64(st, 2 + n, last[n - 1]);
    int64_t removed = sql_exec(st, e);
    if (removed < 0) return (int)removed;
    r->rows += removed;
    memcpy(r->after, last, sizeof last);
    return 1;
}

int training_removal_finish(struct store_tx *tx, const struct training_removal *r, bool *over, struct err *e)
{
    *over = false;
    for (int i = 0; i < N_TABLES; i++) {
        struct buf b = BUF_INIT;
        bool there;
        buf_addf(&b, "SELECT 1 FROM %s WHERE %s LIMIT 1", tables[i].name, tables[i].where);
        struct sql_stmt *st = sql_begin(tx, buf_cstr(&b), e);
        buf_release(&b);
        if (!st) return HW_EINTERNAL;
        bind_training(st, r, i);
        int rc = is_there(st, &there, e);
        if (rc || there) return rc;
    }
    struct sql_stmt *st = sql_begin(tx, "DELETE FROM deleted_trainings WHERE key = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, r->key);
    int64_t n = sql_exec(st, e);
    *over = n >= 0;
    return n < 0 ? (int)n : 0;
}
