#include "jobs/run_times.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double TENTH = 100.0 / RUN_TENTHS;

void run_times_init(struct run_times *t)
{
    *t = (struct run_times){.start = (double)NAN, .reached = (double)NAN, .work = {.done = -1, .total = -1}};
}

static void add_phase(struct run_times *t, const char *name, double seconds)
{
    for (int i = 0; i < t->n_phases; i++) {
        if (strcmp(t->phases[i].name, name) != 0) continue;
        t->phases[i].seconds += seconds;
        return;
    }
    if (t->n_phases == RUN_PHASES - 1) name = "other";
    int at = t->n_phases < RUN_PHASES ? t->n_phases++ : RUN_PHASES - 1;
    snprintf(t->phases[at].name, sizeof t->phases[at].name, "%s", name);
    t->phases[at].seconds += seconds;
}

static int tenth_of(double percent)
{
    int i = (int)(percent / TENTH);
    return i < 0 ? 0 : i >= RUN_TENTHS ? RUN_TENTHS - 1 : i;
}

// Evenly over what lies between; where it stood still, all to that place.
static void add_way(struct run_times *t, double seconds, double from, double to)
{
    if (to <= from) {
        t->tenths[tenth_of(from)] += seconds;
        return;
    }
    for (int i = tenth_of(from); i < RUN_TENTHS && i * TENTH < to; i++)
        t->tenths[i] += seconds * (fmin(to, (i + 1) * TENTH) - fmax(from, i * TENTH)) / (to - from);
}

void run_times_add(struct run_times *t, double seconds, double from, double to, const char *phase)
{
    if (seconds > 0) {
        t->seconds += seconds;
        if (phase[0]) add_phase(t, phase, seconds);
        if (!isnan(from) && !isnan(to)) add_way(t, seconds, from, to);
    }
    double begins = isnan(from) ? to : from;
    if (isnan(t->start)) t->start = begins;
    if (!isnan(to) && !(t->reached >= to)) t->reached = to;
}

void run_times_work(struct run_times *t, const struct run_work *now)
{
    if (now->total > 0 && (now->span >= t->work.span || t->work.total <= 0))
        t->work = *now;
    else if (t->work.total > 0 && strcmp(now->phase, t->work.phase) != 0)
        t->work.done = t->work.total; // the next phase has begun
}

// ---- reading it ----------------------------------------------------------------------------------------------------

// Of a tenth, the part that it went through.
static void covered(const struct run_times *t, int i, double *lo, double *hi)
{
    *lo = fmax(i * TENTH, t->start);
    *hi = fmin((i + 1) * TENTH, t->reached);
}

double run_times_between(const struct run_times *t, double from, double to)
{
    if (!(from >= t->start) || !(to <= t->reached)) return (double)NAN;
    double sum = 0;
    for (int i = 0; i < RUN_TENTHS; i++) {
        double lo, hi;
        covered(t, i, &lo, &hi);
        double part = fmin(hi, to) - fmax(lo, from);
        if (hi > lo && part > 0) sum += t->tenths[i] * part / (hi - lo);
    }
    return sum;
}

double run_times_progress_at(const struct run_times *t, double seconds)
{
    double at = t->start;
    if (isnan(at) || seconds < 0) return (double)NAN;
    for (int i = 0; i < RUN_TENTHS; i++) {
        double lo, hi;
        covered(t, i, &lo, &hi);
        if (hi <= lo) continue;
        if (seconds < t->tenths[i]) return lo + (hi - lo) * seconds / t->tenths[i];
        seconds -= t->tenths[i];
        at = hi;
    }
    return seconds < 1e-6 ? at : (double)NAN;
}

double run_times_phase(const struct run_times *t, const char *name)
{
    for (int i = 0; i < t->n_phases; i++)
        if (strcmp(t->phases[i].name, name) == 0) return t->phases[i].seconds;
    return (double)NAN;
}

// ---- JSON ----------------------------------------------------------------------------------------------------------

void run_times_write(const struct run_times *t, struct jw *w)
{
    jw_kfixed(w, "elapsed_seconds", t->seconds, 3);
    jw_kpercent(w, "from", t->start);
    jw_kpercent(w, "reached", t->reached);
    jw_key(w, "tenths");
    jw_arr(w);
    for (int i = 0; i < RUN_TENTHS; i++) jw_f64(w, round(t->tenths[i] * 1e3) / 1e3);
    jw_arr_end(w);
    jw_key(w, "phases");
    jw_arr(w);
    for (int i = 0; i < t->n_phases; i++) {
        jw_obj(w);
        jw_kstr(w, "name", t->phases[i].name);
        jw_kfixed(w, "seconds", t->phases[i].seconds, 3);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    if (t->work.total <= 0) return;
    jw_key(w, "work");
    jw_obj(w);
    jw_kstr(w, "phase", t->work.phase[0] ? t->work.phase : NULL);
    jw_ki64(w, "done", t->work.done);
    jw_ki64(w, "total", t->work.total);
    jw_kstr(w, "unit", t->work.unit[0] ? t->work.unit : NULL);
    jw_kf64(w, "span", t->work.span);
    jw_obj_end(w);
}

static double number(const json_t *obj, const char *key, double absent)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_number(v) ? json_number_value(v) : absent;
}

static void read_work(struct run_work *k, const json_t *obj)
{
    const char *phase = json_string_value(json_object_get(obj, "phase"));
    const char *unit = json_string_value(json_object_get(obj, "unit"));
    snprintf(k->phase, sizeof k->phase, "%s", phase ? phase : "");
    snprintf(k->unit, sizeof k->unit, "%s", unit ? unit : "");
    k->done = json_integer_value(json_object_get(obj, "done"));
    k->total = json_integer_value(json_object_get(obj, "total"));
    k->span = number(obj, "span", 0);
}

void run_times_read(struct run_times *t, const json_t *obj)
{
    run_times_init(t);
    t->seconds = number(obj, "elapsed_seconds", 0);
    t->start = number(obj, "from", (double)NAN);
    t->reached = number(obj, "reached", (double)NAN);
    const json_t *tenths = json_object_get(obj, "tenths");
    for (size_t i = 0; i < RUN_TENTHS; i++) t->tenths[i] = json_number_value(json_array_get(tenths, i));
    size_t at;
    json_t *it;
    json_array_foreach(json_object_get(obj, "phases"), at, it)
    {
        const char *name = json_string_value(json_object_get(it, "name"));
        if (name) add_phase(t, name, number(it, "seconds", 0));
    }
    const json_t *work = json_object_get(obj, "work");
    if (json_is_object(work)) read_work(&t->work, work);
}
