// The tables `progress_history` (snapshots of a job's progress, for curves and comparisons) and `settings`.
#ifndef HW_STORE_HISTORY_TABLE_H
#define HW_STORE_HISTORY_TABLE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

struct store_tx;

struct history_row {
    int64_t id; // given by the table
    char *entity_type;
    char entity_id[ID_SIZE];
    int64_t timestamp;
    double progress;
    char *metrics; // JSON object or NULL; a job's begin with its id, as in {"job_id":"job_1",…
    int64_t created_at;
};

void history_row_release(struct history_row *r);
void history_rows_free(struct history_row *rows, int n);
int history_row_insert(struct store_tx *tx, const struct history_row *r, struct err *e);
// One entity's snapshots, in the order of their times.
struct history_query {
    const char *entity_type, *entity_id;
    const char *job_id;         // only those of this job; NULL: of all
    int64_t start, end;         // both included
    int64_t after_us, after_id; // behind this one; 0, 0: from the first
    int limit;
};
int history_rows_list(struct store_tx *tx, const struct history_query *q, struct history_row **rows, int *n,
                      struct err *e);
// The one written last, of the job or (NULL) of all. HW_ENOTFOUND: there is none.
int history_row_newest(struct store_tx *tx, const char *entity_type, const char *entity_id, const char *job_id,
                       struct history_row *r, struct err *e);
// Of which type the entity is that has snapshots under this id. HW_ENOTFOUND: there is none.
int history_entity_type(struct store_tx *tx, const char *entity_id, char type[ID_SIZE], struct err *e);
// What was a job's becomes its entity's.
int history_rows_move(struct store_tx *tx, const char *job_id, const char *entity_type, const char *entity_id,
                      struct err *e);
// Those from before `before`, `limit` at most: how many were removed, or a negative code.
int64_t history_rows_remove(struct store_tx *tx, int64_t before, int limit, struct err *e);

int setting_get(struct store_tx *tx, const char *name, struct buf *value, struct err *e); // HW_ENOTFOUND
int setting_put(struct store_tx *tx, const char *name, const char *value, struct err *e);

#endif
