// What a sample of the machine costs, and its hour of history: bench/monitor.md has the figures.
//
//     bench_monitor [samples] [proc_root] [sys_root] [nvml library]
//
// Prints processor time (user and system), not time on the wall: what an idle server spends.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "monitor/history.h"
#include "monitor/sampler.h"

static double cpu_us(void)
{
    struct rusage r;
    if (getrusage(RUSAGE_SELF, &r) != 0) return 0;
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

// Encodes all channels of a sample and records them; returns how many bytes of JSON that was.
static size_t record(struct history *h, const struct sample *s, int64_t ts_us, struct buf *b)
{
    static const struct {
        const char *channel;
        void (*write)(const struct sample *, struct jw *);
    } channels[] = {{"system/cpu", sample_write_cpu},
                    {"system/memory", sample_write_memory},
                    {"system/disk", sample_write_disk},
                    {"system/network", sample_write_network}};
    size_t bytes = 0;
    struct jw w;
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        buf_clear(b);
        jw_init(&w, b);
        channels[i].write(s, &w);
        bytes += b->n;
        if (history_add(h, channels[i].channel, ts_us, buf_slice(b)) != 0) abort();
    }
    for (size_t i = 0; i < s->gpu_count; i++) {
        char channel[32];
        snprintf(channel, sizeof channel, "system/gpu/%d", s->gpus[i].index);
        buf_clear(b);
        jw_init(&w, b);
        sample_write_gpu(s, i, NULL, NULL, &w);
        bytes += b->n;
        if (history_add(h, channel, ts_us, buf_slice(b)) != 0) abort();
    }
    return bytes;
}

static double timed_read(struct sampler *sampler, struct sample *s, int n)
{
    double before = cpu_us();
    for (int i = 0; i < n; i++) sampler_read(sampler, clock_mono_us(), s);
    return (cpu_us() - before) / n;
}

int main(int argc, char **argv)
{
    int samples = argc > 1 ? atoi(argv[1]) : 2000;
    if (samples < 1) return 2;
    struct sampler *sampler = sampler_new(&(struct sampler_options){.proc_root = argc > 2 ? argv[2] : NULL,
                                                                    .sys_root = argc > 3 ? argv[3] : NULL,
                                                                    .nvml_path = argc > 4 ? argv[4] : ""});
    struct sample s;
    sample_init(&s);
    sampler_read(sampler, clock_mono_us(), &s); // opens the files
    printf("reading a sample     %8.1f us of CPU\n", timed_read(sampler, &s, samples));

    // An hour at 2 s, of samples that really differ: each is taken.
    struct history *h = history_new(2000000, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    struct buf b = BUF_INIT;
    int64_t ts = 1795470201000000ll;
    double encoding = 0;
    size_t json = 0;
    for (int i = 0; i < 1800; i++, ts += 2000000) {
        sampler_read(sampler, clock_mono_us(), &s);
        double before = cpu_us();
        json += record(h, &s, ts, &b);
        encoding += cpu_us() - before;
    }
    printf("encoding, recording  %8.1f us of CPU\n", encoding / 1800);
    printf("JSON of a sample     %8.1f bytes, all channels\n", (double)json / 1800);
    printf("an hour of history   %8.1f KiB\n", (double)history_bytes(h) / 1024);

    static const int windows[] = {900, 3600};
    for (size_t i = 0; i < 2; i++) {
        struct jw w;
        buf_clear(&b);
        double before = cpu_us();
        for (int n = 0; n < 20; n++) {
            buf_clear(&b);
            jw_init(&w, &b);
            history_write_json(h, windows[i] * 1000000ll, ts, &w);
        }
        printf("answering %4d s     %8.1f us of CPU, %zu bytes\n", windows[i], (cpu_us() - before) / 20, b.n);
    }
    buf_release(&b);
    history_free(h);
    sample_release(&s);
    sampler_free(sampler);
    return 0;
}
