// What jobs wrote: the table `job_logs`, many lines a row. A job's lines are numbered from 1, and a chunk holds
// lines that follow one another.
//
// All functions run inside a store_fn.
#ifndef HW_STORE_JOB_LOGS_TABLE_H
#define HW_STORE_JOB_LOGS_TABLE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct store_tx;

// What a chunk holds at most, unless one line is longer; and what a line counts beside its text when a log's size is
// bounded, so that empty lines have one, too.
enum { LOG_CHUNK_BYTES = 15 << 10, LOG_LINE_COST = 48 };

// ---- writing ------------------------------------------------------------------------------------------------------

struct log_chunk {
    int64_t seq;  // of the first line; 0: there is none yet
    int64_t text; // bytes of its lines' texts
    int lines, streams;
    struct buf data;
};

#define LOG_CHUNK_INIT ((struct log_chunk){0})

// The line after the chunk's last. `stream`: "stdout", "stderr", or else "log".
void log_chunk_add(struct log_chunk *c, int64_t seq, int64_t ts_us, const char *stream, struct slice text);
bool log_chunk_full(const struct log_chunk *c);
// Stores it, if it holds anything, and empties it.
int log_chunk_store(struct store_tx *tx, const char *job_id, struct log_chunk *c, struct err *e);
void log_chunk_release(struct log_chunk *c);

// One line as a chunk.
int job_log_insert(struct store_tx *tx, const char *job_id, int64_t seq, int64_t ts_us, const char *stream,
                   struct slice text, struct err *e);

// ---- reading ------------------------------------------------------------------------------------------------------

struct job_log_row {
    int64_t seq, ts_us;
    char *stream; // stdout, stderr, log
    char *text;
    size_t text_len;
};

// In order of seq, those after `after`; `stream` NULL: all.
int job_logs_list(struct store_tx *tx, const char *job_id, int64_t after, int limit, const char *stream,
                  struct job_log_row **rows, int *n, struct err *e);
// The newest `limit` lines after `after` and before `before`, oldest first; `stream` NULL: all.
int job_logs_newest(struct store_tx *tx, const char *job_id, int64_t after, int64_t before, int limit,
                    const char *stream, struct job_log_row **rows, int *n, struct err *e);
void job_logs_free(struct job_log_row *rows, int n);

// ---- forgetting ---------------------------------------------------------------------------------------------------

struct job_logs_cut {
    int64_t begin;       // the first line that is left
    int64_t lines, text; // how many went, and the bytes of their texts
};

// Deletes the chunks from the line `from` on, oldest first, until `bytes` (text, and LOG_LINE_COST a line) are freed or
// `max` chunks are.
int job_logs_cut(struct store_tx *tx, const char *job_id, int64_t from, int64_t bytes, int max,
                 struct job_logs_cut *out, struct err *e);

#endif
