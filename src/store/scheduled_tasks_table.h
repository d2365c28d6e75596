// The table `scheduled_tasks`: what a restart must know of the periodic tasks, one row a task. Conventions of the
// fields: store/columns.h.
#ifndef HW_STORE_SCHEDULED_TASKS_TABLE_H
#define HW_STORE_SCHEDULED_TASKS_TABLE_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

struct scheduled_task_row {
    char name[ID_SIZE];
    int64_t created_at;      // first heard of
    int64_t running_since;   // 0: not running, as far as the database knows
    int64_t interruptions;   // runs in a row that the server's end cut off
    int64_t last_started_at; // of the last run that came to its end, well or not
    double last_duration_seconds;
    char *last_result; // JSON object
    char *last_error;  // NULL: it went well
    int64_t last_success_at;
    int64_t next_run_at;
    int64_t runs, failures; // ended, and of these badly
};

void scheduled_task_row_init(struct scheduled_task_row *r);
void scheduled_task_row_release(struct scheduled_task_row *r);
void scheduled_task_row_copy(struct scheduled_task_row *to, const struct scheduled_task_row *from); // deep

int scheduled_task_row_get(struct store_tx *tx, const char *name, struct scheduled_task_row *r,
                           struct err *e); // HW_ENOTFOUND
// Writes the row, a new one if there is none of the name.
int scheduled_task_row_put(struct store_tx *tx, const struct scheduled_task_row *r, struct err *e);

#endif
