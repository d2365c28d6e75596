// A connection and a table's columns, for carrying whole tables by COPY. Internal to src/store.
#ifndef HW_STORE_BACKUP_POSTGRES_H
#define HW_STORE_BACKUP_POSTGRES_H

#include "base/buf.h"
#include "store/copy_format.h"
#include "store/postgres_internal.h"
#include "store/table_list.h"

enum { BULK_COLUMNS_MAX = 96 };

struct bulk_table {
    const struct listed_table *table;
    struct buf names; // "a, b, c", without those that the database works out
    enum copy_type types[BULK_COLUMNS_MAX];
    int n;
};

// Outside of the pipeline, in which there is no COPY.
int bulk_connect(struct pg_conn **out, const char *url, struct err *e);
// Statements of which nothing is wanted; one number (0: no row).
int bulk_run(struct pg_conn *c, const char *sql, struct err *e);
int bulk_number(struct pg_conn *c, const char *sql, int64_t *out, struct err *e);
int bulk_columns(struct pg_conn *c, const struct listed_table *t, struct bulk_table *out, struct err *e);
void bulk_release(struct bulk_table *t);
// "a, b, c" of the table's keys.
void bulk_add_keys(struct buf *b, const struct listed_table *t);
// HW_EINVALID unless its schema is this program's.
int bulk_version(struct pg_conn *c, struct err *e);

#endif
