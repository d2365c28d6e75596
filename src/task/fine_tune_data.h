// What a fine_tune job trains on: rows of token ids, run through the frozen blocks of the model up to its output side.
//
// Row r has the ids r · context … r · context + context: each of its positions has a next token. Of them
// `holdout_samples`, spread evenly, are never trained on.
#ifndef HW_TASK_FINE_TUNE_DATA_H
#define HW_TASK_FINE_TUNE_DATA_H

#include <stdatomic.h>
#include <stdint.h>

#include "task/fine_tune_params.h"

struct fine_tune_data;

// Opens both, checks every id and loads the model. `stop` becoming non-zero ends it with HW_ECANCELLED. NULL with `e`
// filled; `p` must outlive the result.
struct fine_tune_data *fine_tune_data_open(const struct fine_tune_params *p, const atomic_int *stop, struct err *e);
void fine_tune_data_close(struct fine_tune_data *d); // NULL is fine

struct transformer_output fine_tune_data_output(const struct fine_tune_data *d); // the model's own

int64_t fine_tune_data_train_rows(const struct fine_tune_data *d);           // how many may be trained on
int64_t fine_tune_data_train_row(const struct fine_tune_data *d, int64_t i); // the number of the i-th of these

// The mean loss of a token over rows[n], computed by `threads` threads; the number of them changes nothing in the
// result. `gradient` (NULL: not wanted) is a block that becomes the gradient of that mean.
int fine_tune_data_loss(struct fine_tune_data *d, const float *block, const int64_t *rows, int n, float *gradient,
                        double *loss, struct err *e);
int fine_tune_data_held_out_loss(struct fine_tune_data *d, const float *block, double *loss, struct err *e);

#endif
