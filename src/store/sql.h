// Statements, whatever the backend. SQL is the part that SQLite and PostgreSQL share, with parameters ?1, ?2, …
// Internal to src/store: the tables' functions are written on it.
#ifndef HW_STORE_SQL_H
#define HW_STORE_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct store_tx;
struct sql_stmt;

// For the few texts that the backends can't share.
enum sql_dialect { SQL_SQLITE, SQL_POSTGRES };
enum sql_dialect sql_dialect(const struct store_tx *tx);

// A cached statement, ready to be bound. At most one use of the same text at a time in a transaction. NULL on error.
struct sql_stmt *sql_begin(struct store_tx *tx, const char *text, struct err *e);
void sql_end(struct sql_stmt *st); // NULL is fine

// Parameters count from 1. Text and blobs must live until sql_end. PostgreSQL's arrays are slices in binary form
// (store/postgres_array.h).
void sql_bind_text(struct sql_stmt *st, int i, const char *s); // NULL: NULL
void sql_bind_slice(struct sql_stmt *st, int i, struct slice s);
void sql_bind_blob(struct sql_stmt *st, int i, struct slice s); // any bytes; sql_slice reads them
void sql_bind_i64(struct sql_stmt *st, int i, int64_t v);
void sql_bind_f64(struct sql_stmt *st, int i, double v); // NaN: NULL
void sql_bind_null(struct sql_stmt *st, int i);

// 1: a row is there; 0: the end; or a negative code.
int sql_step(struct sql_stmt *st, struct err *e);
// Runs to the end and ends the statement: the number of rows changed, or a negative code.
int64_t sql_exec(struct sql_stmt *st, struct err *e);
// The same for one whose outcome nobody waits for: it may still be under way, and a later call in the same transaction,
// at the latest the function's end, fails with its error. 0 or a negative code.
int sql_exec_later(struct sql_stmt *st, struct err *e);

// Columns count from 0. Slices live until the next step.
bool sql_is_null(struct sql_stmt *st, int i);
struct slice sql_slice(struct sql_stmt *st, int i);
int64_t sql_i64(struct sql_stmt *st, int i);
double sql_f64(struct sql_stmt *st, int i); // NULL: NaN

#endif
