#include "monitor/sample.h"

#include <stdlib.h>

void sample_init(struct sample *s)
{
    *s = (struct sample){0};
}

void sample_release(struct sample *s)
{
    free(s->cpu.per_core);
    free(s->disk.devices);
    filesystem_list_release(&s->disk.filesystems);
    free(s->network.interfaces);
    for (size_t i = 0; i < s->gpu_count; i++) gpu_reading_release(&s->gpus[i]);
    free(s->gpus);
    *s = (struct sample){0};
}

// Written by hand: printing a double so that it reads back the same costs ten times as much, and nobody wants to see a
// processor at 12.345678901234567 %. All readings are positive.
static void put_fixed(struct jw *w, struct opt_f64 r, unsigned decimals)
{
    static const uint64_t scales[] = {1, 10, 100};
    if (!r.valid || !(r.v >= 0) || r.v > 1e15) {
        jw_null(w);
        return;
    }
    uint64_t v = (uint64_t)(r.v * (double)scales[decimals] + 0.5);
    char text[24];
    size_t at = sizeof text;
    for (unsigned i = 0; i < decimals; i++, v /= 10) text[--at] = (char)('0' + v % 10);
    if (decimals) text[--at] = '.';
    do text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    jw_raw(w, slice_of(text + at, sizeof text - at));
}

static void key_fixed(struct jw *w, const char *key, struct opt_f64 r, unsigned decimals)
{
    jw_key(w, key);
    put_fixed(w, r, decimals);
}

static void key_percent(struct jw *w, const char *key, struct opt_f64 r)
{
    key_fixed(w, key, r, 1);
}

static void key_rate(struct jw *w, const char *key, struct opt_f64 r)
{
    key_fixed(w, key, r, 0);
}

static void key_count(struct jw *w, const char *key, struct opt_u64 r)
{
    jw_key(w, key);
    if (r.valid)
        jw_u64(w, r.v);
    else
        jw_null(w);
}

static void begin(const struct sample *s, struct jw *w)
{
    jw_obj(w);
    if (s->host) jw_kstr(w, "host", s->host);
}

void sample_write_cpu(const struct sample *s, struct jw *w)
{
    const struct cpu_sample *c = &s->cpu;
    begin(s, w);
    key_percent(w, "percent", c->percent);
    key_count(w, "count", c->count);
    jw_key(w, "per_core");
    jw_arr(w);
    for (size_t i = 0; i < c->per_core_count; i++) put_fixed(w, c->per_core[i], 1);
    jw_arr_end(w);
    key_fixed(w, "load1", c->load1, 2);
    key_fixed(w, "load5", c->load5, 2);
    key_fixed(w, "load15", c->load15, 2);
    key_fixed(w, "frequency_mhz", c->frequency_mhz, 0);
    jw_obj_end(w);
}

void sample_write_memory(const struct sample *s, struct jw *w)
{
    const struct memory_sample *m = &s->memory;
    begin(s, w);
    jw_key(w, "ram");
    jw_obj(w);
    key_count(w, "total", m->total);
    key_count(w, "used", m->used);
    key_count(w, "available", m->available);
    key_count(w, "free", m->free);
    key_percent(w, "used_percent", percent_of(m->used, m->total));
    jw_obj_end(w);
    jw_key(w, "swap");
    jw_obj(w);
    key_count(w, "total", m->swap_total);
    key_count(w, "used", m->swap_used);
    key_percent(w, "used_percent", percent_of(m->swap_used, m->swap_total));
    jw_obj_end(w);
    jw_obj_end(w);
}

void sample_write_disk(const struct sample *s, struct jw *w)
{
    const struct disk_sample *d = &s->disk;
    begin(s, w);
    key_count(w, "read_bytes", d->read_bytes);
    key_count(w, "write_bytes", d->write_bytes);
    key_rate(w, "read_rate", d->read_rate);
    key_rate(w, "write_rate", d->write_rate);
    jw_key(w, "devices");
    jw_arr(w);
    for (size_t i = 0; i < d->device_count; i++) {
        const struct disk_rates *r = &d->devices[i];
        jw_obj(w);
        jw_kstr(w, "name", r->name);
        key_count(w, "read_bytes", r->read_bytes);
        key_count(w, "write_bytes", r->write_bytes);
        key_rate(w, "read_rate", r->read_rate);
        key_rate(w, "write_rate", r->write_rate);
        key_percent(w, "busy_percent", r->busy_percent);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_key(w, "filesystems");
    jw_arr(w);
    for (size_t i = 0; i < d->filesystems.count; i++) {
        const struct filesystem *f = &d->filesystems.items[i];
        jw_obj(w);
        jw_kstr(w, "mount_point", f->mount_point);
        key_count(w, "total", f->total);
        key_count(w, "used", f->used);
        key_count(w, "free", f->free);
        key_percent(w, "percent", f->percent);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_obj_end(w);
}

void sample_write_network(const struct sample *s, struct jw *w)
{
    const struct network_sample *n = &s->network;
    begin(s, w);
    key_count(w, "sent_bytes", n->sent_bytes);
    key_count(w, "recv_bytes", n->recv_bytes);
    key_rate(w, "sent_rate", n->sent_rate);
    key_rate(w, "recv_rate", n->recv_rate);
    jw_key(w, "interfaces");
    jw_arr(w);
    for (size_t i = 0; i < n->interface_count; i++) {
        const struct net_rates *r = &n->interfaces[i];
        jw_obj(w);
        jw_kstr(w, "name", r->name);
        key_count(w, "sent_bytes", r->sent_bytes);
        key_count(w, "recv_bytes", r->recv_bytes);
        key_rate(w, "sent_rate", r->sent_rate);
        key_rate(w, "recv_rate", r->recv_rate);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_obj_end(w);
}

static void write_process(const struct gpu_process *p, const char *job_id, bool with_group, struct jw *w)
{
    jw_obj(w);
    jw_ki64(w, "pid", p->pid);
    if (with_group && p->pgid) jw_ki64(w, "pgid", p->pgid);
    if (job_id) jw_kstr(w, "job_id", job_id);
    key_count(w, "memory_bytes", p->memory_bytes);
    jw_obj_end(w);
}

static void write_gpu(const struct sample *s, size_t i, sample_job_of_group job_of_group, void *ctx, bool with_groups,
                      struct jw *w)
{
    const struct gpu_reading *g = &s->gpus[i];
    begin(s, w);
    jw_ki64(w, "gpu_id", g->index);
    jw_kstr(w, "name", g->name[0] ? g->name : NULL);
    key_percent(w, "utilization", g->utilization);
    key_count(w, "memory_used", g->memory_used);
    key_count(w, "memory_total", g->memory_total);
    key_percent(w, "memory_percent", g->memory_percent);
    key_fixed(w, "temperature", g->temperature, 0);
    key_fixed(w, "power_usage", g->power_usage, 1);
    key_fixed(w, "power_limit", g->power_limit, 1);
    key_percent(w, "fan_speed", g->fan_speed);
    key_fixed(w, "clock_sm", g->clock_sm, 0);
    key_fixed(w, "clock_memory", g->clock_memory, 0);
    jw_key(w, "processes");
    if (g->processes_known) {
        jw_arr(w);
        for (size_t p = 0; p < g->process_count; p++) {
            const struct gpu_process *proc = &g->processes[p];
            const char *job = job_of_group && proc->pgid ? job_of_group(ctx, proc->pgid) : NULL;
            write_process(proc, job, with_groups, w);
        }
        jw_arr_end(w);
    } else {
        jw_null(w);
    }
    jw_obj_end(w);
}

void sample_write_gpu(const struct sample *s, size_t i, sample_job_of_group job_of_group, void *ctx, struct jw *w)
{
    write_gpu(s, i, job_of_group, ctx, false, w);
}

void sample_write_report(const struct sample *s, struct jw *w)
{
    struct sample nameless = *s; // borrows all of it
    nameless.host = NULL;
    jw_obj(w);
    jw_key(w, "cpu");
    sample_write_cpu(&nameless, w);
    jw_key(w, "memory");
    sample_write_memory(&nameless, w);
    jw_key(w, "disk");
    sample_write_disk(&nameless, w);
    jw_key(w, "network");
    sample_write_network(&nameless, w);
    jw_key(w, "gpus");
    jw_arr(w);
    for (size_t i = 0; i < s->gpu_count; i++) write_gpu(&nameless, i, NULL, NULL, true, w);
    jw_arr_end(w);
    jw_kstr(w, "gpu_reason", s->gpu_reason);
    jw_obj_end(w);
}
