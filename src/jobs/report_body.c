#include "jobs/report_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/wire_scan.h"

void report_body_release(struct report_body *b)
{
    for (int i = 0; i < b->n_jobs; i++) {
        for (int k = 0; k < b->jobs[i].n_events; k++) wire_event_release(&b->jobs[i].events[k]);
        free(b->jobs[i].events);
        free(b->jobs[i].lease);
        free(b->jobs[i].refused);
    }
    free(b->jobs);
    *b = (struct report_body){0};
}

// Room is kept in powers of two, so an array grows when its length is one (or none).
static void *grow(void *items, int n, size_t size)
{
    if (n & (n - 1)) return items;
    return mem_realloc_array(items, n ? (size_t)n * 2 : 1, size);
}

static struct job_report *add_job(struct report_body *b)
{
    b->jobs = grow(b->jobs, b->n_jobs, sizeof *b->jobs);
    struct job_report *job = &b->jobs[b->n_jobs++];
    *job = (struct job_report){.attempt = 1};
    return job;
}

static struct wire_event *next_event(struct job_report *job)
{
    job->events = grow(job->events, job->n_events, sizeof *job->events);
    return &job->events[job->n_events];
}

// Takes ownership of `it`. One line that a task got wrong doesn't cost the others: it is said in the job's log.
static void add_event(struct job_report *job, json_t *it)
{
    struct err bad = {0};
    if (wire_event_from_json(it, next_event(job), &bad) == 0)
        job->n_events++;
    else if (!job->refused)
        job->refused = mem_printf("ignored: %s", bad.message);
}

// ---- the usual body, in one pass ----------------------------------------------------------------------------------

// What a worker writes is read without a tree of the whole: of metrics and output, of which there may be many, none is
// made, and of other events one each. Whatever is unusual is left to the other reader, which also says what is wrong.

static bool plain_text(struct slice value, struct slice *out)
{
    if (value.p[0] != '"' || memchr(value.p, '\\', value.n)) return false;
    *out = slice_of(value.p + 1, value.n - 2);
    return true;
}

static bool plain_count(struct slice value, int64_t hi, int64_t *out)
{
    unsigned long long v;
    if (!slice_u64(value, &v) || v < 1 || v > (unsigned long long)hi) return false;
    *out = (int64_t)v;
    return true;
}

// The scan stands before an event.
static bool scan_event(struct json_scan *events, struct job_report *job)
{
    struct json_scan object;
    struct json_member m;
    struct err ignored;
    json_scan_into(events, &object);
    bool quick = wire_scan_metric(&object, next_event(job));
    if (!quick) {
        json_scan_into(events, &object);
        quick = wire_scan_output(&object, next_event(job));
    }
    if (quick) {
        job->n_events++;
        json_scan_back(events, &object);
        return true;
    }
    if (json_scan_value(events, &m, &ignored) != 0) return false;
    json_t *it = json_read(m.value, &ignored);
    if (it) add_event(job, it);
    return it != NULL;
}

static bool scan_events(struct json_scan *report, struct job_report *job)
{
    struct json_scan events;
    struct err ignored;
    int rc;
    json_scan_into(report, &events);
    while ((rc = json_scan_item(&events, &ignored)) == 1)
        if (!scan_event(&events, job)) return false;
    json_scan_back(report, &events);
    return rc == 0;
}

static bool scan_job(struct json_scan *reports, struct job_report *job)
{
    struct json_scan report;
    struct json_member m;
    struct err ignored;
    struct slice id = {0}, lease = {0};
    int64_t attempt = 0;
    bool events = false;
    int rc;
    json_scan_into(reports, &report);
    while ((rc = json_scan_name(&report, &m, &ignored)) == 1) {
        if (slice_is(m.name, "events")) {
            if (events || !scan_events(&report, job)) return false;
            events = true;
            continue;
        }
        if (json_scan_value(&report, &m, &ignored) != 0) return false;
        bool fine = slice_is(m.name, "job_id")    ? !id.p && plain_text(m.value, &id)
                    : slice_is(m.name, "lease")   ? !lease.p && plain_text(m.value, &lease)
                    : slice_is(m.name, "attempt") ? attempt == 0 && plain_count(m.value, INT32_MAX, &attempt)
                                                  : false;
        if (!fine) return false;
    }
    if (rc != 0 || !id.p || id.n >= ID_SIZE || !lease.p) return false;
    memcpy(job->job_id, id.p, id.n);
    job->lease = mem_strndup(lease.p, lease.n);
    if (attempt) job->attempt = (int)attempt;
    json_scan_back(reports, &report);
    return true;
}

static bool scan_reports(struct json_scan *body, struct report_body *out)
{
    struct json_scan reports;
    struct err ignored;
    int rc;
    json_scan_into(body, &reports);
    while ((rc = json_scan_item(&reports, &ignored)) == 1)
        if (!scan_job(&reports, add_job(out))) return false;
    json_scan_back(body, &reports);
    return rc == 0;
}

static bool scan_body(struct slice text, struct report_body *out)
{
    struct json_scan body;
    struct json_member m;
    struct err ignored;
    bool reports = false;
    int rc;
    json_scan_object(&body, text);
    while ((rc = json_scan_name(&body, &m, &ignored)) == 1) {
        if (slice_is(m.name, "reports")) {
            if (reports || !scan_reports(&body, out)) return false;
            reports = true;
            continue;
        }
        if (!slice_is(m.name, "batch") || out->batch) return false;
        if (json_scan_value(&body, &m, &ignored) != 0 || !plain_count(m.value, INT64_MAX, &out->batch)) return false;
    }
    return rc == 0 && reports && out->batch;
}

// ---- any body -----------------------------------------------------------------------------------------------------

static int read_job(const json_t *in, struct job_report *out, struct err *e)
{
    const char *id, *lease;
    int64_t attempt;
    if (!json_is_object(in)) return err_field(e, HW_EVALIDATION, "reports", "a report must be an object");
    int rc = json_get_str(in, "job_id", NULL, &id, e);
    if (!rc) rc = json_get_str(in, "lease", NULL, &lease, e);
    if (!rc) rc = json_get_i64(in, "attempt", 1, 1, INT32_MAX, &attempt, e);
    if (rc) return rc;
    if (!id || strlen(id) >= ID_SIZE) return err_field(e, HW_EVALIDATION, "job_id", "job_id is missing or too long");
    if (!lease) return err_field(e, HW_EVALIDATION, "lease", "lease is missing");
    json_t *events = json_object_get(in, "events");
    if (events && !json_is_array(events)) return err_field(e, HW_EVALIDATION, "events", "events must be a list");
    snprintf(out->job_id, sizeof out->job_id, "%s", id);
    out->attempt = (int)attempt;
    out->lease = mem_strdup(lease);
    size_t i;
    json_t *it;
    json_array_foreach(events, i, it) add_event(out, json_incref(it));
    return 0;
}

static int read_body(const json_t *body, struct report_body *out, struct err *e)
{
    int rc = json_get_i64(body, "batch", 0, 0, INT64_MAX, &out->batch, e);
    if (rc) return rc;
    if (out->batch < 1) return err_field(e, HW_EVALIDATION, "batch", "batch is missing; it counts from 1");
    json_t *reports = json_object_get(body, "reports");
    if (!json_is_array(reports)) return err_field(e, HW_EVALIDATION, "reports", "reports must be a list");
    size_t i;
    json_t *it;
    json_array_foreach(reports, i, it)
    {
        rc = read_job(it, add_job(out), e);
        if (rc) return rc;
    }
    return 0;
}

int report_body_read(struct slice text, struct report_body *out, struct err *e)
{
    *out = (struct report_body){0};
    if (scan_body(text, out)) return 0;
    report_body_release(out);
    json_t *body = json_read_object(text, e);
    if (!body) return HW_EINVALID;
    int rc = read_body(body, out, e);
    json_decref(body); // the events hold what they need of it
    if (rc) report_body_release(out);
    return rc;
}
