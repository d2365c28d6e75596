#include "server/system_source.h"

#include "base/clock.h"
#include "bus/bus.h"
#include "server/machines.h"

struct found {
    const char *channel;
    struct jw *w;
    bool any;
};

static void take(void *ctx, struct msg *m)
{
    struct found *f = ctx;
    if (f->any) return; // one state event a channel
    f->any = true;
    jw_kraw(f->w, f->channel, msg_payload(m));
}

static bool metrics(void *ctx, const char *host, struct jw *w)
{
    struct system_source *s = ctx;
    const struct machine *m = machines_find(s->machines, host);
    char channel[MACHINE_CHANNEL_SIZE];
    if (!m) return false;
    jw_obj(w);
    for (int i = 0; machine_channel(m, i, channel); i++) {
        struct found f = {channel, w, false};
        s->bus->ops->snapshot(s->bus, slice_str(channel), take, &f);
    }
    const char *reason = machine_gpu_reason(m);
    jw_kstr(w, "gpu_reason", *reason ? reason : NULL);
    jw_obj_end(w);
    return true;
}

static bool history(void *ctx, const char *host, int64_t window_us, struct jw *w)
{
    struct system_source *s = ctx;
    const struct machine *m = machines_find(s->machines, host);
    if (m) history_write_json(machine_history(m), window_us, clock_now_us(), w);
    return m != NULL;
}

static const struct recent *recent(void *ctx, const char *host)
{
    struct system_source *s = ctx;
    const struct machine *m = machines_find(s->machines, host);
    return m ? machine_recent(m) : NULL;
}

static const char *host(void *ctx)
{
    struct system_source *s = ctx;
    return machine_host(machines_find(s->machines, NULL));
}

static void hosts(void *ctx, struct jw *w)
{
    struct system_source *s = ctx;
    int64_t now = clock_mono_us();
    machines_forget(s->machines, now);
    machines_write(s->machines, now, w);
}

static int report(void *ctx, const char *worker_id, const char *of_host, struct slice body, struct err *e)
{
    struct system_source *s = ctx;
    return machines_report(s->machines, worker_id, of_host, body, clock_mono_us(), e);
}

struct system_provider system_source_provider(struct system_source *s)
{
    return (struct system_provider){metrics, history, recent, host, hosts, report, s->interval_us, s};
}
