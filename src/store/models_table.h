// The tables `models` and `datasets`: what jobs read.
#ifndef HW_STORE_MODELS_TABLE_H
#define HW_STORE_MODELS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "store/page.h"

struct store_tx;

struct model_row {
    char id[ID_SIZE];
    char *name, *path;
    char *status; // downloading, ready, failed, cancelled
    char *architecture;
    int64_t n_layers, width, n_heads, context_length, vocab_size, parameters;
    char *dtype;
    int64_t size_bytes;
    bool has_tokenizer;
    char *tokenizer_path;
    char job_id[ID_SIZE];                 // of its download; "": it was imported
    char *repo_id, *revision, *commit_id; // where it comes from; NULL: imported
    char *error_type, *error_message;     // of its download
    int64_t created_at, updated_at;
};

void model_row_init(struct model_row *r);
void model_row_release(struct model_row *r);
void model_rows_free(struct model_row *rows, int n);
int model_row_get(struct store_tx *tx, const char *id, struct model_row *r, struct err *e); // HW_ENOTFOUND
int model_row_insert(struct store_tx *tx, const struct model_row *r, struct err *e);
int model_row_update(struct store_tx *tx, const struct model_row *r, struct err *e);
int model_row_delete(struct store_tx *tx, const char *id, struct err *e); // HW_ENOTFOUND
int model_rows_list(struct store_tx *tx, const struct page *p, struct model_row **rows, int *n, bool *more,
                    struct err *e);

struct dataset_row {
    char id[ID_SIZE];
    char *name, *path;
    char *status; // downloading, ready, tokenizing, tokenized, failed, cancelled
    char *format;
    bool compressed;
    int64_t size_bytes; // negative: its file isn't there (yet)
    char *text_field;
    int64_t documents, tokens, vocab_size; // negative until tokenized
    char *tokens_path;
    char tokenize_job_id[ID_SIZE];
    char download_job_id[ID_SIZE];                // "": it was imported
    char *repo_id, *revision, *commit_id, *split; // where it comes from; NULL: imported
    char *error_type, *error_message;             // of its download
    int64_t created_at, updated_at;
};

void dataset_row_init(struct dataset_row *r);
void dataset_row_release(struct dataset_row *r);
void dataset_rows_free(struct dataset_row *rows, int n);
int dataset_row_get(struct store_tx *tx, const char *id, struct dataset_row *r, struct err *e); // HW_ENOTFOUND
int dataset_row_insert(struct store_tx *tx, const struct dataset_row *r, struct err *e);
int dataset_row_update(struct store_tx *tx, const struct dataset_row *r, struct err *e);
int dataset_row_delete(struct store_tx *tx, const char *id, struct err *e); // HW_ENOTFOUND
int dataset_rows_list(struct store_tx *tx, const struct page *p, struct dataset_row **rows, int *n, bool *more,
                      struct err *e);

#endif
