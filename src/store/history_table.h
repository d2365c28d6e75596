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
    char *metrics; // JSON object or NULL
    int64_t created_at;
};

void history_rows_free(struct history_row *rows, int n);
int history_row_insert(struct store_tx *tx, const struct history_row *r, struct err *e);
// In time order; start and end included.
int history_rows_list(struct store_tx *tx, const char *entity_type, const char *entity_id, int64_t start, int64_t end,
                      int limit, struct history_row **rows, int *n, struct err *e);

int setting_get(struct store_tx *tx, const char *name, struct buf *value, struct err *e); // HW_ENOTFOUND
int setting_put(struct store_tx *tx, const char *name, const char *value, struct err *e);

#endif
