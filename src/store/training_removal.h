// Trainings that were deleted. One transaction takes the training out of `trainings` and leaves a note of it in
// `deleted_trainings`: from then on nobody finds it. What other tables have of it, which may be a hundred million rows,
// is removed a few at a time, and at the very end the note.
//
// With SQLite a transaction over both databases is not atomic (store/metric_archive.h). So each table is emptied in
// transactions of its own, and the note goes in one that begins when all the others are committed.
//
// Whoever goes over rows of training_metrics by keys rather than from a training skips what is noted here, so that
// nothing is moved or counted of a training that is gone.
#ifndef HW_STORE_TRAINING_REMOVAL_H
#define HW_STORE_TRAINING_REMOVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

// Ends a condition: the training of x.training_id is not being removed.
#define TRAINING_STAYS(x) "NOT EXISTS (SELECT 1 FROM deleted_trainings AS d WHERE d.key = " x ".training_id)"

// The training is gone, and a note of it is left. HW_ENOTFOUND.
int training_row_delete(struct store_tx *tx, const char *id, int64_t now, struct err *e);

// Whether it was deleted, and something may be left of it.
int training_is_noted(struct store_tx *tx, const char *id, bool *noted, struct err *e);
int training_key_is_noted(struct store_tx *tx, int64_t key, bool *noted, struct err *e);

enum { REMOVAL_COLUMNS = 3 };

// The removal of what is left of one.
struct training_removal {
    int64_t key;
    char id[ID_SIZE];
    int64_t after[REMOVAL_COLUMNS]; // of the table that is being emptied: where the next rows are looked for
    int64_t rows;                   // removed so far, of all tables; of transactions that were undone, too
};

// The next training that was deleted, behind the key. HW_ENOTFOUND.
int training_removal_next(struct store_tx *tx, int64_t after_key, struct training_removal *r, struct err *e);

int training_removal_tables(void);
// Before the first rows of a table.
void training_removal_begin_table(struct training_removal *r);
// Some rows of the table. 1: there may be more; 0: that was all; or a negative code.
int training_removal_rows(struct store_tx *tx, struct training_removal *r, int table, struct err *e);
// In a transaction that begins after all others are committed: removes the note if nothing is left anywhere. *over
// false: something was written meanwhile, it is to be gone over again.
int training_removal_finish(struct store_tx *tx, const struct training_removal *r, bool *over, struct err *e);

#endif
