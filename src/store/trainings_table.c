#include "store/trainings_table.h"

#include <stdio.h>

#include "store/columns.h"
#include "store/training_removal.h"

// ---- extractions --------------------------------------------------------------------------------------------------

static const struct column extractions_columns[] = {
    COLUMN(COL_ID, extraction_row, id),
    COLUMN(COL_ID, extraction_row, job_id),
    COLUMN(COL_ID, extraction_row, model_id),
    COLUMN(COL_ID, extraction_row, dataset_id),
    COLUMN(COL_TEXT, extraction_row, name),
    COLUMN(COL_TEXT, extraction_row, layers),
    COLUMN(COL_TEXT, extraction_row, hooks),
    COLUMN(COL_COUNT, extraction_row, context_length),
    COLUMN(COL_TEXT, extraction_row, dtype),
    COLUMN(COL_TEXT, extraction_row, status),
    COLUMN(COL_REAL, extraction_row, progress),
    COLUMN(COL_COUNT, extraction_row, rows),
    COLUMN(COL_COUNT, extraction_row, vectors),
    COLUMN(COL_COUNT, extraction_row, width),
    COLUMN(COL_COUNT, extraction_row, size_bytes),
    COLUMN(COL_TEXT, extraction_row, activations_path),
    COLUMN(COL_TEXT, extraction_row, error_type),
    COLUMN(COL_TEXT, extraction_row, error_message),
    COLUMN(COL_TIME, extraction_row, created_at),
    COLUMN(COL_TIME, extraction_row, finished_at),
    COLUMN(COL_TIME, extraction_row, updated_at),
};

static const struct table extractions = {"extractions", extractions_columns,
                                         sizeof extractions_columns / sizeof *extractions_columns,
                                         sizeof(struct extraction_row)};

void extraction_row_init(struct extraction_row *r)
{
    table_row_init(&extractions, r);
}

void extraction_row_release(struct extraction_row *r)
{
    table_row_release(&extractions, r);
}

void extraction_rows_free(struct extraction_row *rows, int n)
{
    table_rows_free(&extractions, rows, n);
}

int extraction_row_get(struct store_tx *tx, const char *id, struct extraction_row *r, struct err *e)
{
    return table_get(tx, &extractions, id, r, e);
}

int extraction_row_insert(struct store_tx *tx, const struct extraction_row *r, struct err *e)
{
    return table_insert(tx, &extractions, r, e);
}

int extraction_row_update(struct store_tx *tx, const struct extraction_row *r, struct err *e)
{
    return table_update(tx, &extractions, r, e);
}

int extraction_rows_list(struct store_tx *tx, const char *model_id, const struct page *p, struct extraction_row **rows,
                         int *n, bool *more, struct err *e)
{
    void *all;
    int rc =
        table_page(tx, &extractions, model_id ? "model_id = ?1" : "", &model_id, model_id ? 1 : 0, p, &all, n, more, e);
    *rows = all;
    return rc;
}

// ---- trainings ----------------------------------------------------------------------------------------------------

static const struct column trainings_columns[] = {
    COLUMN(COL_ID, training_row, id),
    COLUMN(COL_KEY, training_row, key),
    COLUMN(COL_ID, training_row, job_id),
    COLUMN(COL_ID, training_row, extraction_id),
    COLUMN(COL_TEXT, training_row, name),
    COLUMN(COL_TEXT, training_row, architecture),
    COLUMN(COL_TEXT, training_row, hook),
    COLUMN(COL_TEXT, training_row, layers),
    COLUMN(COL_COUNT, training_row, n_features),
    COLUMN(COL_COUNT, training_row, k),
    COLUMN(COL_REAL, training_row, l1_coefficient),
    COLUMN(COL_REAL, training_row, learning_rate),
    COLUMN(COL_COUNT, training_row, batch_size),
    COLUMN(COL_COUNT, training_row, total_steps),
    COLUMN(COL_TEXT, training_row, status),
    COLUMN(COL_REAL, training_row, progress),
    COLUMN(COL_COUNT, training_row, current_step),
    COLUMN(COL_REAL, training_row, loss),
    COLUMN(COL_REAL, training_row, l0_sparsity),
    COLUMN(COL_REAL, training_row, l1_sparsity),
    COLUMN(COL_REAL, training_row, explained_variance),
    COLUMN(COL_REAL, training_row, dead_neurons),
    COLUMN(COL_REAL, training_row, grad_norm),
    COLUMN(COL_REAL, training_row, samples_per_second),
    COLUMN(COL_REAL, training_row, eta_seconds),
    COLUMN(COL_REAL, training_row, final_loss),
    COLUMN(COL_REAL, training_row, duration_seconds),
    COLUMN(COL_TEXT, training_row, error_type),
    COLUMN(COL_TEXT, training_row, error_message),
    COLUMN(COL_TEXT, training_row, params),
    COLUMN(COL_TEXT, training_row, result),
    COLUMN(COL_TEXT, training_row, output_path),
    FIXED_COLUMN(COL_TIME, training_row, created_at),
    COLUMN(COL_TIME, training_row, started_at),
    COLUMN(COL_TIME, training_row, finished_at),
    COLUMN(COL_TIME, training_row, updated_at),
};

static const struct table trainings = {
    "trainings", trainings_columns, sizeof trainings_columns / sizeof *trainings_columns, sizeof(struct training_row)};

void training_row_init(struct training_row *r)
{
    table_row_init(&trainings, r);
}

void training_row_release(struct training_row *r)
{
    table_row_release(&trainings, r);
}

void training_rows_free(struct training_row *rows, int n)
{
    table_rows_free(&trainings, rows, n);
}

int training_row_get(struct store_tx *tx, const char *id, struct training_row *r, struct err *e)
{
    return table_get(tx, &trainings, id, r, e);
}

int training_key_get(struct store_tx *tx, const char *id, int64_t *key, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "SELECT key FROM trainings WHERE id = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    int rc = sql_step(st, e);
    if (rc == 1) *key = sql_i64(st, 0);
    sql_end(st);
    return rc == 1 ? 0 : rc == 0 ? err_set(e, HW_ENOTFOUND, "there is no training %.60s", id) : rc;
}

static int take_back(struct store_tx *tx, const char *id, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "DELETE FROM trainings WHERE id = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

// No key is given twice, but by a database that was restored or copied: it counts from the greatest that is there, and
// one that is greater may still have rows to be removed.
int training_row_insert(struct store_tx *tx, struct training_row *r, struct err *e)
{
    bool noted = false;
    int rc;
    do {
        rc = noted ? take_back(tx, r->id, e) : 0;
        if (!rc) rc = table_insert(tx, &trainings, r, e);
        if (!rc) rc = training_key_get(tx, r->id, &r->key, e);
        if (!rc) rc = training_key_is_noted(tx, r->key, &noted, e);
    } while (!rc && noted);
    return rc;
}

int training_row_update(struct store_tx *tx, const struct training_row *r, struct err *e)
{
    return table_update(tx, &trainings, r, e);
}

int training_rows_list(struct store_tx *tx, const struct page *p, struct training_row **rows, int *n, bool *more,
                       struct err *e)
{
    void *all;
    int rc = table_page(tx, &trainings, "", NULL, 0, p, &all, n, more, e);
    *rows = all;
    return rc;
}

// ---- checkpoints --------------------------------------------------------------------------------------------------

static const struct column checkpoints_columns[] = {
    COLUMN(COL_ID, checkpoint_row, id),
    COLUMN(COL_ID, checkpoint_row, training_id),
    COLUMN(COL_INT, checkpoint_row, step),
    COLUMN(COL_I32, checkpoint_row, layer_idx),
    COLUMN(COL_REAL, checkpoint_row, loss),
    COLUMN(COL_BOOL, checkpoint_row, is_best),
    COLUMN(COL_TEXT, checkpoint_row, storage_path),
    COLUMN(COL_COUNT, checkpoint_row, size_bytes),
    COLUMN(COL_TIME, checkpoint_row, created_at),
};

static const struct table checkpoints = {"checkpoints", checkpoints_columns,
                                         sizeof checkpoints_columns / sizeof *checkpoints_columns,
                                         sizeof(struct checkpoint_row)};

void checkpoint_row_init(struct checkpoint_row *r)
{
    table_row_init(&checkpoints, r);
}

void checkpoint_row_release(struct checkpoint_row *r)
{
    table_row_release(&checkpoints, r);
}

void checkpoint_rows_free(struct checkpoint_row *rows, int n)
{
    table_rows_free(&checkpoints, rows, n);
}

int checkpoint_row_put(struct store_tx *tx, struct checkpoint_row *r, struct err *e)
{
    struct sql_stmt *st =
        sql_begin(tx, "SELECT id FROM checkpoints WHERE training_id = ?1 AND step = ?2 AND layer_idx = ?3", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, r->training_id);
    sql_bind_i64(st, 2, r->step);
    sql_bind_i64(st, 3, r->layer_idx);
    int rc = sql_step(st, e);
    if (rc == 1) snprintf(r->id, sizeof r->id, "%.*s", SLICE_FMT(sql_slice(st, 0)));
    sql_end(st);
    if (rc < 0) return rc;
    return rc == 1 ? table_update(tx, &checkpoints, r, e) : table_insert(tx, &checkpoints, r, e);
}

int checkpoint_rows_list(struct store_tx *tx, const char *training_id, struct checkpoint_row **rows, int *n,
                         struct err *e)
{
    struct sql_stmt *st = table_select(tx, &checkpoints, "WHERE training_id = ?1 ORDER BY step, layer_idx", e);
    *rows = NULL, *n = 0;
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, training_id);
    void *all;
    int rc = table_fetch(&checkpoints, st, &all, n, e);
    *rows = all;
    return rc;
}
