#include "worker/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

struct entry {
    struct list node;
    uint64_t number; // order; also the file's name
    char worker_id[32];
    struct buf body; // empty if it lies in a file
    bool on_disk;
    uint64_t size;
};

struct spool {
    char *dir;
    struct spool_limits limits;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    bool woken;          // for good
    struct list entries; // oldest first
    uint64_t next_number;
    size_t in_memory;
    uint64_t on_disk;
    bool secure; // everything goes to files
};

static char *path_of(const struct spool *s, const struct entry *it)
{
    return mem_printf("%s/%020llu-%s.json", s->dir, (unsigned long long)it->number, it->worker_id);
}

// No fsync: the spool survives the worker's death; the machine's takes the tasks with it.
static int write_entry(const struct spool *s, struct entry *it, struct err *e)
{
    char *path = path_of(s, it), *tmp = mem_printf("%s.tmp", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = fd < 0 ? err_sys(e, errno, "can't create %s", tmp) : file_write_all(fd, it->body.p, it->body.n, e);
    if (fd >= 0 && close(fd) < 0 && !rc) rc = err_sys(e, errno, "can't write %s", tmp);
    if (!rc && rename(tmp, path) < 0) rc = err_sys(e, errno, "can't rename %s", tmp);
    if (rc) unlink(tmp);
    free(tmp);
    free(path);
    return rc;
}

static void entry_free(struct entry *it)
{
    list_remove(&it->node);
    buf_release(&it->body);
    free(it);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// "00000000000000000042-wrk_abc.json"
static void adopt_file(struct spool *s, const char *name)
{
    unsigned long long number;
    size_t n = strlen(name);
    if (n > 4 && strcmp(name + n - 4, ".tmp") == 0) { // half written when its worker died
        char *path = file_join(s->dir, name);
        unlink(path);
        free(path);
        return;
    }
    if (n < 28 || name[20] != '-' || strcmp(name + n - 5, ".json") != 0 || !slice_u64(slice_of(name, 20), &number))
        return;
    struct entry *it = mem_zalloc(sizeof *it);
    if (n - 26 >= sizeof it->worker_id) {
        free(it);
        return;
    }
    memcpy(it->worker_id, name + 21, n - 26);
    it->number = number;
    it->on_disk = true;
    char *path = path_of(s, it);
    int64_t size = file_size(path);
    free(path);
    it->size = size > 0 ? (uint64_t)size : 0;
    s->on_disk += it->size;
    list_push_back(&s->entries, &it->node);
    if (number >= s->next_number) s->next_number = number + 1;
}

static int adopt_files(struct spool *s, struct err *e)
{
    DIR *d = opendir(s->dir);
    if (!d) return err_sys(e, errno, "can't open %s", s->dir);
    char **names = NULL;
    size_t n = 0;
    for (struct dirent *it; (it = readdir(d));) {
        names = mem_realloc_array(names, n + 1, sizeof *names);
        names[n++] = mem_strdup(it->d_name);
    }
    closedir(d);
    if (n) qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        adopt_file(s, names[i]);
        free(names[i]);
    }
    free(names);
    return 0;
}

int spool_open(struct spool **out, const char *dir, struct spool_limits limits, struct err *e)
{
    int rc = file_mkdirs(dir, e);
    if (rc) return rc;
    struct spool *s = mem_zalloc(sizeof *s);
    s->dir = mem_strdup(dir);
    s->limits = limits;
    s->next_number = 1;
    list_init(&s->entries);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->arrived, &attr);
    pthread_condattr_destroy(&attr);
    rc = adopt_files(s, e);
    if (rc) {
        spool_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void spool_close(struct spool *s)
{
    if (!s) return;
    LIST_EACH(node, next, &s->entries)
    {
        struct entry *it = LIST_ITEM(node, struct entry, node);
        struct err e;
        if (!it->on_disk && write_entry(s, it, &e) != 0) log_error("worker", "reports are lost: %s", e.message);
        entry_free(it);
    }
    pthread_cond_destroy(&s->arrived);
    pthread_mutex_destroy(&s->lock);
    free(s->dir);
    free(s);
}

int spool_push(struct spool *s, const char *worker_id, struct buf *b, struct err *e)
{
    struct entry *it = mem_zalloc(sizeof *it);
    snprintf(it->worker_id, sizeof it->worker_id, "%s", worker_id);
    it->body = *b;
    *b = BUF_INIT;
    it->size = it->body.n;
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    it->number = s->next_number++;
    if (s->secure || (s->in_memory + it->size > s->limits.memory_bytes && !list_empty(&s->entries)))
        rc = write_entry(s, it, e), it->on_disk = !rc;
    if (it->on_disk) {
        buf_release(&it->body);
        s->on_disk += it->size;
    } else {
        s->in_memory += it->size;
    }
    list_push_back(&s->entries, &it->node);
    pthread_cond_signal(&s->arrived);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

static void move_to_disk(struct spool *s, struct entry *it)
{
    struct err e;
    if (write_entry(s, it, &e) != 0) {
        log_error("worker", "a batch of reports stays in memory: %s", e.message);
        return;
    }
    it->on_disk = true;
    buf_release(&it->body);
    s->in_memory -= it->size;
    s->on_disk += it->size;
}

void spool_secure(struct spool *s, bool on)
{
    pthread_mutex_lock(&s->lock);
    s->secure = on;
    LIST_EACH(node, next, &s->entries)
    {
        struct entry *it = LIST_ITEM(node, struct entry, node);
        if (on && !it->on_disk) move_to_disk(s, it);
    }
    pthread_mutex_unlock(&s->lock);
}

bool spool_full(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    bool full = s->on_disk > s->limits.disk_bytes || s->in_memory > 4 * s->limits.memory_bytes;
    pthread_mutex_unlock(&s->lock);
    return full;
}

uint64_t spool_bytes(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t n = s->on_disk + s->in_memory;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static bool wait_for_entry(struct spool *s, int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    while (list_empty(&s->entries) && !s->woken)
        if (pthread_cond_timedwait(&s->arrived, &s->lock, &until) == ETIMEDOUT) break;
    return !list_empty(&s->entries);
}

static void forget(struct spool *s, struct entry *it)
{
    if (it->on_disk) {
        char *path = path_of(s, it);
        unlink(path);
        free(path);
        s->on_disk -= it->size;
    } else {
        s->in_memory -= it->size;
    }
    entry_free(it);
}

static bool copy_out(const struct spool *s, const struct entry *it, struct buf *out)
{
    if (!it->on_disk) {
        buf_add_slice(out, buf_slice(&it->body));
        return true;
    }
    struct err e;
    char *path = path_of(s, it);
    int rc = file_read(path, 64 << 20, out, &e);
    free(path);
    if (rc) log_error("worker", "a spooled batch can't be read and is left out: %s", e.message);
    return rc == 0;
}

bool spool_wait(struct spool *s, int timeout_ms, struct spool_batch *out)
{
    bool got = false;
    buf_clear(&out->body);
    pthread_mutex_lock(&s->lock);
    if (wait_for_entry(s, timeout_ms)) {
        struct entry *it = LIST_ITEM(s->entries.next, struct entry, node);
        memcpy(out->worker_id, it->worker_id, sizeof out->worker_id);
        got = copy_out(s, it, &out->body);
        if (!got) forget(s, it);
    }
    pthread_mutex_unlock(&s->lock);
    return got;
}

void spool_wake(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    s->woken = true;
    pthread_cond_broadcast(&s->arrived);
    pthread_mutex_unlock(&s->lock);
}

void spool_drop(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    if (!list_empty(&s->entries)) forget(s, LIST_ITEM(s->entries.next, struct entry, node));
    pthread_mutex_unlock(&s->lock);
}

bool spool_empty(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    bool empty = list_empty(&s->entries);
    pthread_mutex_unlock(&s->lock);
    return empty;
}
