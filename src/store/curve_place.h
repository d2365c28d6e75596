// Where the rows of a training's curves are to be looked for: all that must be known before they are read, in one
// statement. Inside one transaction. Internal to src/store.
#ifndef HW_STORE_CURVE_PLACE_H
#define HW_STORE_CURVE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store_tx;

struct curve_place {
    bool found; // false: there is no such training
    int64_t key;
    bool archived;               // the archive has rows of it that aren't live (metric_archive_matters)
    bool empty;                  // it has no row anywhere
    int first_layer, last_layer; // of those that it has rows of
};

// HW_ENOTFOUND: there is no such training.
int curve_place_get(struct store_tx *tx, const char *training_id, struct curve_place *out, struct err *e);
// Of many; a training that isn't there is no error.
int curve_places_get(struct store_tx *tx, const char *const *training_ids, size_t n, struct curve_place *out,
                     struct err *e);

// The layer that stands for all of them: METRIC_LAYER_ALL or, where there is only one, that one.
int curve_place_layer(const struct curve_place *p);

#endif
