// The tables `extractions`, `trainings` and `checkpoints`: what jobs make. Their live values are written by the queue
// in the transaction that stores the report.
#ifndef HW_STORE_TRAININGS_TABLE_H
#define HW_STORE_TRAININGS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "store/page.h"

struct store_tx;

struct extraction_row {
    char id[ID_SIZE];
    char job_id[ID_SIZE], model_id[ID_SIZE], dataset_id[ID_SIZE];
    char *name;
    char *layers, *hooks; // JSON arrays
    int64_t context_length;
    char *dtype;
    char *status; // the job's
    double progress;
    int64_t rows, vectors, width, size_bytes; // negative until it is complete
    char *activations_path;
    char *error_type, *error_message;
    int64_t created_at, finished_at, updated_at;
};

void extraction_row_init(struct extraction_row *r);
void extraction_row_release(struct extraction_row *r);
void extraction_rows_free(struct extraction_row *rows, int n);
int extraction_row_get(struct store_tx *tx, const char *id, struct extraction_row *r, struct err *e); // HW_ENOTFOUND
int extraction_row_insert(struct store_tx *tx, const struct extraction_row *r, struct err *e);
int extraction_row_update(struct store_tx *tx, const struct extraction_row *r, struct err *e);
// model_id NULL: of all.
int extraction_rows_list(struct store_tx *tx, const char *model_id, const struct page *p, struct extraction_row **rows,
                         int *n, bool *more, struct err *e);

struct training_row {
    char id[ID_SIZE];
    int64_t key; // names the training in training_metrics; given by training_row_insert
    char job_id[ID_SIZE], extraction_id[ID_SIZE];
    char *name, *architecture, *hook;
    char *layers; // JSON array
    int64_t n_features, k;
    double l1_coefficient, learning_rate;
    int64_t batch_size, total_steps;
    char *status;    // the job's
    double progress; // 0 to 100
    int64_t current_step;
    double loss, l0_sparsity, l1_sparsity, explained_variance, dead_neurons, grad_norm, samples_per_second, eta_seconds;
    double final_loss, duration_seconds;
    char *error_type, *error_message;
    char *params, *result; // JSON objects
    char *output_path;
    int64_t created_at, started_at, finished_at, updated_at;
};

void training_row_init(struct training_row *r);
void training_row_release(struct training_row *r);
void training_rows_free(struct training_row *rows, int n);
int training_row_get(struct store_tx *tx, const char *id, struct training_row *r, struct err *e); // HW_ENOTFOUND
// What training_metrics and the tables beside it call the training. HW_ENOTFOUND.
int training_key_get(struct store_tx *tx, const char *id, int64_t *key, struct err *e);
int training_row_insert(struct store_tx *tx, struct training_row *r, struct err *e);
int training_row_update(struct store_tx *tx, const struct training_row *r, struct err *e);
int training_rows_list(struct store_tx *tx, const struct page *p, struct training_row **rows, int *n, bool *more,
                       struct err *e);

struct checkpoint_row {
    char id[ID_SIZE];
    char training_id[ID_SIZE];
    int64_t step;
    int layer_idx; // -1: all
    double loss;
    bool is_best;
    char *storage_path;
    int64_t size_bytes;
    int64_t created_at;
};

void checkpoint_row_init(struct checkpoint_row *r);
void checkpoint_row_release(struct checkpoint_row *r);
void checkpoint_rows_free(struct checkpoint_row *rows, int n);
// The one that stands for (training, layer, step) is replaced, keeping its id (copied back into r->id).
int checkpoint_row_put(struct store_tx *tx, struct checkpoint_row *r, struct err *e);
// In step order, then by layer.
int checkpoint_rows_list(struct store_tx *tx, const char *training_id, struct checkpoint_row **rows, int *n,
                         struct err *e);

#endif
