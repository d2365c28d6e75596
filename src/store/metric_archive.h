// The table `training_metrics_archive`: rows that have grown old, moved out of the way. Whoever reads a curve sees
// both. A later run packs them (store/metric_pack.h), which changes nothing of what is said here: where it speaks of
// the archive's rows, packed ones are among them.
//
// With SQLite it lies in a database of its own, and a transaction over both is not atomic. So a row is copied in one
// transaction and deleted in a later one, which looks at the copy; a row that is in both is the live table's. Every
// function here writes to one of the two only. docs/decisions/0015-archive.md has the whole reasoning.
//
// All functions run inside a store_fn; each does a small piece.
#ifndef HW_STORE_METRIC_ARCHIVE_H
#define HW_STORE_METRIC_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

enum { STRETCH_PIECE = 50, STRETCH_PIECES = 40 };

// Rows of one curve to be moved, in pieces of some rows each. `place` (0, 0, 0 at first) is where to look further.
struct metric_stretch {
    struct {
        int64_t key;
        int layer;
        int64_t step;
    } place;
    int64_t key;
    int layer;
    int64_t begin[STRETCH_PIECES], end[STRETCH_PIECES]; // steps above, up to
    int n;                                              // pieces; 0: none in what was looked at
    bool more;                                          // rows follow
};

// The next live rows from before `before` (µs), behind the place, among some thousand. Not of trainings that were
// brought back since then.
int metric_archive_find(struct store_tx *tx, int64_t before, struct metric_stretch *s, struct err *e);
// One piece into the archive; writes only there. The number of rows, or a negative code.
int64_t metric_archive_copy(struct store_tx *tx, int64_t before, const struct metric_stretch *s, int piece,
                            struct err *e);
// Deletes the piece's live rows of which the archive has the very same. In a later transaction than the copy.
int64_t metric_archive_delete(struct store_tx *tx, int64_t before, const struct metric_stretch *s, int piece,
                              struct err *e);

// Whether the archive has rows of the training that aren't live, so that reading must look there, too.
int metric_archive_matters(struct store_tx *tx, int64_t key, bool *matters, struct err *e);

// ---- void rows -----------------------------------------------------------------------------------------------------

// Notes that the archive's rows after `step` are void, if there are any.
int metric_archive_cut(struct store_tx *tx, int64_t key, int layer, int64_t step, struct err *e);
// Deletes some of what is void, or of what was brought back before `restored_before`. How many; 0: none is left.
int64_t metric_archive_purge(struct store_tx *tx, int64_t restored_before, struct err *e);
// Forgets what was noted of rows that are gone; and of trainings brought back before `before`, so that they may be
// archived again. In a later transaction than the purge.
int metric_archive_forget(struct store_tx *tx, int64_t before, struct err *e);

// ---- bringing back -------------------------------------------------------------------------------------------------

// The next training with archived rows, behind *key (0 at first). HW_ENOTFOUND: none.
int metric_restore_next(struct store_tx *tx, int64_t *key, struct err *e);
// HW_ENOTFOUND: there is no such training.
int metric_restore_find(struct store_tx *tx, const char *training_id, int64_t *key, struct err *e);
// From here on it is not archived. Before anything is copied.
int metric_restore_begin(struct store_tx *tx, int64_t key, int64_t now, struct err *e);
// All of it has been copied.
int metric_restore_end(struct store_tx *tx, int64_t key, struct err *e);
// Copies some rows behind (*layer, *step), (-2, 0) at first, into the live table, where there are none of the same
// step. How many were looked at; 0: that was all. The archive's are purged later.
int64_t metric_restore_copy(struct store_tx *tx, int64_t key, int *layer, int64_t *step, struct err *e);

// ---- counting ------------------------------------------------------------------------------------------------------

enum { METRIC_AGES = 5 };
extern const int metric_age_days[METRIC_AGES - 1]; // where an age ends and the next begins

struct metric_ages {
    int64_t live[METRIC_AGES], archived[METRIC_AGES]; // youngest first
};

// Goes over all rows.
int get_metric_count_by_age(struct store_tx *tx, int64_t now, struct metric_ages *out, struct err *e);

#endif
