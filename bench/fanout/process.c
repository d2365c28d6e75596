#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t rss_of(pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    unsigned long long kib = 0;
    while (fgets(line, sizeof line, f) && sscanf(line, "VmRSS: %llu", &kib) != 1) {
    }
    fclose(f);
    return kib;
}

static uint64_t sum(pid_t pid, uint64_t (*of)(pid_t), int depth)
{
    uint64_t total = of(pid);
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = depth < 4 ? opendir(path) : NULL;
    if (!tasks) return total;
    struct dirent *task;
    while ((task = readdir(tasks))) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, task->d_name);
        FILE *f = fopen(path, "r");
        int child;
        while (f && fscanf(f, "%d", &child) == 1) total += sum(child, of, depth + 1);
        if (f) fclose(f);
    }
    closedir(tasks);
    return total;
}

uint64_t process_cpu_ns(pid_t pid)
{
    return sum(pid, cpu_of, 0);
}

uint64_t process_rss_kib(pid_t pid)
{
    return sum(pid, rss_of, 0);
}
