// Completed trainings of a given shape that ran on a given host: what a new one's time is judged by.
#ifndef HW_STORE_TRAINING_RUNS_H
#define HW_STORE_TRAINING_RUNS_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

struct training_run_query {
    const char *host;         // of the worker that ran it
    const char *architecture; // and the same width
    int64_t width;
    int64_t features_from, features_to, batch_from, batch_to; // all included
};

struct training_run {
    char id[ID_SIZE];
    int64_t n_features, batch_size;
    char *params, *result; // JSON objects, as text
};

enum { TRAINING_RUNS_MAX = 20 };

// The newest first, TRAINING_RUNS_MAX at most; freed with training_runs_free.
int training_runs_find(struct store_tx *tx, const struct training_run_query *q, struct training_run **runs, int *n,
                       struct err *e);
void training_runs_free(struct training_run *runs, int n);

#endif
