#include "store/table_list.h"

#include <stddef.h>

const struct listed_table listed_tables[] = {
    {"settings", {"name"}, NULL},
    {"workers", {"id"}, NULL},
    {"jobs", {"id"}, NULL},
    {"job_logs", {"job_id", "seq"}, NULL},
    {"job_events", {"job_id", "seq"}, NULL},
    {"models", {"id"}, NULL},
    {"datasets", {"id"}, NULL},
    {"extractions", {"id"}, NULL},
    {"trainings", {"id"}, "key"},
    {"deleted_trainings", {"key"}, NULL},
    {"checkpoints", {"id"}, NULL},
    {"training_metrics", {"training_id", "layer_idx", "step"}, NULL},
    {"training_metrics_archive", {"training_id", "layer_idx", "step"}, NULL},
    {"training_metric_blocks", {"training_id", "layer_idx", "last_step"}, NULL},
    {"training_metric_rollups", {"training_id", "layer_idx", "level", "last_step"}, NULL},
    {"training_metric_cuts", {"training_id", "layer_idx"}, NULL},
    {"training_metric_restores", {"training_id"}, NULL},
    {"progress_history", {"id"}, "id"},
    {"scheduled_tasks", {"name"}, NULL},
    {"system_history", {"time", "host"}, NULL},
};

const int n_listed_tables = sizeof listed_tables / sizeof *listed_tables;
