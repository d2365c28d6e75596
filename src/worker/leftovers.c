#include "worker/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "monitor/process.h"
#include "worker/leftover.h"

enum { RECORD_MAX = 4096, ENVIRONMENT_MAX = 4 << 20 };

// ---- what the kernel says -----------------------------------------------------------------------------------------

static int read_boot_id(char *out, size_t size, struct err *e)
{
    struct buf text = BUF_INIT;
    int rc = file_read("/proc/sys/kernel/random/boot_id", size - 1, &text, e);
    struct slice all = buf_slice(&text);
    struct slice line = slice_cut(&all, '\n');
    if (!rc) snprintf(out, size, "%.*s", SLICE_FMT(line));
    buf_release(&text);
    return rc;
}

// "pid:[4026531836]"
static int read_namespace(char *out, size_t size, struct err *e)
{
    ssize_t n = readlink("/proc/self/ns/pid", out, size - 1);
    if (n < 0) return err_sys(e, errno, "can't read /proc/self/ns/pid");
    out[n] = 0;
    return 0;
}

static bool says(const struct leftover *l, int64_t pid)
{
    char path[48];
    struct buf text = BUF_INIT;
    snprintf(path, sizeof path, "/proc/%lld/environ", (long long)pid);
    bool yes = file_read(path, ENVIRONMENT_MAX, &text, NULL) == 0 && leftover_in_environment(l, buf_slice(&text));
    buf_release(&text);
    return yes;
}

struct seen {
    struct leftover_process *p;
    size_t n;
};

// All that bears the group's number now.
static int look(const struct leftover *l, struct seen *s, struct err *e)
{
    DIR *d = opendir("/proc");
    if (!d) return err_sys(e, errno, "can't open /proc");
    s->n = 0;
    for (struct dirent *it; (it = readdir(d));) {
        unsigned long long pid;
        struct process_stat st;
        if (!slice_u64(slice_str(it->d_name), &pid) || !process_stat_read("/proc", (int64_t)pid, &st)) continue;
        if (st.pid != l->pgid && st.pgrp != l->pgid) continue;
        s->p = mem_realloc_array(s->p, s->n + 1, sizeof *s->p);
        s->p[s->n++] = (struct leftover_process){.pid = st.pid,
                                                 .pgrp = st.pgrp,
                                                 .start_ticks = st.start_ticks,
                                                 .ended = st.state == 'Z' || st.state == 'X',
                                                 .says = says(l, st.pid)};
    }
    closedir(d);
    return 0;
}

// ---- writing down -------------------------------------------------------------------------------------------------

static char *path_of(const char *dir, const char *job_id, int64_t attempt)
{
    return mem_printf("%s/%s-%lld.json", dir, job_id, (long long)attempt);
}

int leftovers_note(const char *dir, const char *job_id, int64_t attempt, pid_t pgid, struct err *e)
{
    struct leftover l = {.attempt = attempt, .pgid = pgid};
    struct process_stat st;
    snprintf(l.job_id, sizeof l.job_id, "%s", job_id);
    int rc = read_boot_id(l.boot_id, sizeof l.boot_id, e);
    if (!rc) rc = read_namespace(l.pid_namespace, sizeof l.pid_namespace, e);
    if (!rc && !process_stat_read("/proc", pgid, &st))
        rc = err_set(e, HW_ENOTFOUND, "there is no process %d", (int)pgid);
    if (rc) return rc;
    l.start_ticks = st.start_ticks;
    struct buf text = BUF_INIT;
    char *path = path_of(dir, job_id, attempt);
    leftover_write(&l, &text);
    // What a crash of the machine takes away would be of another boot.
    rc = file_replace(path, buf_slice(&text), e);
    buf_release(&text);
    free(path);
    return rc;
}

void leftovers_forget(const char *dir, const char *job_id, int64_t attempt)
{
    char *path = path_of(dir, job_id, attempt);
    (void)unlink(path);
    free(path);
}

// ---- ending -------------------------------------------------------------------------------------------------------

// A descriptor that means this process and no later one of its number; -1: it has gone.
static int hold(const struct leftover *l, const struct leftover_process *p)
{
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)p->pid, 0);
    struct process_stat st;
    if (fd < 0) return -1;
    if (process_stat_read("/proc", p->pid, &st) && st.start_ticks == p->start_ticks &&
        (st.pgrp == l->pgid || st.pid == l->pgid))
        return fd;
    close(fd);
    return -1;
}

static int ms_left(int64_t until)
{
    int64_t ms = (until - clock_mono_us()) / 1000;
    return ms < 0 ? 0 : (int)ms;
}

// Kills those of `s` that belong to the group, and waits for them. How many ended.
static int end_seen(const struct leftover *l, const struct seen *s, int64_t until)
{
    int *fds = mem_array(s->n + 1, sizeof *fds);
    int ended = 0;
    for (size_t i = 0; i < s->n; i++) {
        fds[i] = leftover_lives(l, &s->p[i]) ? hold(l, &s->p[i]) : -1;
        // One that changed its user may not be killed by us; it is found again until the time is over.
        if (fds[i] >= 0) (void)syscall(SYS_pidfd_send_signal, fds[i], SIGKILL, NULL, 0);
    }
    for (size_t i = 0; i < s->n; i++) {
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        if (fds[i] < 0) continue;
        if (poll(&p, 1, ms_left(until)) == 1) ended++;
        close(fds[i]);
    }
    free(fds);
    return ended;
}

static void tell(const struct leftover *l, enum leftover_is first, int ended)
{
    if (first == LEFTOVER_FOREIGN)
        log_warn("worker", "job %s: process group %lld isn't provably what an earlier worker left: left alone",
                 l->job_id, (long long)l->pgid);
    if (ended)
        log_warn("worker", "job %s: killed %d process%s that an earlier worker left (group %lld)", l->job_id, ended,
                 ended == 1 ? "" : "es", (long long)l->pgid);
}

// Again and again, for one of them may have forked before it was hit.
static int end_group(const struct leftover *l, int timeout_ms, struct leftovers_ended *out, struct err *e)
{
    struct seen s = {0};
    int64_t until = clock_mono_us() + (int64_t)timeout_ms * 1000;
    enum leftover_is first = LEFTOVER_GONE, is;
    int ended = 0, rc = look(l, &s, e);
    is = first = rc ? LEFTOVER_GONE : leftover_judge(l, s.p, s.n, false);
    while (is == LEFTOVER_OURS && ms_left(until) > 0) {
        ended += end_seen(l, &s, until);
        rc = look(l, &s, e);
        is = rc ? LEFTOVER_GONE : leftover_judge(l, s.p, s.n, true);
    }
    if (is == LEFTOVER_OURS) {
        out->stuck++;
        rc = err_set(e, HW_ETIMEOUT, "job %s: processes of group %lld, which an earlier worker left, don't end",
                     l->job_id, (long long)l->pgid);
    }
    tell(l, first, ended);
    out->foreign += first == LEFTOVER_FOREIGN;
    out->processes += ended;
    free(s.p);
    return rc;
}

static int end_recorded(const char *path, const struct leftover *here, int timeout_ms, struct leftovers_ended *out,
                        struct err *e)
{
    struct buf text = BUF_INIT;
    struct leftover l;
    int rc = file_read(path, RECORD_MAX, &text, e);
    if (!rc) rc = leftover_read(buf_slice(&text), &l, e);
    buf_release(&text);
    if (rc) {
        log_error("worker", "the record %s can't be read and is removed: %s", path, e->message);
        return 0;
    }
    // Of another boot, or another container's numbers: those processes are gone, or not to be found from here.
    if (strcmp(l.boot_id, here->boot_id) != 0 || strcmp(l.pid_namespace, here->pid_namespace) != 0) return 0;
    return end_group(&l, timeout_ms, out, e);
}

int leftovers_end(const char *dir, int timeout_ms, struct leftovers_ended *out, struct err *e)
{
    struct leftover here = {0};
    struct err trouble = {0};
    *out = (struct leftovers_ended){0};
    int rc = file_mkdirs(dir, e);
    if (!rc) rc = read_boot_id(here.boot_id, sizeof here.boot_id, e);
    if (!rc) rc = read_namespace(here.pid_namespace, sizeof here.pid_namespace, e);
    if (rc) return rc;
    DIR *d = opendir(dir);
    if (!d) return err_sys(e, errno, "can't open %s", dir);
    for (struct dirent *it; (it = readdir(d));) {
        if (it->d_name[0] == '.') continue;
        char *path = file_join(dir, it->d_name);
        size_t n = strlen(it->d_name);
        // What doesn't end in .json was half written when its worker died.
        bool whole = n > 5 && strcmp(it->d_name + n - 5, ".json") == 0;
        int one = whole ? end_recorded(path, &here, timeout_ms, out, &trouble) : 0;
        if (one) log_error("worker", "%s", trouble.message);
        if (!one && unlink(path) < 0) log_error("worker", "can't remove %s: %s", path, strerror(errno));
        free(path);
    }
    closedir(d);
    return 0;
}
