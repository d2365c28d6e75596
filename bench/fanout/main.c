// A load generator for servers that bring one event to many WebSocket clients: fanout.md says what for. One thread;
// prints one line of JSON. Exit status: 0, all arrived as it was sent; 1, something didn't; 2, wrong options; 4, the
// path to post to doesn't exist.
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "options.h"
#include "run.h"

static void raise_descriptors(const struct options *o)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0) return;
    l.rlim_cur = l.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &l);
    if (l.rlim_max < (rlim_t)o->clients + 100)
        fprintf(stderr, "fanout: only %llu descriptors are allowed, for %u clients\n", (unsigned long long)l.rlim_max,
                o->clients);
}

static void print(const struct run *r, bool complete)
{
    const struct options *o = r->options;
    const struct measured *m = &r->measured;
    const struct check *c = &r->check;
    double cpu = m->cpu_s - m->idle_cpu * m->seconds;
    printf("{\"complete\":%s,\"why\":\"%s\",\"status\":%d,\"clients\":%u,\"channels\":%u,\"messages\":%u,"
           "\"deliveries\":%llu,\"lost\":%llu,\"conflated\":%llu,\"duplicated\":%llu,\"corrupt\":%llu,",
           complete ? "true" : "false", r->why ? r->why : "", r->publisher.status, o->clients, o->channels, o->messages,
           (unsigned long long)c->deliveries, (unsigned long long)check_lost(c), (unsigned long long)c->conflated,
           (unsigned long long)c->duplicated, (unsigned long long)c->corrupt);
    printf("\"connect_s\":%.3f,\"connect_cpu_s\":%.3f,\"seconds\":%.3f,\"cpu_s\":%.6f,\"idle_cpu\":%.6f,"
           "\"us_per_delivery\":%.4f,\"us_per_message\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,",
           m->connect_s, m->connect_cpu_s, m->seconds, m->cpu_s, m->idle_cpu,
           c->deliveries ? cpu * 1e6 / (double)c->deliveries : 0, o->messages ? cpu * 1e6 / o->messages : 0,
           latency_us(&c->latency, 50), latency_us(&c->latency, 99), (double)c->latency.max_ns / 1000);
    printf("\"wire_bytes\":%llu,\"rss_before_kib\":%llu,\"rss_connected_kib\":%llu,\"rss_start_kib\":%llu,"
           "\"rss_peak_kib\":%llu,\"rss_end_kib\":%llu}\n",
           (unsigned long long)m->wire_bytes, (unsigned long long)m->rss_before_kib,
           (unsigned long long)m->rss_connected_kib, (unsigned long long)m->rss_start_kib,
           (unsigned long long)m->rss_peak_kib, (unsigned long long)m->rss_end_kib);
}

int main(int argc, char **argv)
{
    static struct options o;
    static struct run r;
    options_read(&o, argc, argv);
    raise_descriptors(&o);
    bool complete = run_all(&r, &o);
    print(&r, complete);
    int status = complete && check_fine(&r.check) ? 0 : r.publisher.status == 404 ? 4 : 1;
    run_release(&r);
    return status;
}
