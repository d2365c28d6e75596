// From a request's parameters to a queued job: checked before anything is queued, so that what can't work is refused at
// once with the field's name.
//
// The way: the job's own members (name, priority, …) and the ids are taken out of the body, the rest is checked against
// the kind's table; a read finds what the ids name and checks the parameters against it (submit_kinds.c); then the
// queue writes job and entity in one transaction.
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "api/submit.h"
#include "base/clock.h"
#include "base/file.h"
#include "jobs/fields.h"
#include "jobs/job_json.h"
#include "jobs/queue_names.h"

static const char *const job_members[] = {"name",         "priority",        "queue",
                                          "max_attempts", "delay_seconds",   "not_before",
                                          "auto_retry",   "idempotency_key", "time_limit_seconds"};
static const double TEN_YEARS = 315360000;

static bool is_job_member(const char *key)
{
    for (size_t i = 0; i < sizeof job_members / sizeof *job_members; i++)
        if (strcmp(key, job_members[i]) == 0) return true;
    return false;
}

// ---- reading the body ---------------------------------------------------------------------------------------------

// delay_seconds from now, or not_before, a time.
static int read_delay(struct submission *s, struct err *e)
{
    const char *text;
    double delay;
    bool delayed = json_object_get(s->body, "delay_seconds") != NULL;
    int rc = json_get_f64(s->body, "delay_seconds", 0, 0, TEN_YEARS, &delay, e);
    if (!rc) rc = json_get_str(s->body, "not_before", NULL, &text, e);
    if (rc) return rc;
    if (text && delayed)
        return err_field(e, HW_EVALIDATION, "not_before", "not_before and delay_seconds exclude each other");
    if (text && (!clock_parse(slice_str(text), &s->not_before) || s->not_before < 0))
        return err_field(e, HW_EVALIDATION, "not_before", "not_before must be a time like 2030-01-31T08:00:00Z");
    if (delay > 0) s->not_before = clock_now_us() + (int64_t)(delay * 1e6);
    return 0;
}

// Only a limit that the user sets is one: there is no default.
static int read_limit(struct submission *s, struct err *e)
{
    const json_t *limit = json_object_get(s->body, "time_limit_seconds");
    if (!limit || json_is_null(limit)) return 0;
    return json_get_f64(s->body, "time_limit_seconds", 1, 1, TEN_YEARS, &s->time_limit_seconds, e);
}

static int read_job_members(struct submission *s, struct err *e)
{
    int64_t priority, attempts;
    int rc = json_get_str(s->body, "name", NULL, &s->name, e);
    if (!rc) rc = json_get_str(s->body, "queue", NULL, &s->queue, e);
    if (!rc) rc = json_get_str(s->body, "idempotency_key", NULL, &s->idempotency_key, e);
    if (!rc) rc = json_get_i64(s->body, "priority", 0, -1000, 1000, &priority, e);
    if (!rc) rc = json_get_i64(s->body, "max_attempts", 1, 1, 100, &attempts, e);
    if (!rc) rc = json_get_bool(s->body, "auto_retry", false, &s->auto_retry, e);
    if (!rc) rc = read_limit(s, e);
    if (!rc) rc = read_delay(s, e);
    if (!rc && s->queue && !queue_name_ok(slice_str(s->queue)))
        rc = err_field(e, HW_EVALIDATION, "queue",
                       "queue must have 1 to %d characters, letters, digits, \"_\", \".\" and \"-\"", QUEUE_NAME_MAX);
    if (!rc && s->name && strlen(s->name) > 200)
        rc = err_field(e, HW_EVALIDATION, "name", "name has more than 200 bytes");
    if (!rc && s->idempotency_key && (!*s->idempotency_key || strlen(s->idempotency_key) > 200))
        rc = err_field(e, HW_EVALIDATION, "idempotency_key", "idempotency_key must have 1 to 200 bytes");
    if (rc) return rc;
    s->priority = (int)priority;
    s->max_attempts = (int)attempts;
    return 0;
}

// The ids that the kind works on, all required.
static int read_ids(struct submission *s, struct err *e)
{
    for (int i = 0; i < SUBMIT_IDS_MAX && s->rule->ids[i]; i++) {
        int rc = json_get_str(s->body, s->rule->ids[i], NULL, &s->ids[i], e);
        if (!rc && !s->ids[i]) rc = err_field(e, HW_EVALIDATION, s->rule->ids[i], "%s is missing", s->rule->ids[i]);
        if (rc) return rc;
    }
    return 0;
}

static bool is_id(const struct submission *s, const char *key)
{
    for (int i = 0; i < SUBMIT_IDS_MAX && s->rule->ids[i]; i++)
        if (strcmp(key, s->rule->ids[i]) == 0) return true;
    return false;
}

static int read_body(struct submission *s, struct err *e)
{
    int rc = read_job_members(s, e);
    if (!rc) rc = read_ids(s, e);
    if (rc) return rc;
    json_t *params = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(s->body, key, value)
    {
        if (!is_job_member(key) && !is_id(s, key)) json_object_set(params, key, value);
    }
    s->spec = job_kind_resolve(s->kind, params, e);
    json_decref(params);
    return s->spec ? 0 : e->code;
}

// What the user asked for, completed with the defaults: kept with the job. Then the spec gets what only the task needs.
static void keep_params(struct submission *s)
{
    json_t *params = json_copy(s->spec);
    for (int i = 0; i < SUBMIT_IDS_MAX && s->rule->ids[i]; i++)
        json_object_set_new(params, s->rule->ids[i], json_string(s->ids[i]));
    s->params = params;
}

// ---- the way through the threads ----------------------------------------------------------------------------------

static void submission_free(struct submission *s)
{
    struct request *req = s->req;
    if (s->rule->release) s->rule->release(s);
    json_decref(s->body);
    json_decref(s->spec);
    json_decref(s->params);
    job_row_release(&s->existing);
    free(s->estimate);
    free(s->output_dir);
    if (req) request_unref(req); // `s` is the request's memory
}

static void refuse(struct submission *s, const struct err *e)
{
    request_reply_error(s->req, e);
    submission_free(s);
}

// A submission that comes again is answered with its job before anything is checked: what the first one has made (a
// dataset that is being tokenized) would refuse the second.
static int check(struct store_tx *tx, void *ctx, struct err *e)
{
    struct submission *s = ctx;
    if (s->estimating) {
        int rc = s->rule->check(s, tx, e);
        return rc ? rc : s->rule->estimate(s, tx, e);
    }
    if (s->idempotency_key) {
        int rc = job_row_by_key(tx, s->idempotency_key, &s->existing, e);
        s->existed = rc == 0;
        if (rc != HW_ENOTFOUND) return rc;
        err_clear(e);
    }
    return s->rule->check(s, tx, e);
}

static int also(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    struct submission *s = ctx;
    return s->rule->write_entity(s, tx, job, e);
}

static void submitted(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed)
{
    struct submission *s = ctx;
    if (rc < 0) {
        refuse(s, e);
        return;
    }
    struct buf body = BUF_INIT;
    struct jw w;
    char text[160];
    jw_init(&w, &body);
    // A repeated submission made no entity of its own: the job says which one there is.
    if (s->answer_job || existed || !s->rule->entity_json)
        job_json(&w, job, queue_status_text(s->api->queue, job, text, sizeof text));
    else
        s->rule->entity_json(s, &w);
    request_reply(s->req, existed ? 200 : 201, &body);
    buf_release(&body);
    submission_free(s);
}

static void answer_estimate(struct submission *s)
{
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    s->rule->estimate_json(s, &w);
    request_reply(s->req, 200, &body);
    buf_release(&body);
    submission_free(s);
}

static void checked(void *ctx, int rc, const struct err *e)
{
    struct submission *s = ctx;
    if (rc < 0) {
        refuse(s, e);
        return;
    }
    if (s->estimating) {
        answer_estimate(s);
        return;
    }
    if (s->existed) {
        submitted(s, 0, NULL, &s->existing, true);
        return;
    }
    struct buf params = BUF_INIT, spec = BUF_INIT;
    struct jw w;
    jw_init(&w, &params);
    jw_json(&w, s->params);
    json_object_set_new(s->spec, "output_dir", json_string(s->output_dir));
    jw_init(&w, &spec);
    jw_json(&w, s->spec);
    const struct queue_submission q = {
        .id = s->job_id,
        .kind = s->kind->name,
        .name = s->name ? s->name : s->default_name,
        .queue = s->queue,
        .resource_class = s->kind->resource_class,
        .entity_type = s->kind->entity_type,
        .entity_id = s->entity_id,
        .idempotency_key = s->idempotency_key,
        .output_dir = s->output_dir,
        .params = buf_slice(&params),
        .spec = buf_slice(&spec),
        .priority = s->priority,
        .max_attempts = s->max_attempts,
        .determinate = s->kind->determinate,
        .not_before = s->not_before,
        .time_limit_seconds = s->time_limit_seconds,
        .auto_retry = s->auto_retry,
        .also = s->rule->write_entity ? also : NULL,
        .also_ctx = s,
    };
    queue_submit(s->api->queue, &q, submitted, s);
    buf_release(&params);
    buf_release(&spec);
}

static int unknown_kind(const char *kind, struct err *e)
{
    struct buf names = BUF_INIT;
    job_kind_names(&names);
    int rc =
        err_field(e, HW_EVALIDATION, "kind", "there is no job kind \"%.40s\"; known are %s", kind, buf_cstr(&names));
    buf_release(&names);
    return rc;
}

enum submit_as { SUBMIT_ENTITY, SUBMIT_JOB, SUBMIT_ESTIMATE };

static void submit(struct resources *api, struct request *req, const char *kind, const json_t *body, enum submit_as as)
{
    struct err e = {0};
    const struct job_kind *k = job_kind_find(kind);
    const struct submit_rule *rule = submit_rule_find(kind);
    if (!k || !rule) {
        if (k)
            err_field(&e, HW_EVALIDATION, "kind", "a command runs where it is called: headway run");
        else
            unknown_kind(kind, &e);
        request_reply_error(req, &e);
        return;
    }
    struct submission *s = request_alloc(req, sizeof *s);
    s->api = api;
    s->req = request_ref(req);
    s->rule = rule;
    s->kind = k;
    s->answer_job = as == SUBMIT_JOB;
    s->estimating = as == SUBMIT_ESTIMATE;
    job_row_init(&s->existing);
    s->body = json_deep_copy(body); // the store's thread reads it
    id_new("job", s->job_id);
    if (read_body(s, &e) != 0) {
        refuse(s, &e);
        return;
    }
    keep_params(s);
    store_read(api->store, check, checked, s);
}

int submit_would_take(struct resources *api, struct store_tx *tx, const char *kind, const json_t *params, struct err *e)
{
    struct submission s = {.api = api, .rule = submit_rule_find(kind), .kind = job_kind_find(kind)};
    if (!s.rule || !s.kind) return 0;
    job_row_init(&s.existing);
    s.body = json_deep_copy(params);
    id_new("job", s.job_id);
    int rc = read_body(&s, e);
    if (!rc) {
        keep_params(&s);
        rc = s.rule->check(&s, tx, e);
    }
    submission_free(&s);
    return rc;
}

void submit_job(struct resources *api, struct request *req, const char *kind, const json_t *body, bool answer_job)
{
    submit(api, req, kind, body, answer_job ? SUBMIT_JOB : SUBMIT_ENTITY);
}

void submit_estimate(struct resources *api, struct request *req, const char *kind, const json_t *body)
{
    submit(api, req, kind, body, SUBMIT_ESTIMATE);
}

void submit_with_id(struct resources *api, struct request *req, const char *kind, const char *id_key, bool answer_job)
{
    struct err e = {0};
    json_t *body = request_json(req, &e);
    if (!body) {
        request_reply_error(req, &e);
        return;
    }
    json_t *full = json_copy(body);
    json_object_set_new(full, id_key, json_string(request_param(req, "id")));
    submit_job(api, req, kind, full, answer_job);
    json_decref(full);
}
