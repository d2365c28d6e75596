// GET /api/v1/system/history?from=&to=&resolution=: what the machine did between two times. The last hour is in memory,
// moment by moment; what lies before is on the disk, minute by minute.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "api/system.h"
#include "base/clock.h"
#include "base/mem.h"
#include "monitor/minute.h"
#include "monitor/recent.h"
#include "monitor/system_series.h"
#include "store/system_history_table.h"

enum { POINTS_DEFAULT = 500 };

struct range {
    struct resource_op op;
    char host[256];
    struct system_series series;
    bool from_memory;
    int64_t memory_begins; // the minute of the first moment that is remembered; INT64_MAX: none is
    int64_t fine_step_us;  // if all of it is from memory
    int64_t *minutes;      // that the disk has told, in order
    int n_minutes;
};

// ---- the disk's part, on a store thread ----------------------------------------------------------------------------

static void add_minute(void *ctx, int64_t time, int64_t samples, struct slice readings)
{
    struct range *r = ctx;
    struct reading_stats minute = {0};
    json_t *obj = json_read_object(readings, NULL);
    reading_stats_read(&minute, obj, samples);
    json_decref(obj);
    system_series_add_minute(&r->series, time, &minute);
    reading_stats_release(&minute);
    // Room is kept in powers of two.
    if ((r->n_minutes & (r->n_minutes - 1)) == 0)
        r->minutes = mem_realloc_array(r->minutes, r->n_minutes ? (size_t)r->n_minutes * 2 : 1, sizeof *r->minutes);
    r->minutes[r->n_minutes++] = time;
}

// The machine wasn't watched before what is remembered: a server that has just begun. Memory then has all there is, in
// finer steps.
static void prefer_memory(struct range *r)
{
    struct system_series fine;
    if (r->n_minutes && r->minutes[0] < r->memory_begins) return;
    if (r->memory_begins >= r->series.to_us || r->fine_step_us >= r->series.step_us) return;
    if (!system_series_init(&fine, r->series.from_us, r->series.to_us, r->fine_step_us)) return;
    system_series_release(&r->series);
    r->series = fine;
    r->from_memory = true;
    r->n_minutes = 0;
}

static int read_range(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct range *r = (struct range *)op;
    if (r->from_memory) return 0;
    int rc = system_minutes_each(tx, r->host, r->series.first_us, r->series.to_us, add_minute, r, e);
    if (!rc) prefer_memory(r);
    return rc;
}

// ---- the memory's, and the answer, on the loop's -------------------------------------------------------------------

static bool told(const struct range *r, int64_t minute)
{
    int lo = 0, hi = r->n_minutes;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (r->minutes[mid] < minute)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n_minutes && r->minutes[lo] == minute;
}

static int64_t minute_of(const struct moment *m)
{
    return m->at_us - m->at_us % MINUTE_US;
}

// What no row holds yet. The minute under way is in none, even if there is a row of this name: then the clock was set
// back.
static void add_recent(struct range *r, const struct recent *recent)
{
    size_t n = recent_count(recent);
    int64_t under_way = n ? minute_of(recent_at(recent, n - 1)) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct moment *m = recent_at(recent, i);
        if (minute_of(m) == under_way || !told(r, minute_of(m))) system_series_add_moment(&r->series, m);
    }
}

static void write_range(struct resource_op *op, struct jw *w)
{
    struct range *r = (struct range *)op;
    const struct system_provider *p = op->api->system;
    const struct recent *recent = p->recent(p->ctx, r->host);
    if (recent) add_recent(r, recent);
    jw_obj(w);
    jw_kstr(w, "host", r->host);
    jw_ktime(w, "from", r->series.from_us);
    jw_ktime(w, "to", r->series.to_us);
    jw_ki64(w, "resolution_seconds", r->series.step_us / 1000000);
    jw_kstr(w, "source", r->from_memory ? "memory" : "disk");
    jw_key(w, "items");
    system_series_write(&r->series, w);
    jw_obj_end(w);
}

static void release_range(struct resource_op *op)
{
    struct range *r = (struct range *)op;
    system_series_release(&r->series);
    free(r->minutes);
}

// ---- what is asked -------------------------------------------------------------------------------------------------

static const struct moment *first_remembered(const struct system_provider *p, const char *host)
{
    const struct recent *recent = p->recent(p->ctx, host);
    return recent && recent_count(recent) ? recent_at(recent, 0) : NULL;
}

static int read_query(const struct request *req, const struct system_provider *p, struct range *r, struct err *e)
{
    const char *host = request_query(req, "host");
    int64_t from, to, seconds;
    snprintf(r->host, sizeof r->host, "%s", host && *host ? host : p->host(p->ctx));
    int rc = request_query_time(req, "from", 0, &from, e);
    if (!rc) rc = request_query_time(req, "to", clock_now_us(), &to, e);
    if (!rc) rc = request_query_i64(req, "resolution", 0, 1, 86400, &seconds, e);
    if (rc) return rc;
    if (from <= 0) return err_field(e, HW_EVALIDATION, "from", "from is missing, or lies before 1970");
    if (to <= from) return err_field(e, HW_EVALIDATION, "to", "to doesn't lie behind from");
    const struct moment *first = first_remembered(p, r->host);
    r->from_memory = first && first->at_us <= from;
    r->memory_begins = first ? minute_of(first) : INT64_MAX;
    r->fine_step_us = seconds ? seconds * 1000000 : system_series_step(to - from, p->interval_us, POINTS_DEFAULT);
    int64_t step = r->fine_step_us;
    // Nothing finer is known of what was longer ago, and a minute can't be divided among steps.
    if (!r->from_memory) step = (step + MINUTE_US - 1) / MINUTE_US * MINUTE_US;
    if (system_series_init(&r->series, from, to, step)) return 0;
    return err_field(e, HW_EVALIDATION, "resolution", "that would be more than %d items; accepted is %lld or more",
                     SERIES_STEPS_MAX, (long long)((to - from) / SERIES_STEPS_MAX / 1000000 + 1));
}

void system_history_range(struct request *req, struct resources *api)
{
    struct range *r = op_new(api, req, sizeof *r);
    struct err e = {0};
    r->op.read = read_range;
    r->op.write = write_range;
    r->op.release = release_range;
    if (read_query(req, api->system, r, &e) != 0)
        op_answer(&r->op, &e);
    else
        op_read(&r->op);
}
