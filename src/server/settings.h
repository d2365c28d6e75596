// The settings: one table with name, type, default, bounds and help. Each is read from the environment and from the
// option of the same name (--training-metric-archive-days for TRAINING_METRIC_ARCHIVE_DAYS; --listen for
// HEADWAY_LISTEN); the option wins. A variable that is set to nothing is not set.
#ifndef HW_SERVER_SETTINGS_H
#define HW_SERVER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct jw;

struct settings {
    char *listen;
    char *data; // made absolute by settings_load
    char *allowed_origins;
    char *allowed_hosts;
    char *database_url;
    char *redis_url;
    double monitor_interval_seconds;
    int64_t archive_days, history_retention_days, history_step_percent, history_interval_seconds;
    int64_t pool_size, max_overflow;
    int64_t batch_interval_ms, compression_threshold;
    int64_t io_threads; // 0: as io_threads_default says
    int64_t lease_seconds;
    char *slots;
    char *queues;
    char *task_program; // path of headway-task
    char *nvml_library;
    char *hub; // where models and datasets are downloaded from
    bool no_worker;
    bool verbose;
};

// Reads the environment, then takes the options out of argv (what is left stays, argv[0] first). An error names the
// setting, its value and what is accepted. *help: --help was given.
int settings_load(struct settings *s, int *argc, char **argv, bool *help, struct err *e);
void settings_release(struct settings *s);
void settings_print_help(FILE *to);

// An array with each row's name, value, default and help. A text that may hold a password is null.
void settings_write(struct jw *w, const struct settings *s);

// A row of the table as docs/settings.md shows it; false past the end.
bool settings_describe(size_t i, const char **env, char option[64], const char **def, const char **help);

#endif
