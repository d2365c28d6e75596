#include "jobs/archival.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "jobs/schedule.h"
#include "store/metric_pack.h"
#include "store/store.h"

static const int64_t DAY_US = 86400LL * 1000000, HOUR_US = 3600LL * 1000000;
static const double SECONDS[] = {0.1, 1, 10, 60, 600, 3600};
enum { N_BOUNDS = sizeof SECONDS / sizeof *SECONDS };

struct archival {
    struct store *store;
    int64_t days_old;
    pthread_mutex_t lock; // guards what follows
    struct archival_stats stats;
    uint64_t counts[N_BOUNDS + 1];
    struct prom_histogram duration;
};

struct archival *archival_new(struct store *store, int64_t days_old)
{
    struct archival *a = mem_zalloc(sizeof *a);
    a->store = store;
    a->days_old = days_old;
    a->duration = (struct prom_histogram){.bounds = SECONDS, .n_bounds = N_BOUNDS, .counts = a->counts};
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

void archival_free(struct archival *a)
{
    if (!a) return;
    pthread_mutex_destroy(&a->lock);
    free(a);
}

// "archive 30", "restore trn_…", "restore " for all.
static const char RESTORE[] = "restore ", ARCHIVE[] = "archive ";

void archival_to_archive(int64_t days_old, char argument[ARCHIVAL_ARGUMENT_SIZE])
{
    snprintf(argument, ARCHIVAL_ARGUMENT_SIZE, "%s%" PRId64, ARCHIVE, days_old);
}

void archival_to_restore(const char *training_id, char argument[ARCHIVAL_ARGUMENT_SIZE])
{
    snprintf(argument, ARCHIVAL_ARGUMENT_SIZE, "%s%s", RESTORE, training_id ? training_id : "");
}

// What the argument (NULL: none) asks for: true, and which to bring back; or how old what is archived is to be.
static bool read_argument(const struct archival *a, const char *argument, char training_id[ID_SIZE], int64_t *days)
{
    struct slice text = slice_str(argument);
    *days = a->days_old;
    if (slice_starts(text, RESTORE)) {
        snprintf(training_id, ID_SIZE, "%s", argument + sizeof RESTORE - 1);
        return true;
    }
    if (slice_starts(text, ARCHIVE)) *days = strtoll(argument + sizeof ARCHIVE - 1, NULL, 10);
    return false;
}

// ---- archiving -----------------------------------------------------------------------------------------------------

struct moving {
    int64_t before, restored_before;
    struct metric_stretch stretch;
    int piece;
    int64_t rows, purged;
};

static int purge(struct store_tx *tx, void *ctx, struct err *e)
{
    struct moving *m = ctx;
    int64_t n = metric_archive_purge(tx, m->restored_before, e);
    if (n < 0) return (int)n;
    m->purged += n;
    return n > 0;
}

static int forget(struct store_tx *tx, void *ctx, struct err *e)
{
    return metric_archive_forget(tx, ((struct moving *)ctx)->before, e);
}

static int find(struct store_tx *tx, void *ctx, struct err *e)
{
    struct moving *m = ctx;
    return metric_archive_find(tx, m->before, &m->stretch, e);
}

static int copy(struct store_tx *tx, void *ctx, struct err *e)
{
    struct moving *m = ctx;
    int64_t n = metric_archive_copy(tx, m->before, &m->stretch, m->piece, e);
    return n < 0 ? (int)n : ++m->piece < m->stretch.n;
}

static int delete (struct store_tx *tx, void *ctx, struct err *e)
{
    struct moving *m = ctx;
    int64_t n = metric_archive_delete(tx, m->before, &m->stretch, m->piece, e);
    if (n < 0) return (int)n;
    m->rows += n;
    return ++m->piece < m->stretch.n;
}

// Copies, and only when that is committed, deletes: each step writes to one of the two databases only.
static int move_stretch(struct schedule_run *run, struct store *store, struct moving *m, struct archive_outcome *out,
                        struct err *e)
{
    static const slice_fn steps[] = {copy, delete};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        m->piece = 0;
        int rc = slices_run(run, store, steps[i], m, &out->slices, e);
        if (rc) return rc;
    }
    return 0;
}

// ---- packing -------------------------------------------------------------------------------------------------------

enum { PACKS = 8 }; // at a time

struct packing {
    struct metric_pack_place at;
    struct metric_pack packs[PACKS];
    int n, next;
    bool more;
    int64_t rows;
};

static int find_packs(struct store_tx *tx, void *ctx, struct err *e)
{
    struct packing *p = ctx;
    int rc = 1;
    // What goes into a block may not be all that does: the rest is looked for once that is written.
    while (rc == 1 && p->n < PACKS && !(p->n && p->packs[p->n - 1].replaces)) {
        rc = metric_pack_find(tx, &p->at, &p->packs[p->n], &p->more, e);
        p->n += rc == 1;
    }
    return rc < 0 ? rc : 0;
}

static int write_pack(struct store_tx *tx, void *ctx, struct err *e)
{
    struct packing *p = ctx;
    int64_t n = metric_pack_write(tx, &p->packs[p->next], e);
    if (n < 0) return (int)n;
    p->rows += n;
    return ++p->next < p->n;
}

static bool has_moved(const struct metric_pack_place *a, const struct metric_pack_place *b)
{
    return a->key != b->key || a->layer != b->layer || a->step != b->step;
}

// What was found, into blocks.
static int pack_some(struct schedule_run *run, struct store *store, struct packing *p, struct slices *slices,
                     struct err *e)
{
    int rc = 0;
    for (int i = 0; !rc && i < p->n; i++) rc = metric_pack_prepare(&p->packs[i], e);
    if (!rc && p->n) rc = slices_run(run, store, write_pack, p, slices, e);
    for (int i = 0; i < p->n; i++) metric_pack_release(&p->packs[i]);
    p->n = p->next = 0;
    return rc;
}

// What an earlier run has moved. (What this one moves is left a while: as rows it is more easily brought back.) A
// damaged block is told of in the end, and keeps nothing else from being packed.
static int pack(struct schedule_run *run, struct store *store, struct archive_outcome *out, struct err *e)
{
    struct packing p = {.more = true};
    struct err why = {0};
    int rc = 0, damaged = 0, rounds = 0;
    while (!rc && p.more) {
        struct metric_pack_place before = p.at;
        rc = schedule_run_stopping(run) ? err_set(&why, HW_ECANCELLED, "the server is stopping")
                                        : store_read_wait(store, find_packs, &p, &why);
        if (rc == HW_EIO && has_moved(&before, &p.at)) {
            if (!damaged) *e = why;
            damaged = rc;
            rc = 0;
        }
        if (!rc) rc = pack_some(run, store, &p, &out->slices, &why);
        slices_relieve(store, &rounds);
    }
    for (int i = 0; i < p.n; i++) metric_pack_release(&p.packs[i]);
    out->packed = p.rows;
    if (rc && !damaged) *e = why;
    return rc ? rc : damaged;
}

// ---- all of it -----------------------------------------------------------------------------------------------------

int archive_old_metrics(struct schedule_run *run, struct store *store, int64_t days_old, struct archive_outcome *out,
                        struct err *e)
{
    int64_t now = schedule_run_started_at(run);
    // Readers that began before a training was brought back may still look for its rows in the archive.
    struct moving m = {.before = now - days_old * DAY_US, .restored_before = now - HOUR_US};
    int stretches = 0;
    *out = (struct archive_outcome){0};
    int rc = slices_run(run, store, purge, &m, &out->slices, e);
    if (!rc) rc = store_write_wait(store, forget, &m, e);
    // A block that can't be read is told of, and keeps nothing from being moved.
    struct err unpacked = {0};
    int packed = rc ? 0 : pack(run, store, out, &unpacked);
    do {
        if (!rc) rc = schedule_run_stopping(run) ? err_set(e, HW_ECANCELLED, "the server is stopping") : 0;
        // Looked for on a reader's thread: it costs the writer nothing.
        if (!rc) rc = store_read_wait(store, find, &m, e);
        if (!rc && m.stretch.n) rc = move_stretch(run, store, &m, out, e);
        slices_relieve(store, &stretches);
    } while (!rc && m.stretch.more);
    out->rows = m.rows;
    out->purged = m.purged;
    if (!rc && packed) {
        if (e) *e = unpacked;
        rc = packed;
    }
    return rc;
}

// ---- bringing back -------------------------------------------------------------------------------------------------

struct restoring {
    char training_id[ID_SIZE]; // "": all
    int64_t now, key;
    int layer;
    int64_t step;
    int64_t trainings, rows, pieces;
    bool more;
};

static int find_restore(struct store_tx *tx, void *ctx, struct err *e)
{
    struct restoring *r = ctx;
    return r->training_id[0] ? metric_restore_find(tx, r->training_id, &r->key, e)
                             : metric_restore_next(tx, &r->key, e);
}

static int begin_restore(struct store_tx *tx, void *ctx, struct err *e)
{
    return metric_restore_begin(tx, ((struct restoring *)ctx)->key, ((struct restoring *)ctx)->now, e);
}

static int end_restore(struct store_tx *tx, void *ctx, struct err *e)
{
    return metric_restore_end(tx, ((struct restoring *)ctx)->key, e);
}

static int copy_back(struct store_tx *tx, void *ctx, struct err *e)
{
    struct restoring *r = ctx;
    int64_t n = metric_restore_copy(tx, r->key, &r->layer, &r->step, e);
    if (n < 0) return (int)n;
    r->rows += n;
    r->more = n > 0;
    return r->more && ++r->pieces % STRETCH_PIECES != 0;
}

static int restore(struct schedule_run *run, struct store *store, struct restoring *r, struct archive_outcome *out,
                   struct err *e)
{
    int rc, stretches = 0;
    *out = (struct archive_outcome){0};
    do {
        rc = store_read_wait(store, find_restore, r, e);
        if (rc == HW_ENOTFOUND && !r->training_id[0]) {
            err_clear(e);
            return 0;
        }
        r->layer = -2, r->step = 0;
        if (!rc) rc = store_write_wait(store, begin_restore, r, e);
        if (rc) return rc;
        do {
            rc = slices_run(run, store, copy_back, r, &out->slices, e);
            slices_relieve(store, &stretches);
        } while (!rc && r->more);
        if (!rc) rc = store_write_wait(store, end_restore, r, e);
        r->trainings++;
    } while (!rc && !r->training_id[0]);
    return rc;
}

// ---- the task ------------------------------------------------------------------------------------------------------

static int count_ages(struct store_tx *tx, void *ctx, struct err *e)
{
    return get_metric_count_by_age(tx, clock_now_us(), ctx, e);
}

int archival_task(struct schedule_run *run, void *archival, struct err *e)
{
    struct archival *a = archival;
    struct restoring r = {.now = schedule_run_started_at(run)};
    struct archive_outcome out = {0};
    struct metric_ages ages;
    int64_t days, begun = clock_mono_us();
    bool restores = read_argument(a, schedule_run_argument(run), r.training_id, &days);
    struct jw *w = schedule_run_result(run);
    int rc = restores ? restore(run, a->store, &r, &out, e) : archive_old_metrics(run, a->store, days, &out, e);
    double seconds = (double)(clock_mono_us() - begun) / 1e6;
    jw_kstr(w, "action", restores ? "restore" : "archive");
    if (restores)
        jw_ki64(w, "trainings", r.trainings);
    else
        jw_ki64(w, "days_old", days);
    jw_ki64(w, "rows", restores ? r.rows : out.rows);
    if (!restores) jw_ki64(w, "purged", out.purged);
    if (!restores) jw_ki64(w, "packed", out.packed);
    slices_write(&out.slices, w);
    bool counted = rc == 0 && store_read_wait(a->store, count_ages, &ages, NULL) == 0;
    pthread_mutex_lock(&a->lock);
    a->stats.archived += out.rows;
    a->stats.restored += r.rows;
    a->stats.failures += rc != 0 && rc != HW_ECANCELLED;
    if (counted) a->stats.ages = ages, a->stats.counted = true;
    if (!restores) prom_histogram_add(&a->duration, seconds);
    pthread_mutex_unlock(&a->lock);
    return rc;
}

// ---- looking -------------------------------------------------------------------------------------------------------

struct archival_stats archival_stats(struct archival *a)
{
    pthread_mutex_lock(&a->lock);
    struct archival_stats stats = a->stats;
    pthread_mutex_unlock(&a->lock);
    return stats;
}

static void write_ages(struct buf *out, const char *name, const char *where, const int64_t rows[METRIC_AGES])
{
    int64_t sum = 0;
    for (int i = 0; i < METRIC_AGES; i++) {
        char days[16] = "+Inf";
        if (i < METRIC_AGES - 1) snprintf(days, sizeof days, "%d", metric_age_days[i]);
        sum += rows[i];
        prom_sample_u64(out, name, (const char *const[]){"where", where, "days", days, NULL}, (uint64_t)sum);
    }
}

void archival_metrics(struct archival *a, struct buf *out)
{
    const char *const ages = "headway_training_metrics_rows";
    pthread_mutex_lock(&a->lock);
    prom_counter(out, "headway_training_metrics_archived_total", "Rows of metrics moved to the archive.",
                 (uint64_t)a->stats.archived);
    prom_counter(out, "headway_training_metrics_restored_total", "Rows of metrics brought back from the archive.",
                 (uint64_t)a->stats.restored);
    prom_counter(out, "headway_archival_failures_total", "Runs of the archival that failed.",
                 (uint64_t)a->stats.failures);
    prom_family(out, "headway_archival_duration_seconds", PROM_HISTOGRAM, "How long runs of the archival took.");
    prom_histogram_write(out, "headway_archival_duration_seconds", NULL, &a->duration);
    if (a->stats.counted) {
        prom_family(out, ages, PROM_GAUGE,
                    "Rows of metrics no older than so many days, live and archived, when the archival last ran.");
        write_ages(out, ages, "live", a->stats.ages.live);
        write_ages(out, ages, "archived", a->stats.ages.archived);
    }
    pthread_mutex_unlock(&a->lock);
}
