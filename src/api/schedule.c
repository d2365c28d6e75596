#include "api/schedule.h"

#include "base/json.h"
#include "http/request.h"
#include "http/router.h"
#include "jobs/schedule.h"

static void write_task(struct jw *w, const struct schedule_view *v)
{
    jw_obj(w);
    jw_kstr(w, "name", v->name);
    jw_kstr(w, "description", v->description);
    jw_kstr(w, "spec", v->spec);
    jw_kstr(w, "timezone", v->timezone);
    jw_kbool(w, "running", v->running);
    jw_ktime(w, "last_started_at", v->last_started_at);
    jw_ksig(w, "last_duration_seconds", v->last_duration_seconds, 3);
    if (v->last_result)
        jw_kraw(w, "last_result", slice_str(v->last_result));
    else
        jw_knull(w, "last_result");
    jw_kstr(w, "last_error", v->last_error);
    jw_ktime(w, "last_success_at", v->last_success_at);
    jw_ktime(w, "next_run_at", v->next_run_at);
    jw_ki64(w, "runs", v->runs);
    jw_ki64(w, "failures", v->failures);
    jw_obj_end(w);
}

void schedule_task_json(struct jw *w, const struct schedule *s, const char *name)
{
    size_t i;
    struct schedule_view v;
    if (!schedule_find(s, name, &i)) {
        jw_null(w);
        return;
    }
    schedule_view(s, i, &v);
    write_task(w, &v);
}

static void schedule_list(struct request *req, void *ctx)
{
    const struct schedule *s = ctx;
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_key(&w, "items");
    jw_arr(&w);
    for (size_t i = 0; i < schedule_count(s); i++) {
        struct schedule_view v;
        schedule_view(s, i, &v);
        write_task(&w, &v);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    request_reply(req, 200, &body);
}

static void schedule_run(struct request *req, void *ctx)
{
    struct schedule *s = ctx;
    const char *name = request_param(req, "name");
    struct err e = {0};
    size_t i;
    if (schedule_run_now(s, name, &e) != 0 || !schedule_find(s, name, &i)) {
        request_reply_error(req, &e);
        return;
    }
    struct schedule_view v;
    struct buf body = BUF_INIT;
    struct jw w;
    schedule_view(s, i, &v);
    jw_init(&w, &body);
    write_task(&w, &v);
    request_reply(req, 202, &body);
}

static const struct route routes[] = {
    {"GET", "/api/v1/schedule", schedule_list},
    {"POST", "/api/v1/schedule/{name}/run", schedule_run},
};

void schedule_routes(struct router *r, struct schedule *s)
{
    router_add(r, routes, sizeof routes / sizeof *routes, s);
}
