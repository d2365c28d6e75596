// The parameters of a fine_tune job (docs/api/tasks.md), read and checked against the model.
#ifndef HW_TASK_FINE_TUNE_PARAMS_H
#define HW_TASK_FINE_TUNE_PARAMS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "ml/lm_head.h"
#include "ml/schedule.h"

struct fine_tune_params {
    const char *model_path, *tokens_path, *output_dir; // borrowed from the JSON object
    const char *resume_from;                           // a checkpoint's file; NULL: from the start
    struct transformer_config model;
    struct lm_head_shape shape;
    struct schedule schedule;
    int context_length, batch_size, holdout_samples;
    int64_t log_every, checkpoint_every;
    uint64_t seed;
    int threads; // resolved: never 0
};

// HW_EVALIDATION naming the parameter; HW_ENOTFOUND and others for the model. `e` must be there. There is
// nothing to release.
int fine_tune_params_read(struct fine_tune_params *p, const json_t *given, struct err *e);

#endif
