#include "api/maintenance.h"

#include <string.h>

#include "api/schedule.h"
#include "base/clock.h"
#include "base/json.h"
#include "http/request.h"
#include "http/router.h"
#include "jobs/archival.h"
#include "jobs/schedule.h"
#include "store/store.h"

// ---- counts --------------------------------------------------------------------------------------------------------

struct counting {
    struct request *req; // a reference
    const struct maintenance_api *api;
    struct metric_ages ages;
};

static int count(struct store_tx *tx, void *ctx, struct err *e)
{
    return get_metric_count_by_age(tx, clock_now_us(), &((struct counting *)ctx)->ages, e);
}

static void write_ages(struct jw *w, const char *key, const int64_t rows[METRIC_AGES])
{
    int64_t sum = 0;
    for (int i = 0; i < METRIC_AGES; i++) sum += rows[i];
    jw_key(w, key);
    jw_obj(w);
    jw_ki64(w, "rows", sum);
    jw_key(w, "by_age");
    jw_arr(w);
    for (int i = 0; i < METRIC_AGES; i++) {
        jw_obj(w);
        jw_ki64(w, "from_days", i ? metric_age_days[i - 1] : 0);
        if (i < METRIC_AGES - 1)
            jw_ki64(w, "to_days", metric_age_days[i]);
        else
            jw_knull(w, "to_days");
        jw_ki64(w, "rows", rows[i]);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_obj_end(w);
}

static void counted(void *ctx, int rc, const struct err *e)
{
    struct counting *c = ctx;
    struct request *req = c->req;
    if (rc) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        struct jw w;
        jw_init(&w, &body);
        jw_obj(&w);
        write_ages(&w, "live", c->ages.live);
        write_ages(&w, "archived", c->ages.archived);
        jw_key(&w, "task");
        schedule_task_json(&w, c->api->schedule, ARCHIVAL_TASK);
        jw_obj_end(&w);
        request_reply(req, 200, &body);
    }
    request_unref(req);
}

static void metrics_get(struct request *req, void *ctx)
{
    const struct maintenance_api *api = ctx;
    struct counting *c = request_alloc(req, sizeof *c);
    c->req = request_ref(req);
    c->api = api;
    store_read(api->store, count, counted, c);
}

// ---- archive and restore -------------------------------------------------------------------------------------------

// Starts the run that was asked for: 202 with the task.
static void start(struct request *req, const struct maintenance_api *api, const char *argument)
{
    struct err e = {0};
    if (schedule_run_with(api->schedule, ARCHIVAL_TASK, argument, &e) != 0) {
        request_reply_error(req, &e);
        return;
    }
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    schedule_task_json(&w, api->schedule, ARCHIVAL_TASK);
    request_reply(req, 202, &body);
}

static void archive(struct request *req, void *ctx)
{
    const struct maintenance_api *api = ctx;
    struct err e = {0};
    int64_t days;
    const json_t *body = request_json(req, &e);
    if (!body || json_get_i64(body, "days_old", -1, 0, 36500, &days, &e) != 0) {
        request_reply_error(req, &e);
        return;
    }
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    archival_to_archive(days, argument);
    start(req, api, days < 0 ? NULL : argument);
}

static void restore(struct request *req, void *ctx)
{
    const struct maintenance_api *api = ctx;
    struct err e = {0};
    const char *id = NULL;
    bool all = false;
    const json_t *body = request_json(req, &e);
    int rc = body ? json_get_str(body, "training_id", NULL, &id, &e) : e.code;
    if (!rc) rc = json_get_bool(body, "all", false, &all, &e);
    if (!rc && (id != NULL) == all)
        rc = err_field(&e, HW_EVALIDATION, "training_id", "either training_id or \"all\": true is wanted");
    if (!rc && id && strlen(id) >= ID_SIZE) rc = err_set(&e, HW_ENOTFOUND, "there is no training %.60s", id);
    if (rc) {
        request_reply_error(req, &e);
        return;
    }
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    archival_to_restore(id, argument);
    start(req, api, argument);
}

static const struct route routes[] = {
    {"GET", "/api/v1/maintenance/metrics", metrics_get},
    {"POST", "/api/v1/maintenance/archive", archive},
    {"POST", "/api/v1/maintenance/restore", restore},
};

void maintenance_routes(struct router *r, struct maintenance_api *api)
{
    router_add(r, routes, sizeof routes / sizeof *routes, api);
}
