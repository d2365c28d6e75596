#include "store/scheduled_tasks_table.h"

#include "store/columns.h"

static const struct column scheduled_tasks_columns[] = {
    COLUMN(COL_ID, scheduled_task_row, name),
    COLUMN(COL_TIME, scheduled_task_row, created_at),
    COLUMN(COL_TIME, scheduled_task_row, running_since),
    COLUMN(COL_INT, scheduled_task_row, interruptions),
    COLUMN(COL_TIME, scheduled_task_row, last_started_at),
    COLUMN(COL_REAL, scheduled_task_row, last_duration_seconds),
    COLUMN(COL_TEXT, scheduled_task_row, last_result),
    COLUMN(COL_TEXT, scheduled_task_row, last_error),
    COLUMN(COL_TIME, scheduled_task_row, last_success_at),
    COLUMN(COL_TIME, scheduled_task_row, next_run_at),
    COLUMN(COL_INT, scheduled_task_row, runs),
    COLUMN(COL_INT, scheduled_task_row, failures),
};

static const struct table scheduled_tasks = {"scheduled_tasks", scheduled_tasks_columns,
                                             sizeof scheduled_tasks_columns / sizeof *scheduled_tasks_columns,
                                             sizeof(struct scheduled_task_row)};

void scheduled_task_row_init(struct scheduled_task_row *r)
{
    table_row_init(&scheduled_tasks, r);
}

void scheduled_task_row_release(struct scheduled_task_row *r)
{
    table_row_release(&scheduled_tasks, r);
}

void scheduled_task_row_copy(struct scheduled_task_row *to, const struct scheduled_task_row *from)
{
    table_row_copy(&scheduled_tasks, to, from);
}

int scheduled_task_row_get(struct store_tx *tx, const char *name, struct scheduled_task_row *r, struct err *e)
{
    return table_get(tx, &scheduled_tasks, name, r, e);
}

int scheduled_task_row_put(struct store_tx *tx, const struct scheduled_task_row *r, struct err *e)
{
    struct err unknown = {0};
    int rc = table_update(tx, &scheduled_tasks, r, &unknown);
    if (rc == HW_ENOTFOUND) return table_insert(tx, &scheduled_tasks, r, e);
    if (rc && e) *e = unknown;
    return rc;
}
