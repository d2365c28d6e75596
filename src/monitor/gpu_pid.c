#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "monitor/gpu.h"
#include "monitor/process.h"

// The kernel gives the first PID namespace, the host's, this number for good.
#define HOST_PID_NAMESPACE "pid:[4026531836]"

static bool in_host_namespace(const char *proc_root)
{
    char *path = mem_printf("%s/self/ns/pid", proc_root);
    char target[64];
    ssize_t n = readlink(path, target, sizeof target - 1);
    free(path);
    if (n < 0) return false;
    target[n] = '\0';
    return strcmp(target, HOST_PID_NAMESPACE) == 0;
}

static bool has_device_open(const char *proc_root, int64_t pid)
{
    char *path = mem_printf("%s/%lld/fd", proc_root, (long long)pid);
    DIR *dir = opendir(path);
    free(path);
    if (!dir) return false;
    bool found = false;
    for (struct dirent *e; !found && (e = readdir(dir));) {
        char target[32];
        ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof target);
        found = n >= 11 && memcmp(target, "/dev/nvidia", 11) == 0;
    }
    closedir(dir);
    return found;
}

void gpu_mark_local(const char *proc_root, struct gpu_reading *r)
{
    bool host = r->process_count > 0 && in_host_namespace(proc_root);
    for (size_t i = 0; i < r->process_count; i++) {
        struct gpu_process *p = &r->processes[i];
        struct process_stat st;
        p->local = host || has_device_open(proc_root, p->pid);
        p->pgid = p->local && process_stat_read(proc_root, p->pid, &st) ? st.pgrp : 0;
    }
}
