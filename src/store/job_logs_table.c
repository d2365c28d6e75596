#include "store/job_logs_table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sql.h"

static const struct {
    const char *name;
    char letter;
    int bit;
} streams[] = {{"stdout", 'o', 1}, {"stderr", 'e', 2}, {"log", 'l', 4}};

enum { N_STREAMS = sizeof streams / sizeof *streams, ALL_STREAMS = 7 };

static int stream_of(const char *name)
{
    for (int i = 0; i < N_STREAMS; i++)
        if (strcmp(streams[i].name, name) == 0) return i;
    return N_STREAMS - 1;
}

// ---- writing ------------------------------------------------------------------------------------------------------

void log_chunk_add(struct log_chunk *c, int64_t seq, int64_t ts_us, const char *stream, struct slice text)
{
    int s = stream_of(stream);
    if (c->lines == 0) c->seq = seq;
    buf_addf(&c->data, "%" PRId64 " %c %zu ", ts_us, streams[s].letter, text.n);
    buf_add_slice(&c->data, text);
    c->streams |= streams[s].bit;
    c->text += (int64_t)text.n;
    c->lines++;
}

bool log_chunk_full(const struct log_chunk *c)
{
    return c->data.n >= LOG_CHUNK_BYTES;
}

void log_chunk_release(struct log_chunk *c)
{
    buf_release(&c->data);
    *c = LOG_CHUNK_INIT;
}

int log_chunk_store(struct store_tx *tx, const char *job_id, struct log_chunk *c, struct err *e)
{
    if (c->lines == 0) return 0;
    struct sql_stmt *st = sql_begin(tx,
                                    "INSERT INTO job_logs (job_id, seq, lines, bytes, streams, data)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, c->seq);
    sql_bind_i64(st, 3, c->lines);
    sql_bind_i64(st, 4, c->text);
    sql_bind_i64(st, 5, c->streams);
    sql_bind_slice(st, 6, buf_slice(&c->data));
    int64_t n = sql_exec(st, e);
    buf_clear(&c->data);
    *c = (struct log_chunk){.data = c->data};
    return n < 0 ? (int)n : 0;
}

int job_log_insert(struct store_tx *tx, const char *job_id, int64_t seq, int64_t ts_us, const char *stream,
                   struct slice text, struct err *e)
{
    struct log_chunk c = LOG_CHUNK_INIT;
    log_chunk_add(&c, seq, ts_us, stream, text);
    int rc = log_chunk_store(tx, job_id, &c, e);
    log_chunk_release(&c);
    return rc;
}

// ---- reading ------------------------------------------------------------------------------------------------------

static void row_release(struct job_log_row *r)
{
    free(r->stream);
    free(r->text);
}

// Those from `from` on, the other way round.
static void turn(struct job_log_row *rows, int from, int n)
{
    for (int i = from, k = n - 1; i < k; i++, k--) {
        struct job_log_row it = rows[i];
        rows[i] = rows[k];
        rows[k] = it;
    }
}

// A line within a chunk's data; the texts are the chunk's.
struct line {
    int64_t ts_us;
    int stream;
    struct slice text;
};

static bool number(struct slice *rest, int64_t *out)
{
    struct slice digits = slice_cut(rest, ' ');
    bool negative = digits.n && digits.p[0] == '-';
    unsigned long long v;
    if (negative) digits = slice_of(digits.p + 1, digits.n - 1);
    if (!slice_u64(digits, &v) || v > INT64_MAX) return false;
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

static bool next_line(struct slice *rest, struct line *out)
{
    int64_t length;
    if (!number(rest, &out->ts_us)) return false;
    struct slice letter = slice_cut(rest, ' ');
    if (letter.n != 1 || !number(rest, &length) || length < 0 || (size_t)length > rest->n) return false;
    out->stream = N_STREAMS - 1;
    for (int i = 0; i < N_STREAMS; i++)
        if (streams[i].letter == letter.p[0]) out->stream = i;
    out->text = slice_of(rest->p, (size_t)length);
    *rest = slice_of(rest->p + length, rest->n - (size_t)length);
    return true;
}

struct reading {
    int64_t after, before;
    int limit, streams; // bits
    struct job_log_row *rows;
    int n, cap;
};

static void add_row(struct reading *r, int64_t seq, const struct line *it)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        r->rows = mem_realloc_array(r->rows, (size_t)r->cap, sizeof *r->rows);
    }
    r->rows[r->n++] = (struct job_log_row){.seq = seq,
                                           .ts_us = it->ts_us,
                                           .stream = mem_strdup(streams[it->stream].name),
                                           .text = mem_strndup(it->text.n ? it->text.p : "", it->text.n),
                                           .text_len = it->text.n};
}

// The lines of the chunk that the statement stands on.
static int read_chunk(struct reading *r, struct sql_stmt *st, struct err *e)
{
    int64_t seq = sql_i64(st, 0), lines = sql_i64(st, 1);
    struct slice rest = sql_slice(st, 2);
    for (int64_t i = 0; i < lines; i++) {
        struct line it;
        if (!next_line(&rest, &it))
            return err_set(e, HW_EIO, "a part of the log, from line %" PRId64 " on, can't be read", seq);
        if (seq + i > r->after && seq + i < r->before && (streams[it.stream].bit & r->streams))
            add_row(r, seq + i, &it);
    }
    return 0;
}

static int begin_reading(struct reading *r, const char *job_id, const char *stream, struct store_tx *tx,
                         const char *text, struct sql_stmt **st, struct err *e)
{
    r->streams = stream ? streams[stream_of(stream)].bit : ALL_STREAMS;
    *st = sql_begin(tx, text, e);
    if (!*st) return HW_EINTERNAL;
    sql_bind_text(*st, 1, job_id);
    sql_bind_i64(*st, 2, r->after);
    sql_bind_i64(*st, 3, r->before);
    sql_bind_i64(*st, 4, r->streams);
    return 0;
}

// The chunk that holds the line after `after` may begin before it.
#define FROM_CHUNKS                                                                                                    \
    "SELECT seq, lines, data FROM job_logs WHERE job_id = ?1 AND seq + lines - 1 > ?2 AND seq < ?3"                    \
    " AND seq >= COALESCE((SELECT MAX(seq) FROM job_logs WHERE job_id = ?1 AND seq <= ?2), 0)"                         \
    " AND (streams & ?4) <> 0 ORDER BY seq"
// A chunk holds a line at least that is asked for, but for the first and the last, where it may lie outside.
#define AT_MOST " LIMIT ?5"

static void keep_first(struct reading *r, int limit)
{
    while (r->n > 0 && r->n > limit) row_release(&r->rows[--r->n]);
}

static int finish(struct reading *r, int rc, struct job_log_row **rows, int *n)
{
    if (rc) {
        job_logs_free(r->rows, r->n);
        return rc;
    }
    *rows = r->rows;
    *n = r->n;
    return 0;
}

int job_logs_list(struct store_tx *tx, const char *job_id, int64_t after, int limit, const char *stream,
                  struct job_log_row **rows, int *n, struct err *e)
{
    struct reading r = {.after = after < 0 ? 0 : after, .before = INT64_MAX};
    struct sql_stmt *st;
    *rows = NULL, *n = 0;
    int rc = begin_reading(&r, job_id, stream, tx, FROM_CHUNKS AT_MOST, &st, e);
    if (rc) return rc;
    sql_bind_i64(st, 5, (int64_t)limit + 2);
    int step = 1;
    while (!rc && r.n < limit && (step = sql_step(st, e)) == 1) rc = read_chunk(&r, st, e);
    sql_end(st);
    keep_first(&r, limit);
    return finish(&r, rc ? rc : step < 0 ? step : 0, rows, n);
}

int job_logs_newest(struct store_tx *tx, const char *job_id, int64_t after, int64_t before, int limit,
                    const char *stream, struct job_log_row **rows, int *n, struct err *e)
{
    struct reading all = {.after = after < 0 ? 0 : after, .before = before};
    struct sql_stmt *st;
    *rows = NULL, *n = 0;
    int rc = begin_reading(&all, job_id, stream, tx, FROM_CHUNKS " DESC" AT_MOST, &st, e);
    if (rc) return rc;
    sql_bind_i64(st, 5, (int64_t)limit + 2);
    int step = 1;
    while (!rc && all.n < limit && (step = sql_step(st, e)) == 1) {
        int first = all.n;
        rc = read_chunk(&all, st, e);
        turn(all.rows, first, all.n); // newest first, as the chunks come
    }
    sql_end(st);
    keep_first(&all, limit);
    turn(all.rows, 0, all.n);
    return finish(&all, rc ? rc : step < 0 ? step : 0, rows, n);
}

void job_logs_free(struct job_log_row *rows, int n)
{
    for (int i = 0; i < n; i++) row_release(&rows[i]);
    free(rows);
}

// ---- forgetting ---------------------------------------------------------------------------------------------------

int job_logs_cut(struct store_tx *tx, const char *job_id, int64_t from, int64_t bytes, int max,
                 struct job_logs_cut *out, struct err *e)
{
    *out = (struct job_logs_cut){.begin = from};
    struct sql_stmt *st = sql_begin(
        tx, "SELECT seq, lines, bytes FROM job_logs WHERE job_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, from);
    sql_bind_i64(st, 3, max);
    int rc = 1;
    while (out->text + out->lines * LOG_LINE_COST < bytes && (rc = sql_step(st, e)) == 1) {
        out->begin = sql_i64(st, 0) + sql_i64(st, 1);
        out->lines += sql_i64(st, 1);
        out->text += sql_i64(st, 2);
    }
    sql_end(st);
    if (rc < 0 || out->lines == 0) return rc < 0 ? rc : 0;
    st = sql_begin(tx, "DELETE FROM job_logs WHERE job_id = ?1 AND seq >= ?2 AND seq < ?3", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, job_id);
    sql_bind_i64(st, 2, from);
    sql_bind_i64(st, 3, out->begin);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}
