// SQLite on a disk that loses power: what was written to a file since its last sync is there afterwards, or isn't, or
// is in part, sector by sector, whatever became of other files.
//
// A layer on SQLite's own file system. What is written goes to the real files as ever, so that the program under test
// goes on; beside that it keeps what of each file is certain to be on the disk, and what was written since. At chosen
// moments it makes of these a folder as one would find it after the power is back.
#ifndef HW_TESTS_POWER_LOSS_H
#define HW_TESTS_POWER_LOSS_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { POWER_SECTOR = 512, POWER_FILES_MAX = 8 };

struct power_op {
    bool truncate;
    int64_t at;
    size_t n;
    unsigned char *data;
};

struct power_model {
    char path[300];
    unsigned char *synced;
    size_t n_synced;
    bool exists; // its name is certain to be on the disk
    bool gone;   // it was deleted, and that isn't certain to be
    struct power_op *ops;
    int n_ops;
};

struct power_file {
    sqlite3_file base;
    struct power_model *model; // NULL: not of the folder
    sqlite3_file *real;
};

static struct power {
    sqlite3_vfs vfs, *real;
    pthread_mutex_t lock;
    char folder[256];
    struct power_model models[POWER_FILES_MAX];
    int n_models;
    uint64_t random;
    int one_in;              // of so many operations one is a moment to lose the power at; 0: none
    void (*lost)(void *ctx); // is told, with the lock held
    void *ctx;
    int64_t kept, dropped, torn, ops; // what became of operations that weren't synced
} power;

static inline uint64_t power_random(void)
{
    power.random ^= power.random << 13;
    power.random ^= power.random >> 7;
    power.random ^= power.random << 17;
    return power.random;
}

// ---- the model ----------------------------------------------------------------------------------------------------

static inline void power_apply(unsigned char **p, size_t *n, const struct power_op *op, bool torn)
{
    size_t end = (size_t)op->at + op->n;
    if (op->truncate || end > *n) {
        size_t size = op->truncate ? (size_t)op->at : end;
        *p = mem_realloc(*p, size ? size : 1);
        if (size > *n) memset(*p + *n, 0, size - *n);
        *n = size;
    }
    for (size_t i = 0; i < op->n;) {
        size_t to_next = POWER_SECTOR - ((size_t)op->at + i) % POWER_SECTOR;
        size_t k = to_next < op->n - i ? to_next : op->n - i;
        if (!torn || power_random() % 2) memcpy(*p + op->at + i, op->data + i, k);
        i += k;
    }
}

static inline void power_forget_ops(struct power_model *m)
{
    for (int i = 0; i < m->n_ops; i++) free(m->ops[i].data);
    m->n_ops = 0;
}

static inline void power_delete_model(struct power_model *m)
{
    power_forget_ops(m);
    m->n_synced = 0;
    m->exists = m->gone = false;
}

static inline void power_note(struct power_model *m, bool truncate, int64_t at, const void *data, size_t n)
{
    if (m->gone) power_delete_model(m); // made anew
    if ((m->n_ops & (m->n_ops - 1)) == 0)
        m->ops = mem_realloc_array(m->ops, m->n_ops ? (size_t)m->n_ops * 2 : 1, sizeof *m->ops);
    m->ops[m->n_ops++] = (struct power_op){truncate, at, n, n ? mem_dup(data, n) : NULL};
}

// SQLite syncs the folder, too, when it syncs a file that is new; so other names that are gone from it are so for good.
static inline void power_synced(struct power_model *m)
{
    for (int i = 0; i < m->n_ops; i++) power_apply(&m->synced, &m->n_synced, &m->ops[i], false);
    power_forget_ops(m);
    for (int i = 0; !m->exists && i < power.n_models; i++)
        if (power.models[i].gone) power_delete_model(&power.models[i]);
    m->exists = true;
}

static inline struct power_model *power_model_of(const char *path)
{
    if (strncmp(path, power.folder, strlen(power.folder)) != 0 || path[strlen(power.folder)] != '/') return NULL;
    for (int i = 0; i < power.n_models; i++)
        if (strcmp(power.models[i].path, path) == 0) return &power.models[i];
    if (power.n_models == POWER_FILES_MAX) abort();
    struct power_model *m = &power.models[power.n_models++];
    snprintf(m->path, sizeof m->path, "%s", path);
    return m;
}

// Writes into `folder` what is left of all files.
static inline void power_write_image(const char *folder)
{
    for (int i = 0; i < power.n_models; i++) {
        struct power_model *m = &power.models[i];
        if (!m->exists && (m->n_ops == 0 || power_random() % 2)) continue;
        if (m->gone && power_random() % 2) continue;
        unsigned char *p = mem_dup(m->n_synced ? (const void *)m->synced : "", m->n_synced ? m->n_synced : 1);
        size_t n = m->n_synced;
        // All of it, nothing of it, or any part: each is what disks do.
        uint64_t manner = power_random() % 4;
        for (int k = 0; k < m->n_ops; k++) {
            uint64_t fate = manner == 0 ? 0 : manner == 1 ? 1 : power_random() % 3;
            if (fate != 1) power_apply(&p, &n, &m->ops[k], fate == 2);
            *(fate == 0 ? &power.kept : fate == 1 ? &power.dropped : &power.torn) += 1;
        }
        char path[600];
        snprintf(path, sizeof path, "%s%s", folder, m->path + strlen(power.folder));
        FILE *f = fopen(path, "wb");
        if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) abort();
        free(p);
    }
}

static inline void power_moment(void)
{
    power.ops++;
    if (power.one_in && power_random() % (uint64_t)power.one_in == 0) power.lost(power.ctx);
}

// ---- files --------------------------------------------------------------------------------------------------------

#define POWER_REAL(f) (((struct power_file *)(void *)(f))->real)

static inline int power_close(sqlite3_file *f)
{
    return POWER_REAL(f)->pMethods->xClose(POWER_REAL(f));
}

static inline int power_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return POWER_REAL(f)->pMethods->xRead(POWER_REAL(f), p, n, at);
}

static inline int power_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct power_model *m = ((struct power_file *)(void *)f)->model;
    int rc = POWER_REAL(f)->pMethods->xWrite(POWER_REAL(f), p, n, at);
    if (rc != SQLITE_OK || !m) return rc;
    pthread_mutex_lock(&power.lock);
    power_note(m, false, at, p, (size_t)n);
    power_moment();
    pthread_mutex_unlock(&power.lock);
    return rc;
}

static inline int power_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct power_model *m = ((struct power_file *)(void *)f)->model;
    int rc = POWER_REAL(f)->pMethods->xTruncate(POWER_REAL(f), size);
    if (rc != SQLITE_OK || !m) return rc;
    pthread_mutex_lock(&power.lock);
    power_note(m, true, size, NULL, 0);
    power_moment();
    pthread_mutex_unlock(&power.lock);
    return rc;
}

// The power may go before it is done and after it. (The real disk needn't be waited for.)
static inline int power_sync(sqlite3_file *f, int flags)
{
    struct power_model *m = ((struct power_file *)(void *)f)->model;
    (void)flags;
    if (!m) return SQLITE_OK;
    pthread_mutex_lock(&power.lock);
    power_moment();
    power_synced(m);
    power_moment();
    pthread_mutex_unlock(&power.lock);
    return SQLITE_OK;
}

static inline int power_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return POWER_REAL(f)->pMethods->xFileSize(POWER_REAL(f), size);
}

static inline int power_lock(sqlite3_file *f, int kind)
{
    return POWER_REAL(f)->pMethods->xLock(POWER_REAL(f), kind);
}

static inline int power_unlock(sqlite3_file *f, int kind)
{
    return POWER_REAL(f)->pMethods->xUnlock(POWER_REAL(f), kind);
}

static inline int power_reserved(sqlite3_file *f, int *yes)
{
    return POWER_REAL(f)->pMethods->xCheckReservedLock(POWER_REAL(f), yes);
}

static inline int power_control(sqlite3_file *f, int op, void *p)
{
    return POWER_REAL(f)->pMethods->xFileControl(POWER_REAL(f), op, p);
}

static inline int power_sector(sqlite3_file *f)
{
    return POWER_REAL(f)->pMethods->xSectorSize(POWER_REAL(f));
}

static inline int power_character(sqlite3_file *f)
{
    return POWER_REAL(f)->pMethods->xDeviceCharacteristics(POWER_REAL(f));
}

static inline int power_shm_map(sqlite3_file *f, int i, int size, int extend, void volatile **p)
{
    return POWER_REAL(f)->pMethods->xShmMap(POWER_REAL(f), i, size, extend, p);
}

static inline int power_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return POWER_REAL(f)->pMethods->xShmLock(POWER_REAL(f), at, n, flags);
}

static inline void power_shm_barrier(sqlite3_file *f)
{
    POWER_REAL(f)->pMethods->xShmBarrier(POWER_REAL(f));
}

static inline int power_shm_unmap(sqlite3_file *f, int remove)
{
    return POWER_REAL(f)->pMethods->xShmUnmap(POWER_REAL(f), remove);
}

// Version 2: nothing is written by way of a mapping.
static const sqlite3_io_methods power_methods = {
    2,
    power_close,
    power_read,
    power_write,
    power_truncate,
    power_sync,
    power_size,
    power_lock,
    power_unlock,
    power_reserved,
    power_control,
    power_sector,
    power_character,
    power_shm_map,
    power_shm_lock,
    power_shm_barrier,
    power_shm_unmap,
    NULL,
    NULL,
};

static inline int power_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct power_file *p = (struct power_file *)(void *)f;
    (void)vfs;
    *p = (struct power_file){.real = (sqlite3_file *)(void *)(p + 1)};
    int rc = power.real->xOpen(power.real, name, p->real, flags, out);
    if (rc != SQLITE_OK) return rc;
    p->base.pMethods = &power_methods;
    pthread_mutex_lock(&power.lock);
    if (name) p->model = power_model_of(name);
    pthread_mutex_unlock(&power.lock);
    return rc;
}

static inline int power_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    int rc = power.real->xDelete(power.real, name, sync_folder);
    if (rc != SQLITE_OK) return rc;
    pthread_mutex_lock(&power.lock);
    struct power_model *m = power_model_of(name);
    // Without the sync of its folder it may come back.
    if (m && (sync_folder || !m->exists))
        power_delete_model(m);
    else if (m)
        m->gone = true;
    pthread_mutex_unlock(&power.lock);
    return rc;
}

// For every connection from here on; files of `folder` count.
static inline void power_begin(const char *folder, uint64_t seed)
{
    power.real = sqlite3_vfs_find(NULL);
    power.vfs = *power.real;
    power.vfs.zName = "power";
    power.vfs.pNext = NULL;
    power.vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
    power.vfs.xOpen = power_open;
    power.vfs.xDelete = power_delete;
    power.random = seed;
    pthread_mutex_init(&power.lock, NULL);
    snprintf(power.folder, sizeof power.folder, "%s", folder);
    if (sqlite3_vfs_register(&power.vfs, 1) != SQLITE_OK) abort();
}

static inline void power_end(void)
{
    sqlite3_vfs_unregister(&power.vfs);
    for (int i = 0; i < power.n_models; i++) {
        power_forget_ops(&power.models[i]);
        free(power.models[i].ops);
        free(power.models[i].synced);
    }
    pthread_mutex_destroy(&power.lock);
    power = (struct power){0};
}

#endif
