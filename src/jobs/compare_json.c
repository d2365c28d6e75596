// A comparison as JSON: GET /progress-history/compare.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "jobs/compare.h"

static const char *const basis_names[] = {[COMPARE_NOTHING] = NULL,
                                          [COMPARE_PROGRESS] = "progress",
                                          [COMPARE_UNITS] = "units",
                                          [COMPARE_DURATION] = "duration"};

static void rounded(struct jw *w, double v)
{
    jw_f64(w, round(v * 1e3) / 1e3); // NaN stays NaN: null
}

static void text(struct jw *w, const char *key, const char *v)
{
    jw_kstr(w, key, v[0] ? v : NULL);
}

static void count(struct jw *w, const char *key, int64_t n)
{
    if (n < 0)
        jw_knull(w, key);
    else
        jw_ki64(w, key, n);
}

// Of its own way, whatever the others did.
static void write_speeds(const struct run_times *t, struct jw *w)
{
    double way = run_times_between(t, t->start, t->reached);
    double share = (t->reached - t->start) / 100;
    const struct run_work *k = &t->work;
    jw_ksig(w, "percent_per_second", way > 0 ? share * 100 / way : (double)NAN, 4);
    double in_phase = k->phase[0] ? run_times_phase(t, k->phase) : t->seconds;
    // From a checkpoint on, what had been done before counts for no speed.
    double done = (double)k->done - (t->start > 0 ? t->start / 100 * (double)k->total : 0);
    jw_ksig(w, "units_per_second", k->total > 0 && in_phase > 0 && done > 0 ? done / in_phase : (double)NAN, 4);
    text(w, "unit", k->unit);
    count(w, "done", k->done);
    count(w, "total", k->total);
}

static void write_run(const struct compare_run *r, struct jw *w)
{
    const struct run_times *t = &r->times;
    double standing = (double)(r->last_at - r->first_at) / 1e6 - t->seconds;
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    text(w, "entity_type", r->entity_type);
    text(w, "entity_id", r->entity_id);
    text(w, "job_id", r->job_id);
    text(w, "kind", r->kind);
    text(w, "name", r->name);
    text(w, "status", r->status);
    count(w, "attempt", r->attempt ? r->attempt : -1);
    jw_ktime(w, "first_at", r->first_at);
    jw_ktime(w, "last_at", r->last_at);
    jw_kpercent(w, "progress", r->progress);
    jw_kpercent(w, "from", t->start);
    jw_kpercent(w, "reached", t->reached);
    jw_kfixed(w, "duration_seconds", r->first_at ? t->seconds : (double)NAN, 3);
    jw_kfixed(w, "standing_seconds", !r->first_at ? (double)NAN : standing > 0 ? standing : 0, 3);
    write_speeds(t, w);
    jw_ksig(w, "speed", r->speed, 4);
    jw_key(w, "phases");
    jw_arr(w);
    for (int i = 0; i < t->n_phases; i++) {
        jw_obj(w);
        jw_kstr(w, "name", t->phases[i].name);
        jw_kfixed(w, "seconds", t->phases[i].seconds, 3);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_key(w, "tenths");
    jw_arr(w);
    for (int i = 0; i < RUN_TENTHS; i++) {
        bool gone = t->start < 100.0 * (i + 1) / RUN_TENTHS && t->reached > 100.0 * i / RUN_TENTHS;
        rounded(w, gone ? t->tenths[i] : (double)NAN);
    }
    jw_arr_end(w);
    jw_obj_end(w);
}

// After how many seconds of its own way each was there.
static void write_by_progress(const struct comparison *c, struct jw *w)
{
    jw_key(w, "by_progress");
    jw_arr(w);
    for (int i = 0; i < COMPARE_MARKS; i++) {
        double mark = 100.0 * i / (COMPARE_MARKS - 1);
        jw_obj(w);
        jw_kf64(w, "progress", mark);
        jw_key(w, "seconds");
        jw_arr(w);
        for (int k = 0; k < c->n; k++) {
            const struct run_times *t = &c->runs[k].times;
            rounded(w, mark < t->start ? (double)NAN : run_times_between(t, t->start, mark));
        }
        jw_arr_end(w);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void write_by_time(const struct comparison *c, struct jw *w)
{
    double longest = 0;
    for (int k = 0; k < c->n; k++)
        longest = fmax(longest, run_times_between(&c->runs[k].times, c->runs[k].times.start, c->runs[k].times.reached));
    jw_key(w, "by_time");
    jw_arr(w);
    for (int i = 0; i < COMPARE_MARKS && longest > 0; i++) {
        double mark = longest * i / (COMPARE_MARKS - 1);
        jw_obj(w);
        jw_kfixed(w, "seconds", mark, 3);
        jw_key(w, "progress");
        jw_arr(w);
        for (int k = 0; k < c->n; k++) rounded(w, run_times_progress_at(&c->runs[k].times, mark));
        jw_arr_end(w);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void write_diverge(const struct comparison *c, struct jw *w)
{
    if (isnan(c->diverge_from)) {
        jw_knull(w, "diverge");
    } else {
        jw_key(w, "diverge");
        jw_obj(w);
        jw_kpercent(w, "from", c->diverge_from);
        jw_kpercent(w, "to", c->diverge_to);
        jw_kfixed(w, "share", c->diverge_share, 3);
        jw_obj_end(w);
    }
    jw_key(w, "ratios");
    jw_arr(w);
    for (int i = 0; i < RUN_TENTHS; i++) rounded(w, c->tenths[i]);
    jw_arr_end(w);
}

void compare_write(const struct comparison *c, struct jw *w)
{
    jw_obj(w);
    jw_kstr(w, "sentence", c->sentence);
    jw_kstr(w, "basis", basis_names[c->basis]);
    jw_kpercent(w, "from", c->from);
    jw_kpercent(w, "to", c->to);
    jw_kstr(w, "fastest", c->basis ? c->runs[c->fastest].id : NULL);
    jw_kstr(w, "slowest", c->basis ? c->runs[c->slowest].id : NULL);
    write_diverge(c, w);
    jw_key(w, "runs");
    jw_arr(w);
    for (int i = 0; i < c->n; i++) write_run(&c->runs[i], w);
    jw_arr_end(w);
    write_by_progress(c, w);
    write_by_time(c, w);
    jw_obj_end(w);
}
