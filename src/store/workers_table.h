// The table `workers`: who runs jobs, and the last batch of reports each has had acknowledged.
#ifndef HW_STORE_WORKERS_TABLE_H
#define HW_STORE_WORKERS_TABLE_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

struct worker_row {
    char id[ID_SIZE];
    char *host, *version;
    int64_t pid;
    int slots_gpu, slots_cpu, slots_io;
    char *queues;       // those it serves, comma-separated
    int64_t last_batch; // 0: none
    int64_t created_at, last_seen_at;
};

void worker_row_init(struct worker_row *r);
void worker_row_release(struct worker_row *r);
void worker_rows_free(struct worker_row *rows, int n);

int worker_row_get(struct store_tx *tx, const char *id, struct worker_row *r, struct err *e); // HW_ENOTFOUND
int worker_row_insert(struct store_tx *tx, const struct worker_row *r, struct err *e);
int worker_row_seen(struct store_tx *tx, const char *id, int64_t batch, int64_t now,
                    struct err *e); // batch 0: as before
// Those seen since `since`, newest first.
int worker_rows_list(struct store_tx *tx, int64_t since, struct worker_row **rows, int *n, struct err *e);

#endif
