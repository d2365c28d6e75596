#include "monitor/system_series.h"

#include <stdlib.h>

#include "base/mem.h"

#define SECOND_US 1000000LL

int64_t system_series_step(int64_t span_us, int64_t least_us, int points)
{
    static const int64_t seconds[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                      600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    size_t n = sizeof seconds / sizeof *seconds;
    for (size_t i = 0; i < n; i++)
        if (seconds[i] * SECOND_US >= least_us && span_us / (seconds[i] * SECOND_US) <= points)
            return seconds[i] * SECOND_US;
    return seconds[n - 1] * SECOND_US;
}

bool system_series_init(struct system_series *s, int64_t from_us, int64_t to_us, int64_t step_us)
{
    *s = (struct system_series){.from_us = from_us, .to_us = to_us, .step_us = step_us};
    s->first_us = from_us - from_us % step_us;
    if ((to_us - s->first_us) / step_us >= SERIES_STEPS_MAX) return false;
    s->n = (size_t)((to_us - s->first_us + step_us - 1) / step_us);
    s->steps = mem_array(s->n, sizeof *s->steps);
    return true;
}

void system_series_release(struct system_series *s)
{
    for (size_t i = 0; i < s->n; i++) reading_stats_release(&s->steps[i]);
    free(s->steps);
    *s = (struct system_series){0};
}

static struct reading_stats *step_of(struct system_series *s, int64_t at_us)
{
    if (at_us < s->first_us || at_us >= s->to_us) return NULL;
    size_t i = (size_t)((at_us - s->first_us) / s->step_us);
    return i < s->n ? &s->steps[i] : NULL;
}

void system_series_add_moment(struct system_series *s, const struct moment *m)
{
    struct reading_stats *to = step_of(s, m->at_us);
    if (to) reading_stats_add(to, m);
}

void system_series_add_minute(struct system_series *s, int64_t begin_us, const struct reading_stats *minute)
{
    struct reading_stats *to = step_of(s, begin_us);
    if (to) reading_stats_merge(to, minute);
}

void system_series_write(const struct system_series *s, struct jw *w)
{
    jw_arr(w);
    for (size_t i = 0; i < s->n; i++) {
        if (!reading_stats_any(&s->steps[i])) continue;
        jw_obj(w);
        jw_ktime(w, "ts", s->first_us + (int64_t)i * s->step_us);
        jw_ki64(w, "samples", s->steps[i].samples);
        reading_stats_write(&s->steps[i], false, w);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}
