#include "monitor/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/scan.h"

static bool parse_times(struct slice s, struct cpu_times *t)
{
    *t = (struct cpu_times){0};
    // The first four are as old as Linux. Later kernels appended the others, one by one.
    if (!scan_u64(&s, &t->user) || !scan_u64(&s, &t->nice) || !scan_u64(&s, &t->system) || !scan_u64(&s, &t->idle))
        return false;
    uint64_t *later[] = {&t->iowait, &t->irq, &t->softirq, &t->steal};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        scan_blanks(&s);
        if (!s.n) break;
        if (!scan_u64(&s, later[i])) return false;
    }
    t->present = true;
    return true;
}

static struct cpu_times *core_slot(struct cpu_stat *st, size_t cpu)
{
    if (cpu >= st->cap) {
        size_t cap = st->cap ? st->cap : 8;
        while (cap <= cpu) cap *= 2;
        st->cores = mem_realloc_array(st->cores, cap, sizeof *st->cores);
        st->cap = cap;
    }
    if (cpu >= st->span) {
        memset(st->cores + st->span, 0, (cpu + 1 - st->span) * sizeof *st->cores);
        st->span = cpu + 1;
    }
    return &st->cores[cpu];
}

bool parse_proc_stat(struct slice text, struct cpu_stat *out)
{
    out->all = (struct cpu_times){0};
    out->span = out->online = 0;
    struct slice line;
    while (scan_line(&text, &line)) {
        // The processor lines come first; what follows (interrupts, mostly) can be long.
        if (!slice_starts(line, "cpu")) break;
        line.p += 3, line.n -= 3;
        struct cpu_times t;
        if (line.n && line.p[0] == ' ') {
            if (parse_times(line, &t)) out->all = t;
            continue;
        }
        uint64_t cpu;
        if (!scan_u64(&line, &cpu) || cpu >= CPU_MAX || !parse_times(line, &t)) continue;
        struct cpu_times *slot = core_slot(out, cpu);
        if (!slot->present) out->online++;
        *slot = t;
    }
    return out->all.present;
}

void cpu_stat_release(struct cpu_stat *s)
{
    free(s->cores);
    *s = (struct cpu_stat){0};
}

struct opt_f64 cpu_usage(const struct cpu_times *before, const struct cpu_times *now)
{
    if (!before->present || !now->present) return NO_F64;
    const uint64_t a[] = {before->idle, before->user,    before->nice, before->system,
                          before->irq,  before->softirq, before->steal};
    const uint64_t b[] = {now->idle, now->user, now->nice, now->system, now->irq, now->softirq, now->steal};
    uint64_t total = 0, idle = 0;
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++) {
        struct opt_u64 d = counter_delta(a[i], b[i], KERNEL_LONG_BITS);
        if (!d.valid) return NO_F64;
        total += d.v;
        if (i == 0) idle = d.v;
    }
    // iowait alone may step back without anything being wrong (proc(5)): that is no time spent waiting.
    if (now->iowait > before->iowait) {
        idle += now->iowait - before->iowait;
        total += now->iowait - before->iowait;
    }
    if (total == 0) return NO_F64;
    return some_f64(100.0 * (double)(total - idle) / (double)total);
}

struct loadavg parse_loadavg(struct slice text)
{
    struct loadavg out = {0};
    struct slice line;
    double one, five, fifteen;
    if (scan_line(&text, &line) && scan_decimal(&line, &one) && scan_decimal(&line, &five) &&
        scan_decimal(&line, &fifteen))
        out = (struct loadavg){some_f64(one), some_f64(five), some_f64(fifteen)};
    return out;
}

struct opt_f64 parse_cpuinfo_mhz(struct slice text)
{
    double sum = 0;
    size_t count = 0;
    struct slice line;
    while (scan_line(&text, &line)) {
        if (!slice_starts(line, "cpu MHz") && !slice_starts(line, "clock")) continue;
        struct slice value = line;
        struct slice key = slice_trim(slice_cut(&value, ':'));
        double mhz;
        if (!slice_is(key, "cpu MHz") && !slice_is(key, "clock")) continue;
        if (!scan_decimal(&value, &mhz) || mhz <= 0) continue;
        sum += mhz;
        count++;
    }
    return count ? some_f64(sum / (double)count) : NO_F64;
}

struct opt_f64 parse_cpufreq(struct slice text)
{
    struct slice line;
    uint64_t khz;
    if (!scan_line(&text, &line) || !scan_u64(&line, &khz) || line.n || khz == 0) return NO_F64;
    return some_f64((double)khz / 1000.0);
}
