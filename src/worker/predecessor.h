// The id under which a worker is registered, kept in its data folder for the one that follows it: whoever holds the
// folder's lock knows that the worker of that id is dead, and can say so.
#ifndef HW_WORKER_PREDECESSOR_H
#define HW_WORKER_PREDECESSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { WORKER_ID_SIZE = 32 };

// What a server calls a worker becomes part of paths and file names: letters, digits, "_" and "-".
bool worker_id_usable(const char *id);
// The last worker's id; "" if there was none, or what stands there isn't one.
void predecessor_read(const char *data_dir, char out[WORKER_ID_SIZE]);
// From now on this is who the next one follows.
int predecessor_write(const char *data_dir, const char *worker_id, struct err *e);

#endif
