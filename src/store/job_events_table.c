#include "store/job_events_table.h"

#include "store/columns.h"

static const struct column events_columns[] = {
    FIXED_COLUMN(COL_ID, job_event_row, job_id), COLUMN(COL_INT, job_event_row, seq),
    COLUMN(COL_INT, job_event_row, at),          COLUMN(COL_I32, job_event_row, attempt),
    COLUMN(COL_TEXT, job_event_row, event),      COLUMN(COL_TEXT, job_event_row, name),
    COLUMN(COL_TEXT, job_event_row, text),
};

static const struct table events = {"job_events", events_columns, sizeof events_columns / sizeof *events_columns,
                                    sizeof(struct job_event_row)};

int job_event_insert(struct store_tx *tx, const struct job_event_row *r, struct err *e)
{
    return table_insert(tx, &events, r, e);
}

int job_events_list(struct store_tx *tx, const char *job_id, struct job_event_row **rows, int *n, struct err *e)
{
    void *all;
    *rows = NULL, *n = 0;
    struct sql_stmt *st = table_select(tx, &events, "WHERE job_id = ?1 ORDER BY seq", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    int rc = table_fetch(&events, st, &all, n, e);
    *rows = all;
    return rc;
}

void job_events_free(struct job_event_row *rows, int n)
{
    table_rows_free(&events, rows, n);
}
