#include "jobs/usage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void usage_init(struct usage *u)
{
    *u = (struct usage){0};
}

void usage_release(struct usage *u)
{
    free(u->gpus);
    *u = (struct usage){0};
}

// ---- adding -------------------------------------------------------------------------------------------------------

// A reading that can be one: a worker is another program, and may write what it likes.
static bool number_of(const json_t *obj, const char *key, double *out)
{
    const json_t *v = json_object_get(obj, key);
    if (!json_is_number(v)) return false;
    *out = json_number_value(v);
    return *out >= 0 && *out <= 1e18;
}

static void stat_add(struct usage_stat *s, double value, double seconds)
{
    s->weighted += value * seconds;
    s->seconds += seconds;
    s->last = value;
    if (!s->known || value > s->peak) s->peak = value;
    s->known = true;
}

static void take(struct usage *u, struct usage_stat *s, const json_t *obj, const char *key, double seconds)
{
    double v;
    if (!number_of(obj, key, &v)) return;
    stat_add(s, v, seconds);
    u->any = true;
}

static void take_bytes(struct usage *u, double *sum, bool *known, const json_t *obj, const char *key, double seconds)
{
    double rate;
    if (!number_of(obj, key, &rate)) return;
    *sum += rate * seconds;
    *known = true;
    u->any = true;
}

static struct usage_gpu *gpu_of(struct usage *u, int gpu_id)
{
    int i = 0;
    while (i < u->n_gpus && u->gpus[i].gpu_id < gpu_id) i++;
    if (i < u->n_gpus && u->gpus[i].gpu_id == gpu_id) return &u->gpus[i];
    if (u->n_gpus == USAGE_GPUS_MAX) return NULL;
    u->gpus = mem_realloc_array(u->gpus, (size_t)u->n_gpus + 1, sizeof *u->gpus);
    memmove(&u->gpus[i + 1], &u->gpus[i], (size_t)(u->n_gpus - i) * sizeof *u->gpus);
    u->gpus[i] = (struct usage_gpu){.gpu_id = gpu_id};
    u->n_gpus++;
    return &u->gpus[i];
}

static struct usage_gpu *gpu_named(struct usage *u, const json_t *obj)
{
    double id;
    if (!number_of(obj, "gpu_id", &id) || id > 9999 || id != floor(id)) return NULL;
    return gpu_of(u, (int)id);
}

void usage_add(struct usage *u, const json_t *resources, int64_t at_us)
{
    int64_t gap = u->last_us && at_us > u->last_us ? at_us - u->last_us : 0;
    double seconds = (double)(gap > USAGE_GAP_MAX_US ? USAGE_GAP_MAX_US : gap) / 1e6;
    if (at_us > u->last_us) u->last_us = at_us;
    u->seconds += seconds;
    take(u, &u->cpu_percent, resources, "cpu_percent", seconds);
    take(u, &u->rss_bytes, resources, "rss_bytes", seconds);
    take_bytes(u, &u->read_bytes, &u->read_known, resources, "read_bytes_per_s", seconds);
    take_bytes(u, &u->write_bytes, &u->write_known, resources, "write_bytes_per_s", seconds);
    size_t i;
    json_t *it;
    json_array_foreach(json_object_get(resources, "gpus"), i, it)
    {
        struct usage_gpu *g = gpu_named(u, it);
        if (!g) continue;
        take(u, &g->memory_bytes, it, "memory_bytes", seconds);
        take(u, &g->utilization, it, "utilization", seconds);
        u->any = true;
    }
    const char *source = json_string_value(json_object_get(resources, "source"));
    if (u->any && source && strcmp(source, "estimated") == 0) u->estimated = true;
}

// ---- a part of the time ---------------------------------------------------------------------------------------------

struct usage_mark usage_mark(const struct usage *u)
{
    struct usage_mark m = {.cpu_percent = {u->cpu_percent.weighted, u->cpu_percent.seconds},
                           .rss_bytes = {u->rss_bytes.weighted, u->rss_bytes.seconds}};
    for (int i = 0; i < u->n_gpus; i++) {
        const struct usage_stat *s = &u->gpus[i].memory_bytes;
        m.gpu_memory_bytes.weighted += s->weighted;
        // They are read together: the one that was read longest covers what any of them does.
        if (s->seconds > m.gpu_memory_bytes.seconds) m.gpu_memory_bytes.seconds = s->seconds;
    }
    return m;
}

static double mean_between(double weighted, double seconds)
{
    return seconds > 0 && weighted >= 0 ? weighted / seconds : (double)NAN;
}

struct usage_means usage_since(const struct usage *u, const struct usage_mark *m)
{
    struct usage_mark n = usage_mark(u);
    return (struct usage_means){
        mean_between(n.cpu_percent.weighted - m->cpu_percent.weighted, n.cpu_percent.seconds - m->cpu_percent.seconds),
        mean_between(n.rss_bytes.weighted - m->rss_bytes.weighted, n.rss_bytes.seconds - m->rss_bytes.seconds),
        mean_between(n.gpu_memory_bytes.weighted - m->gpu_memory_bytes.weighted,
                     n.gpu_memory_bytes.seconds - m->gpu_memory_bytes.seconds)};
}

// ---- writing ------------------------------------------------------------------------------------------------------

static double mean_of(const struct usage_stat *s)
{
    double mean = s->seconds > 0 ? s->weighted / s->seconds : s->last;
    return mean > s->peak ? s->peak : mean; // sums of floating-point numbers may be off by the last digit
}

static void write_stat(struct jw *w, const char *key, const struct usage_stat *s, int decimals)
{
    jw_key(w, key);
    if (!s->known) {
        jw_null(w);
        return;
    }
    jw_obj(w);
    if (decimals) {
        jw_kfixed(w, "mean", mean_of(s), decimals);
        jw_kfixed(w, "peak", s->peak, decimals);
    } else {
        jw_ki64(w, "mean", llround(mean_of(s))); // cut off, the last digit of 300 would be that of 299
        jw_ki64(w, "peak", llround(s->peak));
    }
    jw_obj_end(w);
}

static void write_bytes(struct jw *w, const char *key, double v, bool known)
{
    if (known && v < 9e18)
        jw_ki64(w, key, (int64_t)v);
    else
        jw_knull(w, key);
}

bool usage_write(const struct usage *u, struct jw *w)
{
    if (!u->any) return false;
    jw_obj(w);
    jw_kstr(w, "source", u->estimated ? "estimated" : "measured");
    jw_kfixed(w, "seconds", u->seconds, 1);
    write_stat(w, "cpu_percent", &u->cpu_percent, 1);
    write_stat(w, "rss_bytes", &u->rss_bytes, 0);
    write_bytes(w, "read_bytes", u->read_bytes, u->read_known);
    write_bytes(w, "write_bytes", u->write_bytes, u->write_known);
    jw_key(w, "gpus");
    jw_arr(w);
    for (int i = 0; i < u->n_gpus; i++) {
        const struct usage_gpu *g = &u->gpus[i];
        jw_obj(w);
        jw_ki64(w, "gpu_id", g->gpu_id);
        write_stat(w, "memory_bytes", &g->memory_bytes, 0);
        write_stat(w, "utilization", &g->utilization, 1);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_obj_end(w);
    return true;
}

// ---- reading what was written -------------------------------------------------------------------------------------

static void read_stat(struct usage_stat *s, const json_t *obj, const char *key, double seconds)
{
    const json_t *v = json_object_get(obj, key);
    double mean, peak;
    if (!number_of(v, "mean", &mean) || !number_of(v, "peak", &peak)) return;
    *s = (struct usage_stat){
        .weighted = mean * seconds, .seconds = seconds, .last = mean, .peak = peak > mean ? peak : mean, .known = true};
}

void usage_read(struct usage *u, struct slice text)
{
    struct err ignored = {0};
    json_t *obj = text.n ? json_read_object(text, &ignored) : NULL;
    if (!obj) return;
    double seconds = 0;
    const char *source = json_string_value(json_object_get(obj, "source"));
    (void)number_of(obj, "seconds", &seconds); // 0 is as good as absent
    u->any = true;
    u->estimated = source && strcmp(source, "estimated") == 0;
    u->seconds = seconds;
    read_stat(&u->cpu_percent, obj, "cpu_percent", seconds);
    read_stat(&u->rss_bytes, obj, "rss_bytes", seconds);
    u->read_known = number_of(obj, "read_bytes", &u->read_bytes);
    u->write_known = number_of(obj, "write_bytes", &u->write_bytes);
    size_t i;
    json_t *it;
    json_array_foreach(json_object_get(obj, "gpus"), i, it)
    {
        struct usage_gpu *g = gpu_named(u, it);
        if (!g) continue;
        read_stat(&g->memory_bytes, it, "memory_bytes", seconds);
        read_stat(&g->utilization, it, "utilization", seconds);
    }
    json_decref(obj);
}
