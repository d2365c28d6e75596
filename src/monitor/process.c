#include "monitor/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { STAT_MAX = 4096 };

struct member {
    int64_t pid, ppid;
    uint64_t start_ticks;
    // Totals that go on growing when a child is waited for, because the kernel then adds the child's to its parent's.
    uint64_t cpu_ticks, read_bytes, write_bytes;
    bool io_known, zombie;
    struct opt_u64 rss_pages;
};

struct members {
    struct member *items;
    size_t count, cap;
};

struct group {
    int64_t pgid;
    struct members now, before;
    bool read_once;
    uint64_t read_total, write_total; // since the first reading
    struct group_usage usage;
};

struct process_watch {
    char *proc_root;
    struct group *groups;
    size_t count;
    int64_t last_us;
    double ticks_per_second;
    uint64_t page_bytes;
};

bool process_stat_read(const char *proc_root, int64_t pid, struct process_stat *out)
{
    char *path = mem_printf("%s/%lld/stat", proc_root, (long long)pid);
    struct buf text = BUF_INIT;
    bool ok = file_read(path, STAT_MAX, &text, NULL) == 0 && parse_pid_stat(buf_slice(&text), out);
    buf_release(&text);
    free(path);
    return ok;
}

struct process_watch *process_watch_new(const char *proc_root)
{
    struct process_watch *w = mem_zalloc(sizeof *w);
    w->proc_root = mem_strdup(proc_root ? proc_root : "/proc");
    long ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
    w->ticks_per_second = ticks > 0 ? (double)ticks : 100;
    w->page_bytes = page > 0 ? (uint64_t)page : 4096;
    return w;
}

static void release_group(struct group *g)
{
    free(g->now.items);
    free(g->before.items);
}

void process_watch_free(struct process_watch *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->count; i++) release_group(&w->groups[i]);
    free(w->groups);
    free(w->proc_root);
    free(w);
}

static struct group *group_find(const struct process_watch *w, int64_t pgid)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->groups[i].pgid == pgid) return &w->groups[i];
    return NULL;
}

void process_watch_add(struct process_watch *w, int64_t pgid)
{
    if (pgid <= 0 || group_find(w, pgid)) return;
    w->groups = mem_realloc_array(w->groups, w->count + 1, sizeof *w->groups);
    w->groups[w->count++] = (struct group){.pgid = pgid};
}

void process_watch_remove(struct process_watch *w, int64_t pgid)
{
    struct group *g = group_find(w, pgid);
    if (!g) return;
    release_group(g);
    *g = w->groups[--w->count];
}

static const struct member *member_find(const struct members *m, int64_t pid, uint64_t start_ticks)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->items[i].pid == pid && m->items[i].start_ticks == start_ticks) return &m->items[i];
    return NULL;
}

static bool has_pid(const struct members *m, int64_t pid)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->items[i].pid == pid) return true;
    return false;
}

// The text of /proc/PID/`file`; empty if the process is gone or may not be read.
static struct slice read_pid_file(int proc_fd, const char *pid, const char *file, char *into, size_t size)
{
    char path[64];
    int n = snprintf(path, sizeof path, "%s/%s", pid, file);
    if (n < 0 || (size_t)n >= sizeof path) return (struct slice){0};
    int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return (struct slice){0};
    ssize_t got;
    do got = read(fd, into, size);
    while (got < 0 && errno == EINTR);
    close(fd);
    return got > 0 ? slice_of(into, (size_t)got) : (struct slice){0};
}

// Whether a process ended while its files were being read, one after the other.
static bool ended(int proc_fd, const char *pid)
{
    char text[2048];
    struct process_stat st;
    return !parse_pid_stat(read_pid_file(proc_fd, pid, "stat", text, sizeof text), &st) || st.state == 'Z';
}

static void visit(struct process_watch *w, int proc_fd, const char *pid)
{
    char text[2048];
    struct process_stat st;
    if (!parse_pid_stat(read_pid_file(proc_fd, pid, "stat", text, sizeof text), &st)) return;
    struct group *g = group_find(w, st.pgrp);
    if (!g) return;

    struct member m = {.pid = st.pid, .ppid = st.ppid, .start_ticks = st.start_ticks, .zombie = st.state == 'Z'};
    m.cpu_ticks = st.user_ticks + st.system_ticks + st.child_user_ticks + st.child_system_ticks;
    m.rss_pages = parse_pid_statm_rss(read_pid_file(proc_fd, pid, "statm", text, sizeof text));
    struct process_io io = parse_pid_io(read_pid_file(proc_fd, pid, "io", text, sizeof text));
    const struct member *was = member_find(&g->before, m.pid, m.start_ticks);
    m.io_known = io.read_bytes.valid && io.write_bytes.valid;
    m.read_bytes = io.read_bytes.v;
    m.write_bytes = io.write_bytes.v;
    if (!m.zombie && (!m.rss_pages.valid || !m.io_known)) m.zombie = ended(proc_fd, pid);
    if (!m.io_known && m.zombie) {
        // A dead process does nothing more: what it had done stands until its parent takes it over. One that was never
        // read counts from then on.
        m.io_known = !was || was->io_known;
        m.read_bytes = was ? was->read_bytes : 0;
        m.write_bytes = was ? was->write_bytes : 0;
    }
    if (g->now.count == g->now.cap) {
        g->now.cap = g->now.cap ? g->now.cap * 2 : 8;
        g->now.items = mem_realloc_array(g->now.items, g->now.cap, sizeof *g->now.items);
    }
    g->now.items[g->now.count++] = m;
}

// Whether the totals of a process that has gone are in those of one that is there: its parent's, or, if that has gone
// too, a forebear's. Where they are not after all (a parent that ignores the ends of its children), the group seems to
// have done less than nothing, and the rate is absent; the other mistake would show what was done long ago as of now.
static bool inherited(const struct group *g, const struct member *m)
{
    int64_t parent = m->ppid;
    for (size_t steps = 0; steps <= g->before.count; steps++) {
        if (has_pid(&g->now, parent)) return true;
        const struct member *p = NULL;
        for (size_t i = 0; !p && i < g->before.count; i++)
            if (g->before.items[i].pid == parent) p = &g->before.items[i];
        if (!p) return false;
        parent = p->ppid;
    }
    return false;
}

// What a group did since the last reading. A process that left between the two readings took its totals along, unless
// a forebear of it is in the group too: then that one's totals have grown by its own.
static void group_deltas(const struct group *g, struct opt_u64 *cpu, struct opt_u64 *rd, struct opt_u64 *wr)
{
    uint64_t cpu_now = 0, rd_now = 0, wr_now = 0, cpu_then = 0, rd_then = 0, wr_then = 0;
    bool io_known = true;
    for (size_t i = 0; i < g->now.count; i++) {
        const struct member *m = &g->now.items[i];
        cpu_now += m->cpu_ticks, rd_now += m->read_bytes, wr_now += m->write_bytes;
        io_known = io_known && m->io_known;
    }
    for (size_t i = 0; i < g->before.count; i++) {
        const struct member *m = &g->before.items[i];
        if (!member_find(&g->now, m->pid, m->start_ticks) && !inherited(g, m)) continue;
        cpu_then += m->cpu_ticks, rd_then += m->read_bytes, wr_then += m->write_bytes;
        io_known = io_known && m->io_known;
    }
    *cpu = counter_delta(cpu_then, cpu_now, 64);
    *rd = io_known ? counter_delta(rd_then, rd_now, 64) : NO_U64;
    *wr = io_known ? counter_delta(wr_then, wr_now, 64) : NO_U64;
}

static void group_finish(const struct process_watch *w, struct group *g, int64_t elapsed_us)
{
    struct group_usage u = {.pgid = g->pgid};
    bool rss_known = true;
    uint64_t pages = 0;
    for (size_t i = 0; i < g->now.count; i++) {
        const struct member *m = &g->now.items[i];
        if (m->zombie) continue;
        u.processes++;
        rss_known = rss_known && m->rss_pages.valid;
        pages += m->rss_pages.v;
    }
    if (rss_known) u.rss_bytes = some_u64(pages * w->page_bytes);

    if (g->read_once) {
        struct opt_u64 cpu, rd, wr;
        group_deltas(g, &cpu, &rd, &wr);
        struct opt_f64 ticks = per_second(cpu, elapsed_us);
        if (ticks.valid) u.cpu_percent = some_f64(100 * ticks.v / w->ticks_per_second);
        u.read_rate = per_second(rd, elapsed_us);
        u.write_rate = per_second(wr, elapsed_us);
        g->read_total += rd.v, g->write_total += wr.v;
    }
    u.read_bytes = some_u64(g->read_total);
    u.write_bytes = some_u64(g->write_total);
    g->usage = u;
    g->read_once = true;
}

void process_watch_read(struct process_watch *w, int64_t mono_us)
{
    for (size_t i = 0; i < w->count; i++) {
        struct group *g = &w->groups[i];
        struct members spare = g->before;
        g->before = g->now;
        g->now = spare;
        g->now.count = 0;
    }
    DIR *dir = w->count ? opendir(w->proc_root) : NULL;
    if (dir) {
        for (struct dirent *e; (e = readdir(dir));)
            if (e->d_name[0] >= '1' && e->d_name[0] <= '9') visit(w, dirfd(dir), e->d_name);
        closedir(dir);
    }
    for (size_t i = 0; i < w->count; i++) group_finish(w, &w->groups[i], mono_us - w->last_us);
    w->last_us = mono_us;
}

bool process_watch_get(const struct process_watch *w, int64_t pgid, struct group_usage *out)
{
    const struct group *g = group_find(w, pgid);
    if (!g || !g->read_once) return false;
    *out = g->usage;
    return true;
}
