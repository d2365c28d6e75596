#include "server/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "events/emitter.h"

enum { PLAIN_PARTS = 4, PARTS_MAX = PLAIN_PARTS + GPU_MAX, LIVE_INTERVALS = 3 };
// An hour at the shortest interval, 0.1 s; a slower one needs fewer.
static const int64_t RECENT_MAX = 36000;

struct part {
    enum sample_part what;
    int gpu_id; // of SAMPLE_GPUS
    struct buf body;
};

struct machine_reading {
    int n;
    struct part parts[PARTS_MAX];
    bool knows_gpus;
    char gpu_reason[GPU_REASON_SIZE];
    struct moment *moment;
};

struct machine {
    struct emitter *emitter;
    struct monitor_minutes minutes;
    bool own;
    char host[256];
    int64_t interval_us;
    struct history *history;
    struct recent *recent;
    struct minute minute;      // under way
    int n_gpus, gpus[GPU_MAX]; // of the last reading that told of GPUs
    char gpu_reason[GPU_REASON_SIZE];
    bool seen;
    int64_t seen_at_us, seen_mono_us; // the last reading
    bool said;                        // an event that can't be published was logged
};

static const struct plain_part {
    enum sample_part what;
    const char *kind;
    void (*write)(const struct sample *s, struct jw *w);
} plain_parts[PLAIN_PARTS] = {
    {SAMPLE_CPU, "cpu", sample_write_cpu},
    {SAMPLE_MEMORY, "memory", sample_write_memory},
    {SAMPLE_DISK, "disk", sample_write_disk},
    {SAMPLE_NETWORK, "network", sample_write_network},
};

// ---- a reading -----------------------------------------------------------------------------------------------------

static struct jw add_part(struct machine_reading *r, enum sample_part what, int gpu_id)
{
    struct part *p = &r->parts[r->n++];
    struct jw w;
    p->what = what;
    p->gpu_id = gpu_id;
    jw_init(&w, &p->body);
    return w;
}

struct machine_reading *machine_reading_new(const struct sample *s, unsigned parts, int64_t at_us,
                                            sample_job_of_group job_of_group, void *ctx)
{
    struct machine_reading *r = mem_zalloc(sizeof *r);
    for (int i = 0; i < PLAIN_PARTS; i++) {
        if (!(parts & plain_parts[i].what)) continue;
        struct jw w = add_part(r, plain_parts[i].what, -1);
        plain_parts[i].write(s, &w);
    }
    r->knows_gpus = parts & SAMPLE_GPUS;
    for (size_t i = 0; r->knows_gpus && i < s->gpu_count && i < GPU_MAX; i++) {
        struct jw w = add_part(r, SAMPLE_GPUS, s->gpus[i].index);
        sample_write_gpu(s, i, job_of_group, ctx, &w);
    }
    memcpy(r->gpu_reason, s->gpu_reason, sizeof r->gpu_reason);
    r->moment = moment_new(s, at_us);
    return r;
}

void machine_reading_free(struct machine_reading *r)
{
    if (!r) return;
    for (int i = 0; i < r->n; i++) buf_release(&r->parts[i].body);
    free(r->moment);
    free(r);
}

bool machine_reading_has_gpus(const struct machine_reading *r)
{
    return r->n && r->parts[r->n - 1].what == SAMPLE_GPUS;
}

// ---- the machine ---------------------------------------------------------------------------------------------------

struct machine *machine_new(struct emitter *em, struct monitor_minutes minutes, const char *host, bool own,
                            int64_t interval_us)
{
    struct machine *m = mem_zalloc(sizeof *m);
    m->emitter = em;
    m->minutes = minutes;
    m->own = own;
    snprintf(m->host, sizeof m->host, "%s", host);
    m->interval_us = interval_us;
    m->history = history_new(interval_us, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    int64_t most = HISTORY_KEEP_US / (interval_us > 0 ? interval_us : 1) * 2 + 1; // a reading may come early
    m->recent = recent_new(HISTORY_KEEP_US, (size_t)(own || most > RECENT_MAX ? RECENT_MAX : most));
    return m;
}

void machine_free(struct machine *m)
{
    if (!m) return;
    history_free(m->history);
    recent_free(m->recent);
    minute_release(&m->minute);
    free(m);
}

static void channel_of(const struct machine *m, enum sample_part what, int gpu_id, char channel[MACHINE_CHANNEL_SIZE])
{
    int n = m->own ? snprintf(channel, MACHINE_CHANNEL_SIZE, "system/")
                   : snprintf(channel, MACHINE_CHANNEL_SIZE, "hosts/%.100s/", m->host);
    char *kind = channel + n;
    size_t room = MACHINE_CHANNEL_SIZE - (size_t)n;
    if (what == SAMPLE_GPUS) snprintf(kind, room, m->own ? "gpu/%d" : "gpu-%d", gpu_id);
    for (int i = 0; i < PLAIN_PARTS; i++)
        if (plain_parts[i].what == what) snprintf(kind, room, "%s", plain_parts[i].kind);
}

static int64_t emit(const struct machine *m, const struct part *p, const char *channel)
{
    struct slice body = buf_slice(&p->body);
    if (!m->own) return emit_host_metrics(m->emitter, m->host, strrchr(channel, '/') + 1, body);
    switch (p->what) {
    case SAMPLE_CPU: return emit_cpu_metrics(m->emitter, body);
    case SAMPLE_MEMORY: return emit_memory_metrics(m->emitter, body);
    case SAMPLE_DISK: return emit_disk_metrics(m->emitter, body);
    case SAMPLE_NETWORK: return emit_network_metrics(m->emitter, body);
    default: return emit_gpu_metrics(m->emitter, p->gpu_id, body);
    }
}

static void publish(struct machine *m, const struct part *p)
{
    char channel[MACHINE_CHANNEL_SIZE];
    channel_of(m, p->what, p->gpu_id, channel);
    int64_t seq = emit(m, p, channel);
    if (seq < 0 && !m->said) {
        m->said = true;
        log_error("monitor", "readings of %s can't be published: %s", channel, err_name((int)seq));
    }
    if (history_add(m->history, channel, clock_now_us(), buf_slice(&p->body)) != 0)
        log_error("monitor", "readings of %s can't be kept", channel);
}

// The moment is the ring's from here on.
static void keep_moment(struct machine *m, struct moment *at)
{
    struct minute ended;
    if (minute_add(&m->minute, at, &ended)) {
        m->minutes.keep(m->minutes.ctx, m->host, &ended);
        minute_release(&ended);
    }
    recent_add(m->recent, at);
}

void machine_end_minute(struct machine *m)
{
    if (reading_stats_any(&m->minute.stats)) m->minutes.keep(m->minutes.ctx, m->host, &m->minute);
    minute_release(&m->minute);
    m->minute = (struct minute){0};
}

void machine_take(struct machine *m, struct machine_reading *r, int64_t now_mono_us)
{
    if (r->knows_gpus) m->n_gpus = 0;
    for (int i = 0; i < r->n; i++) {
        publish(m, &r->parts[i]);
        if (r->parts[i].what == SAMPLE_GPUS) m->gpus[m->n_gpus++] = r->parts[i].gpu_id;
    }
    if (r->knows_gpus) memcpy(m->gpu_reason, r->gpu_reason, sizeof m->gpu_reason);
    m->seen = true;
    m->seen_at_us = r->moment->at_us;
    m->seen_mono_us = now_mono_us;
    keep_moment(m, r->moment);
    r->moment = NULL;
    machine_reading_free(r);
}

// ---- what it tells -------------------------------------------------------------------------------------------------

const char *machine_host(const struct machine *m)
{
    return m->host;
}

const char *machine_gpu_reason(const struct machine *m)
{
    return m->gpu_reason;
}

const struct history *machine_history(const struct machine *m)
{
    return m->history;
}

const struct recent *machine_recent(const struct machine *m)
{
    return m->recent;
}

bool machine_channel(const struct machine *m, int i, char channel[MACHINE_CHANNEL_SIZE])
{
    if (i >= PLAIN_PARTS + m->n_gpus) return false;
    if (i < PLAIN_PARTS)
        channel_of(m, plain_parts[i].what, -1, channel);
    else
        channel_of(m, SAMPLE_GPUS, m->gpus[i - PLAIN_PARTS], channel);
    return true;
}

int64_t machine_age_us(const struct machine *m, int64_t now_mono_us)
{
    return m->seen ? now_mono_us - m->seen_mono_us : -1;
}

bool machine_live(const struct machine *m, int64_t now_mono_us)
{
    int64_t age = machine_age_us(m, now_mono_us);
    return age >= 0 && age <= LIVE_INTERVALS * m->interval_us;
}

void machine_write(const struct machine *m, int64_t now_mono_us, struct jw *w)
{
    jw_obj(w);
    jw_kstr(w, "host", m->host);
    jw_kbool(w, "server", m->own);
    jw_ktime(w, "seen_at", m->seen_at_us); // null before the first reading
    jw_kbool(w, "live", machine_live(m, now_mono_us));
    jw_key(w, "gpus");
    jw_arr(w);
    for (int i = 0; i < m->n_gpus; i++) jw_i64(w, m->gpus[i]);
    jw_arr_end(w);
    jw_obj_end(w);
}
