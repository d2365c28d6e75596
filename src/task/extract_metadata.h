// The names in an output folder of `extract`, and its metadata.json (docs/api/tasks.md).
#ifndef HW_TASK_EXTRACT_METADATA_H
#define HW_TASK_EXTRACT_METADATA_H

#include <stdint.h>

#include "base/json.h"
#include "task/activation_stats.h"
#include "task/activation_writer.h"
#include "task/extract_params.h"

#define EXTRACT_FOLDER_SIZE 40
void extract_folder_name(const struct transformer_capture *c, char out[EXTRACT_FOLDER_SIZE]); // "layer_02_residual"

// Writes metadata.json into `dir`: stats[i] and the writer's set i belong to capture i. Adds its length to *size.
int extract_metadata_write(const char *dir, const struct extract_params *p, const struct transformer_config *c,
                           uint64_t rows, const struct activation_writer *w, const struct activation_stats *stats,
                           uint64_t *size, struct err *e);

// The same numbers as an array for the job's result: [{"layer", "hook", "mean_norm", "mean", "std", "min", "max",
// "vectors"}]. The caller owns it.
json_t *extract_statistics(const struct extract_params *p, const struct activation_stats *stats);

#endif
