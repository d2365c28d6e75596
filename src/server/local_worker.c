#include "server/local_worker.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lockfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

enum { AGAIN_MS = 1000, LOCKED_AGAIN_MS = 3000, KILL_AFTER_MS = 40000, POLL_ADOPTED_MS = 100 };

struct local_worker {
    struct loop *loop;
    char *server_url, *data_dir, *slots, *queues, *task_program, *nvml_library, *interval;
    char self[PATH_MAX];
    uv_process_t process;
    bool running;                 // our child
    int64_t started_us, delay_ms; // monotonic; how long the last restart was put off
    pid_t told;                   // the other worker of which the log has it; 0: none
    struct loop_timer again, kill;
    void (*done)(void *ctx);
    void *done_ctx;
    bool stopping;
};

// The process that holds the worker lock of the data folder, 0 if none does, -1 if it hasn't said who it is yet. *ours:
// it works for this server's address.
static pid_t lock_holder(const struct local_worker *w, bool *ours)
{
    char *path = file_join(w->data_dir, "worker.lock");
    struct buf says = BUF_INIT;
    pid_t pid = 0;
    *ours = true;
    if (lockfile_held(path, &says)) {
        pid = (pid_t)strtol(buf_cstr(&says), NULL, 10);
        struct slice rest = buf_slice(&says);
        (void)slice_cut(&rest, '\n');
        struct slice url = slice_cut(&rest, '\n');
        *ours = url.n == 0 || slice_is(url, w->server_url);
        if (pid <= 1) pid = -1;
    }
    buf_release(&says);
    free(path);
    return pid;
}

static void finished(struct local_worker *w)
{
    loop_timer_stop(w->loop, &w->kill);
    loop_timer_stop(w->loop, &w->again);
    if (w->done) w->done(w->done_ctx);
    w->done = NULL;
}

int64_t local_worker_delay_ms(int64_t before_ms, int64_t lived_ms)
{
    const int64_t first = 1000, most = 30000, long_life = 30000;
    if (before_ms <= 0 || lived_ms >= long_life) return first;
    return before_ms >= most / 2 ? most : before_ms * 2;
}

static void closed(uv_handle_t *h)
{
    struct local_worker *w = h->data;
    w->running = false;
    if (w->stopping)
        finished(w);
    else
        loop_timer_start(w->loop, &w->again, w->delay_ms);
}

static void set_delay(struct local_worker *w)
{
    w->delay_ms = local_worker_delay_ms(w->delay_ms, (clock_mono_us() - w->started_us) / 1000);
}

static void exited(uv_process_t *p, int64_t status, int sig)
{
    struct local_worker *w = p->data;
    set_delay(w);
    if (!w->stopping)
        log_warn("server", "the worker ended (status %lld, signal %d); it is started again in %lld s",
                 (long long)status, sig, (long long)w->delay_ms / 1000);
    uv_close((uv_handle_t *)p, closed);
}

static void start(struct loop_timer *t)
{
    struct local_worker *w = t->ctx;
    bool ours;
    pid_t holder = lock_holder(w, &ours);
    if (holder > 1 && !ours) {
        // It outlived a server at another address, and has nobody to report to. Its spool comes to its successor.
        if (w->told != holder) {
            log_warn("server", "the worker of an earlier server (pid %d) is stopped: it doesn't know this address",
                     (int)holder);
            (void)kill(holder, SIGTERM);
        }
        w->told = holder;
        loop_timer_start(w->loop, &w->again, AGAIN_MS);
        return;
    }
    if (holder) {
        // Who has the lock and hasn't said who it is may yet turn out to work for another address.
        if (holder > 1 && w->told != holder)
            log_info("server", "a worker is there already (pid %d): it is used", (int)holder);
        w->told = holder;
        loop_timer_start(w->loop, &w->again, LOCKED_AGAIN_MS);
        return;
    }
    char cmd[] = "worker", a[] = "--server", b[] = "--data", c[] = "--slots", q[] = "--queues", d[] = "--task";
    char i[] = "--monitor-interval", n[] = "--nvml";
    char *argv[] = {w->self, cmd, a, w->server_url, b, w->data_dir, c, w->slots, q, w->queues, d, w->task_program, i,
                    w->interval,
                    // Last, because there may be none.
                    w->nvml_library ? n : NULL, w->nvml_library, NULL};
    uv_stdio_container_t io[3] = {
        {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
    // A session of its own: a Ctrl-C at the terminal reaches the server, which then stops its worker in order.
    uv_process_options_t o = {
        .file = w->self, .args = argv, .exit_cb = exited, .stdio = io, .stdio_count = 3, .flags = UV_PROCESS_DETACHED};
    int rc = uv_spawn(loop_uv(w->loop), &w->process, &o);
    w->process.data = w;
    w->running = true;
    w->started_us = clock_mono_us();
    if (rc == 0) {
        log_info("server", "started a worker (pid %d)", w->process.pid);
        w->told = 0;
        return;
    }
    set_delay(w);
    log_error("server", "can't start the worker: %s; it is tried again in %lld s", uv_strerror(rc),
              (long long)w->delay_ms / 1000);
    uv_close((uv_handle_t *)&w->process, closed);
}

static void kill_it(struct loop_timer *t)
{
    struct local_worker *w = t->ctx;
    log_warn("server", "the worker does not stop: it is killed");
    if (w->running) (void)uv_process_kill(&w->process, SIGKILL);
}

// A worker of an earlier server isn't our child: its lock tells when it has gone.
static void adopted_gone(struct loop_timer *t)
{
    struct local_worker *w = t->ctx;
    bool ours;
    if (lock_holder(w, &ours) == 0)
        finished(w);
    else
        loop_timer_start(w->loop, &w->again, POLL_ADOPTED_MS);
}

int local_worker_start(struct local_worker **out, struct loop *l, const struct local_worker_options *o, struct err *e)
{
    struct local_worker *w = mem_zalloc(sizeof *w);
    ssize_t n = readlink("/proc/self/exe", w->self, sizeof w->self - 1);
    if (n <= 0) {
        free(w);
        return err_sys(e, errno, "can't find this program's own path");
    }
    w->loop = l;
    w->server_url = mem_strdup(o->server_url);
    w->data_dir = mem_strdup(o->data_dir);
    w->slots = mem_strdup(o->slots);
    w->queues = mem_strdup(o->queues);
    w->task_program = mem_strdup(o->task_program);
    w->nvml_library = o->nvml_library ? mem_strdup(o->nvml_library) : NULL;
    w->interval = mem_printf("%g", o->monitor_interval_seconds);
    loop_timer_init(&w->again, start, w);
    loop_timer_init(&w->kill, kill_it, w);
    loop_timer_start(l, &w->again, 0);
    *out = w;
    return 0;
}

void local_worker_stop(struct local_worker *w, void (*done)(void *ctx), void *ctx)
{
    w->done = done;
    w->done_ctx = ctx;
    w->stopping = true;
    loop_timer_stop(w->loop, &w->again);
    bool ours;
    pid_t holder = w->running ? 0 : lock_holder(w, &ours);
    if (w->running && uv_is_active((uv_handle_t *)&w->process)) {
        (void)uv_process_kill(&w->process, SIGTERM);
        loop_timer_start(w->loop, &w->kill, KILL_AFTER_MS);
    } else if (holder > 1 && kill(holder, SIGTERM) == 0) {
        loop_timer_init(&w->again, adopted_gone, w);
        loop_timer_start(w->loop, &w->again, POLL_ADOPTED_MS);
    } else if (!w->running) {
        finished(w);
    }
}

void local_worker_free(struct local_worker *w)
{
    if (!w) return;
    free(w->server_url);
    free(w->data_dir);
    free(w->slots);
    free(w->queues);
    free(w->task_program);
    free(w->nvml_library);
    free(w->interval);
    free(w);
}
