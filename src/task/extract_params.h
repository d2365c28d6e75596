// The parameters of `extract`, read and checked against the model (docs/api/tasks.md).
#ifndef HW_TASK_EXTRACT_PARAMS_H
#define HW_TASK_EXTRACT_PARAMS_H

#include <stdint.h>

#include "base/json.h"
#include "ml/safetensors.h"
#include "ml/transformer.h"

struct extract_params {
    const char *model_path, *tokens_path, *output_dir; // borrowed from the JSON
    struct transformer_capture *captures;              // one for each layer and hook, layers ascending
    int n_captures;
    int last_layer; // the highest of the layers
    int context_length, batch_size, threads;
    int64_t max_samples; // 0: all
    int64_t shard_rows;
    enum st_dtype dtype; // ST_F32 or ST_F16
};

// HW_EVALIDATION names the parameter at fault, HW_ENOTFOUND and others the model. `config` is filled from the model
// folder. Release with extract_params_release(), after errors too.
int extract_params_read(struct extract_params *p, const json_t *o, struct transformer_config *config, struct err *e);
void extract_params_release(struct extract_params *p);

#endif
