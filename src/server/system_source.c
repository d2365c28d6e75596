#include "server/system_source.h"

#include <stdio.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "server/monitor_thread.h"

struct found {
    struct jw *w;
    bool any;
};

static void take(void *ctx, struct msg *m)
{
    struct found *f = ctx;
    if (f->any) return; // one state event a system channel
    f->any = true;
    struct slice channel = msg_channel(m);
    char key[64];
    snprintf(key, sizeof key, "%.*s", SLICE_FMT(channel));
    jw_kraw(f->w, key, msg_payload(m));
}

static bool write_channel(struct bus *bus, const char *channel, struct jw *w)
{
    struct found f = {w, false};
    bus->ops->snapshot(bus, slice_str(channel), take, &f);
    return f.any;
}

static void metrics(void *ctx, struct jw *w)
{
    static const char *const channels[] = {"system/cpu", "system/memory", "system/disk", "system/network"};
    struct system_source *s = ctx;
    jw_obj(w);
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) (void)write_channel(s->bus, channels[i], w);
    for (int i = 0; i < GPU_MAX; i++) {
        char channel[32];
        snprintf(channel, sizeof channel, "system/gpu/%d", i);
        if (!write_channel(s->bus, channel, w)) break;
    }
    const char *reason = monitor_thread_gpu_reason(s->monitor);
    jw_kstr(w, "gpu_reason", *reason ? reason : NULL);
    jw_obj_end(w);
}

static void history(void *ctx, int64_t window_us, struct jw *w)
{
    struct system_source *s = ctx;
    history_write_json(monitor_thread_history(s->monitor), window_us, clock_now_us(), w);
}

static const struct recent *recent(void *ctx)
{
    struct system_source *s = ctx;
    return monitor_thread_recent(s->monitor);
}

static const char *host(void *ctx)
{
    struct system_source *s = ctx;
    return monitor_thread_host(s->monitor);
}

struct system_provider system_source_provider(struct system_source *s)
{
    return (struct system_provider){metrics, history, recent, host, s->interval_us, s};
}
