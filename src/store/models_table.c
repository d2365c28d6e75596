#include "store/models_table.h"

#include "store/columns.h"

// ---- models -------------------------------------------------------------------------------------------------------

static const struct column models_columns[] = {
    COLUMN(COL_ID, model_row, id),
    COLUMN(COL_TEXT, model_row, name),
    COLUMN(COL_TEXT, model_row, path),
    COLUMN(COL_TEXT, model_row, status),
    COLUMN(COL_TEXT, model_row, architecture),
    COLUMN(COL_COUNT, model_row, n_layers),
    COLUMN(COL_COUNT, model_row, width),
    COLUMN(COL_COUNT, model_row, n_heads),
    COLUMN(COL_COUNT, model_row, context_length),
    COLUMN(COL_COUNT, model_row, vocab_size),
    COLUMN(COL_COUNT, model_row, parameters),
    COLUMN(COL_TEXT, model_row, dtype),
    COLUMN(COL_COUNT, model_row, size_bytes),
    COLUMN(COL_BOOL, model_row, has_tokenizer),
    COLUMN(COL_TEXT, model_row, tokenizer_path),
    COLUMN(COL_ID, model_row, job_id),
    COLUMN(COL_TEXT, model_row, repo_id),
    COLUMN(COL_TEXT, model_row, revision),
    COLUMN(COL_TEXT, model_row, commit_id),
    COLUMN(COL_TEXT, model_row, error_type),
    COLUMN(COL_TEXT, model_row, error_message),
    COLUMN(COL_TIME, model_row, created_at),
    COLUMN(COL_TIME, model_row, updated_at),
};

static const struct table models = {"models", models_columns, sizeof models_columns / sizeof *models_columns,
                                    sizeof(struct model_row)};

void model_row_init(struct model_row *r)
{
    table_row_init(&models, r);
}

void model_row_release(struct model_row *r)
{
    table_row_release(&models, r);
}

void model_rows_free(struct model_row *rows, int n)
{
    table_rows_free(&models, rows, n);
}

int model_row_get(struct store_tx *tx, const char *id, struct model_row *r, struct err *e)
{
    return table_get(tx, &models, id, r, e);
}

int model_row_insert(struct store_tx *tx, const struct model_row *r, struct err *e)
{
    return table_insert(tx, &models, r, e);
}

int model_row_update(struct store_tx *tx, const struct model_row *r, struct err *e)
{
    return table_update(tx, &models, r, e);
}

int model_row_delete(struct store_tx *tx, const char *id, struct err *e)
{
    return table_delete(tx, &models, id, e);
}

int model_rows_list(struct store_tx *tx, const struct page *p, struct model_row **rows, int *n, bool *more,
                    struct err *e)
{
    void *all;
    int rc = table_page(tx, &models, "", NULL, 0, p, &all, n, more, e);
    *rows = all;
    return rc;
}

// ---- datasets -----------------------------------------------------------------------------------------------------

static const struct column datasets_columns[] = {
    COLUMN(COL_ID, dataset_row, id),
    COLUMN(COL_TEXT, dataset_row, name),
    COLUMN(COL_TEXT, dataset_row, path),
    COLUMN(COL_TEXT, dataset_row, status),
    COLUMN(COL_TEXT, dataset_row, format),
    COLUMN(COL_BOOL, dataset_row, compressed),
    COLUMN(COL_COUNT, dataset_row, size_bytes),
    COLUMN(COL_TEXT, dataset_row, text_field),
    COLUMN(COL_COUNT, dataset_row, documents),
    COLUMN(COL_COUNT, dataset_row, tokens),
    COLUMN(COL_COUNT, dataset_row, vocab_size),
    COLUMN(COL_TEXT, dataset_row, tokens_path),
    COLUMN(COL_ID, dataset_row, tokenize_job_id),
    COLUMN(COL_ID, dataset_row, download_job_id),
    COLUMN(COL_TEXT, dataset_row, repo_id),
    COLUMN(COL_TEXT, dataset_row, revision),
    COLUMN(COL_TEXT, dataset_row, commit_id),
    COLUMN(COL_TEXT, dataset_row, split),
    COLUMN(COL_TEXT, dataset_row, error_type),
    COLUMN(COL_TEXT, dataset_row, error_message),
    COLUMN(COL_TIME, dataset_row, created_at),
    COLUMN(COL_TIME, dataset_row, updated_at),
};

static const struct table datasets = {"datasets", datasets_columns, sizeof datasets_columns / sizeof *datasets_columns,
                                      sizeof(struct dataset_row)};

void dataset_row_init(struct dataset_row *r)
{
    table_row_init(&datasets, r);
}

void dataset_row_release(struct dataset_row *r)
{
    table_row_release(&datasets, r);
}

void dataset_rows_free(struct dataset_row *rows, int n)
{
    table_rows_free(&datasets, rows, n);
}

int dataset_row_get(struct store_tx *tx, const char *id, struct dataset_row *r, struct err *e)
{
    return table_get(tx, &datasets, id, r, e);
}

int dataset_row_insert(struct store_tx *tx, const struct dataset_row *r, struct err *e)
{
    return table_insert(tx, &datasets, r, e);
}

int dataset_row_update(struct store_tx *tx, const struct dataset_row *r, struct err *e)
{
    return table_update(tx, &datasets, r, e);
}

int dataset_row_delete(struct store_tx *tx, const char *id, struct err *e)
{
    return table_delete(tx, &datasets, id, e);
}

int dataset_rows_list(struct store_tx *tx, const struct page *p, struct dataset_row **rows, int *n, bool *more,
                      struct err *e)
{
    void *all;
    int rc = table_page(tx, &datasets, "", NULL, 0, p, &all, n, more, e);
    *rows = all;
    return rc;
}
