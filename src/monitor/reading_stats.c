#include "monitor/reading_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void reading_stats_release(struct reading_stats *s)
{
    free(s->gpus);
    *s = (struct reading_stats){0};
}

static void merge(struct reading_stat *to, const struct reading_stat *from)
{
    if (from->n <= 0) return;
    to->min = to->n > 0 ? fmin(to->min, from->min) : from->min;
    to->max = to->n > 0 ? fmax(to->max, from->max) : from->max;
    to->sum += from->sum;
    to->n += from->n;
}

static void add(struct reading_stat *to, double v)
{
    if (!isnan(v)) merge(to, &(struct reading_stat){v, v, v, 1});
}

static struct gpu_stats *gpu_of(struct reading_stats *s, int gpu_id)
{
    int i = 0;
    while (i < s->n_gpus && s->gpus[i].gpu_id < gpu_id) i++;
    if (i < s->n_gpus && s->gpus[i].gpu_id == gpu_id) return &s->gpus[i];
    s->gpus = mem_realloc_array(s->gpus, (size_t)s->n_gpus + 1, sizeof *s->gpus);
    memmove(&s->gpus[i + 1], &s->gpus[i], (size_t)(s->n_gpus - i) * sizeof *s->gpus);
    s->gpus[i] = (struct gpu_stats){.gpu_id = gpu_id};
    s->n_gpus++;
    return &s->gpus[i];
}

void reading_stats_add(struct reading_stats *s, const struct moment *m)
{
    s->samples++;
    for (int i = 0; i < MACHINE_READINGS; i++) add(&s->v[i], (double)m->v[i]);
    for (int g = 0; g < m->n_gpus; g++) {
        struct gpu_stats *to = gpu_of(s, m->gpus[g].gpu_id);
        for (int i = 0; i < GPU_READINGS; i++) add(&to->v[i], (double)m->gpus[g].v[i]);
    }
}

void reading_stats_merge(struct reading_stats *s, const struct reading_stats *other)
{
    s->samples += other->samples;
    for (int i = 0; i < MACHINE_READINGS; i++) merge(&s->v[i], &other->v[i]);
    for (int g = 0; g < other->n_gpus; g++) {
        struct gpu_stats *to = gpu_of(s, other->gpus[g].gpu_id);
        for (int i = 0; i < GPU_READINGS; i++) merge(&to->v[i], &other->gpus[g].v[i]);
    }
}

bool reading_stats_any(const struct reading_stats *s)
{
    for (int i = 0; i < MACHINE_READINGS; i++)
        if (s->v[i].n > 0) return true;
    for (int g = 0; g < s->n_gpus; g++)
        for (int i = 0; i < GPU_READINGS; i++)
            if (s->gpus[g].v[i].n > 0) return true;
    return false;
}

// ---- JSON ----------------------------------------------------------------------------------------------------------

static void write_one(const struct reading_kind *kind, const struct reading_stat *s, bool brief, struct jw *w)
{
    double scale = kind->decimals ? 10 : 1;
    if (s->n <= 0 && brief) return;
    if (s->n <= 0) {
        jw_knull(w, kind->name);
        return;
    }
    const double values[] = {s->min, s->sum / s->n, s->max};
    jw_key(w, kind->name);
    jw_arr(w);
    for (int i = 0; i < 3; i++) jw_f64(w, round(values[i] * scale) / scale);
    jw_arr_end(w);
}

void reading_stats_write(const struct reading_stats *s, bool brief, struct jw *w)
{
    for (int i = 0; i < MACHINE_READINGS; i++) write_one(&machine_readings[i], &s->v[i], brief, w);
    if (s->n_gpus == 0 && brief) return;
    jw_key(w, "gpus");
    jw_arr(w);
    for (int g = 0; g < s->n_gpus; g++) {
        jw_obj(w);
        jw_ki64(w, "gpu_id", s->gpus[g].gpu_id);
        for (int i = 0; i < GPU_READINGS; i++) write_one(&gpu_readings[i], &s->gpus[g].v[i], brief, w);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void read_one(const json_t *obj, const struct reading_kind *kind, int64_t samples, struct reading_stat *out)
{
    const json_t *three = json_object_get(obj, kind->name);
    double v[3];
    for (size_t i = 0; i < 3; i++) {
        const json_t *it = json_array_get(three, i);
        if (!json_is_number(it)) return;
        v[i] = json_number_value(it);
    }
    *out = (struct reading_stat){v[0], v[2], v[1] * (double)samples, (double)samples};
}

void reading_stats_read(struct reading_stats *s, const json_t *obj, int64_t samples)
{
    size_t at;
    json_t *it;
    if (samples < 1) return;
    s->samples = samples;
    for (int i = 0; i < MACHINE_READINGS; i++) read_one(obj, &machine_readings[i], samples, &s->v[i]);
    json_array_foreach(json_object_get(obj, "gpus"), at, it)
    {
        const json_t *id = json_object_get(it, "gpu_id");
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) >= GPU_MAX) continue;
        struct gpu_stats *to = gpu_of(s, (int)json_integer_value(id));
        for (int i = 0; i < GPU_READINGS; i++) read_one(it, &gpu_readings[i], samples, &to->v[i]);
    }
}
