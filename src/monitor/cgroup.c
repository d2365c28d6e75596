#include "monitor/cgroup.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "monitor/scan.h"

// ---- parsers ------------------------------------------------------------------------------------------------------

// "cpu,memory,name=x"
static bool names_memory(struct slice controllers)
{
    while (controllers.n)
        if (slice_is(slice_cut(&controllers, ','), "memory")) return true;
    return false;
}

bool parse_cgroup_path(struct slice text, struct slice *path)
{
    struct slice line;
    bool found = false;
    while (scan_line(&text, &line)) {
        // hierarchy:controllers:path; v2 has the number 0 and no controllers
        struct slice number = slice_cut(&line, ':');
        struct slice controllers = slice_cut(&line, ':');
        if (names_memory(controllers)) return false;
        if (!slice_is(number, "0") || controllers.n || line.n == 0 || line.p[0] != '/') continue;
        *path = line;
        found = true;
    }
    return found && !slice_starts(*path, "/..") && !memchr(path->p, '\0', path->n);
}

bool parse_cgroup_mount(struct slice text, struct slice *mount_point)
{
    struct slice line;
    while (scan_line(&text, &line)) {
        (void)scan_word(&line); // what is mounted
        struct slice at = scan_word(&line), type = scan_word(&line);
        if (!slice_is(type, "cgroup2")) continue;
        *mount_point = at;
        return at.n && at.p[0] == '/' && !memchr(at.p, '\\', at.n) && !memchr(at.p, '\0', at.n);
    }
    return false;
}

struct opt_u64 parse_oom_kill(struct slice text)
{
    struct slice line;
    uint64_t n;
    while (scan_line(&text, &line))
        if (slice_is(scan_word(&line), "oom_kill") && scan_u64(&line, &n)) return some_u64(n);
    return NO_U64;
}

// ---- counting -----------------------------------------------------------------------------------------------------

void oom_count_begin(struct oom_count *c, struct opt_u64 now)
{
    c->explained = c->looked = now;
}

void oom_count_look(struct oom_count *c, struct opt_u64 now)
{
    // A count that stepped back, or came only now, is of another group: begin again.
    if (!now.valid || !c->looked.valid || now.v < c->looked.v) {
        oom_count_begin(c, now);
        return;
    }
    if (c->explained.v < c->looked.v) c->explained = c->looked;
    c->looked = now;
}

bool oom_count_explains(struct oom_count *c, struct opt_u64 now)
{
    if (!now.valid || !c->explained.valid || now.v <= c->explained.v) return false;
    c->explained.v++;
    return true;
}

// ---- our group ----------------------------------------------------------------------------------------------------

static struct slice read_once(const char *root, const char *name, struct buf *out)
{
    struct procfile f;
    procfile_init(&f, root, name);
    struct slice text = procfile_read(&f, out);
    procfile_release(&f);
    return text;
}

void oom_watch_init(struct oom_watch *w, const char *proc_root, const char *root)
{
    struct buf groups = BUF_INIT, mounts = BUF_INIT;
    struct slice path, mount_point;
    *w = (struct oom_watch){0};
    w->known = parse_cgroup_path(read_once(proc_root, "self/cgroup", &groups), &path) &&
               parse_cgroup_mount(read_once(proc_root, "self/mounts", &mounts), &mount_point);
    char *dir = w->known ? mem_printf("%s%.*s%.*s", root, SLICE_FMT(mount_point), SLICE_FMT(path)) : mem_strdup("/");
    procfile_init(&w->events, dir, "memory.events");
    free(dir);
    buf_release(&groups);
    buf_release(&mounts);
    oom_watch_begin(w);
}

void oom_watch_release(struct oom_watch *w)
{
    procfile_release(&w->events);
    buf_release(&w->text);
}

static struct opt_u64 count_now(struct oom_watch *w)
{
    return w->known ? parse_oom_kill(procfile_read(&w->events, &w->text)) : NO_U64;
}

void oom_watch_begin(struct oom_watch *w)
{
    oom_count_begin(&w->count, count_now(w));
}

void oom_watch_look(struct oom_watch *w)
{
    oom_count_look(&w->count, count_now(w));
}

bool oom_watch_explains(struct oom_watch *w)
{
    return oom_count_explains(&w->count, count_now(w));
}
