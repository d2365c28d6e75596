// Reading and importing what has a table of its own (models, datasets, extractions, trainings): the same three handlers
// for all, told by a description what is particular.
#ifndef HW_API_ENTITY_H
#define HW_API_ENTITY_H

#include "api/resources.h"

// Borrowed from a row.
struct entity_download {
    const char *status, *job_id; // "": it was imported
};

// Rows are the store's structs, passed as void *.
struct entity_type {
    size_t row_size;
    void (*init)(void *row);
    void (*release)(void *row);
    int (*get)(struct store_tx *tx, const char *id, void *row, struct err *e);
    int (*list)(struct store_tx *tx, const struct request *req, const struct page *p, void **rows, int *n, bool *more,
                struct err *e);
    void (*free_rows)(void *rows, int n);
    void (*json)(struct jw *w, const void *row);
    const char *(*place)(const void *row, int64_t *created_at); // id and time, for the cursor

    // Importing only:
    const char *inspect; // what the task program is asked to inspect; NULL: can't be imported
    // Makes the row from the body's path, name and other members, and the description of the files. `path` is the row's
    // from here on.
    int (*fill)(void *row, char *path, const char *name, const json_t *body, const json_t *description, struct err *e);
    int (*insert)(struct store_tx *tx, const void *row, struct err *e);

    // Downloading only (api/entity_removal.c):
    const char *name; // as events and errors call it; its downloads have a folder each in {data folder}/{name}s/{id}
    void (*download)(const void *row, struct entity_download *out);
    int (*remove)(struct store_tx *tx, const char *id, struct err *e);
};

void entity_get(struct resources *api, struct request *req, const struct entity_type *t);
void entity_list(struct resources *api, struct request *req, const struct entity_type *t);
// POST {"path", "name"?, …}: the files are looked at by the task program on a pool thread, then the row is written;
// 201.
void entity_import(struct resources *api, struct request *req, const struct entity_type *t);
// DELETE of a download that came to nothing: its row, what has come of it on disk, and its job from the failures. 409
// for anything else.
void entity_remove_download(struct resources *api, struct request *req, const struct entity_type *t);

#endif
