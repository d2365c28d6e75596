#include "worker/gpu_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "monitor/gpu.h"

enum { RETRY_S = 60 }; // a driver may be loaded later
// A driver that hangs has the last answer it gave shown for so many intervals, and then none.
enum { STALE_INTERVALS = 4 };

struct gpu_watch {
    char *library; // NULL: the usual names
    bool off;
    int64_t interval_us;
    pthread_t thread;
    bool started; // the thread runs
    pthread_mutex_t lock;
    pthread_cond_t wake, news; // for the thread; for whoever waits for a reading
    // guarded by lock
    bool wanted, stopping;
    int64_t readings, read_us; // how many, and when the last was made (monotonic)
    struct gpu_reading *gpus;
    int count;
};

// A driver leaves one of these; looking costs three system calls.
static bool driver_there(void)
{
    static const char *const traces[] = {"/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"};
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++)
        if (access(traces[i], F_OK) == 0) return true;
    return false;
}

struct gpu_watch *gpu_watch_new(const char *library, int64_t interval_us)
{
    struct gpu_watch *g = mem_zalloc(sizeof *g);
    g->off = library && !library[0];
    g->library = library ? mem_strdup(library) : NULL;
    g->interval_us = interval_us;
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->wake, &attr);
    pthread_cond_init(&g->news, &attr);
    pthread_condattr_destroy(&attr);
    return g;
}

static void release(struct gpu_reading *gpus, int count)
{
    for (int i = 0; i < count; i++) gpu_reading_release(&gpus[i]);
    free(gpus);
}

void gpu_watch_free(struct gpu_watch *g)
{
    if (!g) return;
    if (g->started) {
        pthread_mutex_lock(&g->lock);
        g->stopping = true;
        pthread_cond_signal(&g->wake);
        pthread_mutex_unlock(&g->lock);
        pthread_join(g->thread, NULL);
    }
    release(g->gpus, g->count);
    pthread_cond_destroy(&g->wake);
    pthread_cond_destroy(&g->news);
    pthread_mutex_destroy(&g->lock);
    free(g->library);
    free(g);
}

// ---- the thread ---------------------------------------------------------------------------------------------------

static struct timespec in_us(int64_t us)
{
    int64_t at = clock_mono_us() + us;
    return (struct timespec){.tv_sec = at / 1000000, .tv_nsec = (at % 1000000) * 1000};
}

static void wait_for(struct gpu_watch *g, int64_t us)
{
    struct timespec until = in_us(us);
    while (!g->stopping && pthread_cond_timedwait(&g->wake, &g->lock, &until) != ETIMEDOUT) {
    }
}

// With the lock held but for the reading itself.
static void read_all(struct gpu_watch *g, struct gpu *driver)
{
    pthread_mutex_unlock(&g->lock);
    struct gpu_reading *now = mem_array((size_t)driver->count + 1, sizeof *now);
    for (int i = 0; i < driver->count; i++) {
        gpu_read(driver, i, &now[i]);
        gpu_mark_local("/proc", &now[i]);
    }
    pthread_mutex_lock(&g->lock);
    release(g->gpus, g->count);
    g->gpus = now;
    g->count = driver->count;
    g->read_us = clock_mono_us();
    g->readings++;
    pthread_cond_broadcast(&g->news);
}

static void *run(void *arg)
{
    struct gpu_watch *g = arg;
    struct gpu *driver = NULL;
    pthread_mutex_lock(&g->lock);
    while (!g->stopping) {
        if (!g->wanted) {
            pthread_cond_wait(&g->wake, &g->lock);
            continue;
        }
        if (!driver || driver->count == 0) {
            pthread_mutex_unlock(&g->lock);
            gpu_free(driver);
            driver = gpu_open(g->library);
            pthread_mutex_lock(&g->lock);
        }
        read_all(g, driver);
        wait_for(g, driver->count ? g->interval_us : RETRY_S * 1000000LL);
    }
    pthread_mutex_unlock(&g->lock);
    gpu_free(driver);
    return NULL;
}

void gpu_watch_want(struct gpu_watch *g, bool wanted)
{
    if (g->off || (!g->started && (!wanted || (!g->library && !driver_there())))) return;
    pthread_mutex_lock(&g->lock);
    g->wanted = wanted;
    pthread_cond_signal(&g->wake);
    pthread_mutex_unlock(&g->lock);
    if (g->started) return;
    int rc = pthread_create(&g->thread, NULL, run, g);
    g->started = rc == 0;
    if (rc) {
        log_error("worker", "GPUs can't be watched: %s", strerror(rc));
        g->off = true;
    }
}

int64_t gpu_watch_readings(struct gpu_watch *g)
{
    pthread_mutex_lock(&g->lock);
    int64_t n = g->readings;
    pthread_mutex_unlock(&g->lock);
    return n;
}

bool gpu_watch_wait_readings(struct gpu_watch *g, int64_t readings, int timeout_ms)
{
    struct timespec until = in_us((int64_t)timeout_ms * 1000);
    pthread_mutex_lock(&g->lock);
    while (g->readings < readings && pthread_cond_timedwait(&g->news, &g->lock, &until) != ETIMEDOUT) {
    }
    bool there = g->readings >= readings;
    pthread_mutex_unlock(&g->lock);
    return there;
}

// ---- whose --------------------------------------------------------------------------------------------------------

struct share {
    int processes;
    struct opt_u64 memory_bytes;
    struct opt_f64 utilization;
    bool told; // every process of this GPU has a place
};

// A sum of which one part isn't known isn't known.
static struct share share_of(const struct gpu_reading *r, int64_t pgid)
{
    struct share s = {.memory_bytes = some_u64(0), .utilization = some_f64(0), .told = r->processes_known};
    for (size_t i = 0; i < r->process_count; i++) {
        const struct gpu_process *p = &r->processes[i];
        if (!p->local) s.told = false;
        if (p->pgid != pgid) continue;
        s.processes++;
        s.memory_bytes =
            s.memory_bytes.valid && p->memory_bytes.valid ? some_u64(s.memory_bytes.v + p->memory_bytes.v) : NO_U64;
        s.utilization =
            s.utilization.valid && p->utilization.valid ? some_f64(s.utilization.v + p->utilization.v) : NO_F64;
    }
    if (s.utilization.v > 100) s.utilization.v = 100;
    return s;
}

static void write_share(struct jw *w, int gpu_id, const struct share *s)
{
    jw_obj(w);
    jw_ki64(w, "gpu_id", gpu_id);
    if (s->memory_bytes.valid)
        jw_ki64(w, "memory_bytes", (int64_t)s->memory_bytes.v);
    else
        jw_knull(w, "memory_bytes");
    if (s->utilization.valid)
        jw_kfixed(w, "utilization", s->utilization.v, 1);
    else
        jw_knull(w, "utilization");
    jw_obj_end(w);
}

static void write_shares(const struct gpu_watch *g, int64_t pgid, struct jw *w)
{
    bool told = true, any = false;
    for (int i = 0; i < g->count; i++) {
        struct share s = share_of(&g->gpus[i], pgid);
        told = told && s.told;
        any = any || s.processes;
    }
    if (!told && !any) {
        jw_null(w);
        return;
    }
    jw_arr(w);
    for (int i = 0; i < g->count; i++) {
        struct share s = share_of(&g->gpus[i], pgid);
        if (s.processes) write_share(w, g->gpus[i].index, &s);
    }
    jw_arr_end(w);
}

void gpu_watch_write(struct gpu_watch *g, int64_t pgid, int64_t mono_us, struct jw *w)
{
    if (!g->started) { // no driver: no job uses a GPU
        jw_arr(w);
        jw_arr_end(w);
        return;
    }
    pthread_mutex_lock(&g->lock);
    bool stale = g->count && mono_us - g->read_us > STALE_INTERVALS * g->interval_us;
    if (!g->readings || stale)
        jw_null(w);
    else
        write_shares(g, pgid, w);
    pthread_mutex_unlock(&g->lock);
}
