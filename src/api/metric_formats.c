#include "api/metric_formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "jobs/job_json.h"

const char *metric_format_type(enum metric_format f)
{
    switch (f) {
    case METRIC_CSV: return "text/csv; charset=utf-8; header=present";
    case METRIC_BINARY: return "application/octet-stream";
    default: return "application/json";
    }
}

static void write_json(struct buf *out, const char *training_id, const struct metric_rows *m)
{
    struct jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "training_id", training_id);
    jw_key(&w, "items");
    jw_arr(&w);
    for (int64_t i = 0; i < m->n; i++) metric_json(&w, &m->rows[i]);
    jw_arr_end(&w);
    if (m->more_after >= 0)
        jw_ki64(&w, "next_since_step", m->more_after);
    else
        jw_knull(&w, "next_since_step");
    jw_obj_end(&w);
}

// ---- CSV -----------------------------------------------------------------------------------------------------------

static void add_real(struct buf *out, double v)
{
    buf_add_char(out, ',');
    if (isinf(v))
        buf_add_str(out, v > 0 ? "inf" : "-inf");
    else if (!isnan(v))
        json_add_f64(out, v);
}

static void add_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, ',');
    if (!text) return;
    buf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"') buf_add_char(out, '"');
        buf_add_char(out, *text);
    }
    buf_add_char(out, '"');
}

static void write_csv(struct buf *out, const struct metric_rows *m)
{
    buf_add_str(out, "step,layer_idx,timestamp");
#define X(name) buf_add_str(out, "," #name);
    METRIC_COLUMNS(X)
#undef X
    buf_add_str(out, ",extra\r\n");
    for (int64_t i = 0; i < m->n; i++) {
        const struct metric_row *r = &m->rows[i];
        char ts[CLOCK_RFC3339_SIZE];
        clock_format(r->timestamp, ts);
        buf_addf(out, "%lld,", (long long)r->step);
        if (r->layer_idx >= 0) buf_addf(out, "%d", r->layer_idx);
        buf_add_char(out, ',');
        buf_add_str(out, ts);
#define X(name) add_real(out, r->name);
        METRIC_COLUMNS(X)
#undef X
        add_quoted(out, r->extra);
        buf_add_str(out, "\r\n");
    }
}

// ---- columns -------------------------------------------------------------------------------------------------------

enum { HEAD_BYTES = 32, TYPE_F64 = 1, TYPE_I32 = 2, VERSION = 1, HAS_MORE = 1, NAME_BYTES_MAX = UINT16_MAX };

// Every name in `extra`, though it be in one row only, is a column as long as the others: a program that makes up names
// as it goes must not cost the server its memory.
enum { EXTRA_BYTES_MAX = 64 << 20 };

static void add_le(struct buf *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) buf_add_char(out, (char)(v >> (8 * i)));
}

static void add_f64(struct buf *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    add_le(out, bits, 8);
}

static void pad(struct buf *out)
{
    while (out->n % 8) buf_add_char(out, 0);
}

// The columns that have a value, and what the rows hold besides them: one array of numbers for each name.
struct columns {
    struct buf names; // descriptions
    struct buf data;
    uint32_t n;
};

static void describe(struct columns *c, struct slice name, int type)
{
    add_le(&c->names, name.n, 2);
    add_le(&c->names, (uint64_t)type, 2);
    buf_add_slice(&c->names, name);
    pad(&c->names);
    c->n++;
}

static void add_column(struct columns *c, const char *name, const struct metric_rows *m, size_t offset)
{
    int64_t i = 0;
#define VALUE(k) *(const double *)(const void *)((const char *)&m->rows[k] + offset)
    while (i < m->n && isnan(VALUE(i))) i++;
    if (i == m->n) return;
    describe(c, slice_str(name), TYPE_F64);
    for (i = 0; i < m->n; i++) add_f64(&c->data, VALUE(i));
#undef VALUE
}

// The column of that name, made if there is none.
static double *extra_column(struct map *extras, struct slice name, int64_t rows, struct err *e)
{
    double *column = map_get(extras, name);
    if (column) return column;
    if (name.n > NAME_BYTES_MAX || (extras->count + 1) * (size_t)rows * sizeof *column > EXTRA_BYTES_MAX) {
        err_field(e, HW_EVALIDATION, "format",
                  "what these rows hold in extra is too much for columns; ask for fewer of them, or for json or csv");
        return NULL;
    }
    column = mem_array((size_t)rows, sizeof *column);
    for (int64_t k = 0; k < rows; k++) column[k] = (double)NAN;
    (void)map_put(extras, name, column); // there was none
    return column;
}

static int collect_extra(struct map *extras, const struct metric_rows *m, struct err *e)
{
    int rc = 0;
    for (int64_t i = 0; i < m->n && !rc; i++) {
        if (!m->rows[i].extra) continue;
        json_t *extra = json_loads(m->rows[i].extra, 0, NULL); // the server's own text
        const char *key;
        json_t *value;
        json_object_foreach(extra, key, value)
        {
            if (!json_is_number(value)) continue;
            double *column = extra_column(extras, slice_str(key), m->n, e);
            if (!column) {
                rc = HW_EVALIDATION;
                break;
            }
            column[i] = json_number_value(value);
        }
        json_decref(extra);
    }
    return rc;
}

static int add_extras(struct columns *c, const struct metric_rows *m, struct err *e)
{
    struct map extras;
    size_t at = 0;
    map_init(&extras);
    int rc = collect_extra(&extras, m, e);
    for (struct map_entry *it; (it = map_next(&extras, &at)) != NULL;) {
        double *column = it->value;
        if (!rc) describe(c, slice_of(it->key, it->key_len), TYPE_F64);
        for (int64_t i = 0; i < m->n && !rc; i++) add_f64(&c->data, column[i]);
        free(column);
    }
    map_release(&extras);
    return rc;
}

static void put_together(struct buf *out, const struct columns *c, const struct metric_rows *m)
{
    buf_add(out, "HWMC", 4);
    add_le(out, VERSION, 2);
    add_le(out, m->more_after >= 0 ? HAS_MORE : 0, 2);
    add_le(out, c->n, 4);
    add_le(out, (uint64_t)m->n, 4);
    add_f64(out, m->more_after >= 0 ? (double)m->more_after : -1);
    add_le(out, HEAD_BYTES + c->names.n, 4);
    add_le(out, HEAD_BYTES + c->names.n + c->data.n, 4);
    buf_add_slice(out, buf_slice(&c->names));
    buf_add_slice(out, buf_slice(&c->data));
}

static int write_binary(struct buf *out, const struct metric_rows *m, struct err *e)
{
    struct columns c = {0};
    describe(&c, SLICE_LIT("step"), TYPE_F64);
    for (int64_t i = 0; i < m->n; i++) add_f64(&c.data, (double)m->rows[i].step);
    describe(&c, SLICE_LIT("layer_idx"), TYPE_I32);
    for (int64_t i = 0; i < m->n; i++) add_le(&c.data, (uint32_t)m->rows[i].layer_idx, 4);
    pad(&c.data);
    describe(&c, SLICE_LIT("timestamp"), TYPE_F64);
    for (int64_t i = 0; i < m->n; i++) add_f64(&c.data, (double)m->rows[i].timestamp / 1e3);
#define X(name) add_column(&c, #name, m, offsetof(struct metric_row, name));
    METRIC_COLUMNS(X)
#undef X
    int rc = add_extras(&c, m, e);
    if (!rc) put_together(out, &c, m);
    buf_release(&c.names);
    buf_release(&c.data);
    return rc;
}

int metric_rows_write(struct buf *out, enum metric_format f, const char *training_id, const struct metric_rows *m,
                      struct err *e)
{
    switch (f) {
    case METRIC_CSV: write_csv(out, m); return 0;
    case METRIC_BINARY: return write_binary(out, m, e);
    default: write_json(out, training_id, m); return 0;
    }
}
