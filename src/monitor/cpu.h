// Processor use, load and frequency. Parsers are pure: they eat the text of the files and keep nothing of it.
#ifndef HW_MONITOR_CPU_H
#define HW_MONITOR_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "monitor/reading.h"

// One line of /proc/stat, in ticks since the machine started. Guest time is within user and nice and isn't counted
// twice.
struct cpu_times {
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
    bool present;
};

// The owner zeroes it, and releases it with cpu_stat_release.
struct cpu_stat {
    struct cpu_times all;
    struct cpu_times *cores; // by CPU number; a core that is switched off is not `present`
    size_t span;             // highest CPU number + 1
    size_t online;           // cores that are present
    size_t cap;
};

#define CPU_MAX 8192 // CPU numbers from here on are ignored: no kernel is built for more

// Fills `out`, reusing its memory. False if the text has no line for the whole machine; cores may then be known.
bool parse_proc_stat(struct slice text, struct cpu_stat *out);
void cpu_stat_release(struct cpu_stat *s);

// Share of the time between two readings that was not idle, 0 to 100. Absent without a first reading, if no tick has
// passed, or if a counter went back. Waiting for I/O counts as idle, time stolen by the hypervisor as busy.
struct opt_f64 cpu_usage(const struct cpu_times *before, const struct cpu_times *now);

struct loadavg {
    struct opt_f64 load1, load5, load15;
};

struct loadavg parse_loadavg(struct slice text);

// The mean over the cores of "cpu MHz" (x86) or "clock" (POWER) in /proc/cpuinfo; absent on machines that don't say.
struct opt_f64 parse_cpuinfo_mhz(struct slice text);
// MHz from a cpufreq file (kHz).
struct opt_f64 parse_cpufreq(struct slice text);

#endif
