// What reading curves costs: of many short trainings, and of a long one against a short one; and what summing up adds
// to writing. Usage: metric_queries [FOLDER [STEPS_OF_THE_LONG_ONE]]
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/metric_archive.h"
#include "store/metric_pack.h"

#include "metric_load.h"

enum { TRAININGS = 1000, ROWS = 100, REPORT = 100, ROUNDS = 50 };

// Processor time of all threads: what others run on the machine isn't in it.
static int64_t cpu_us(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 ? (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 : 0;
}

static void measure(struct work *w, const char *what, store_fn read)
{
    int64_t took[ROUNDS], used[ROUNDS];
    struct err e = {0};
    for (int i = 0; i < ROUNDS; i++) {
        if (strncmp(w->id, "trn_0", 5) == 0) training_name(w->id, i * 17 % TRAININGS);
        w->first = i * 13 % (TRAININGS - TOGETHER_MAX);
        int64_t begun = clock_mono_us(), before = cpu_us();
        if (store_read_wait(w->s, read, w, &e) != 0) stop(what, &e);
        took[i] = clock_mono_us() - begun;
        used[i] = cpu_us() - before;
    }
    qsort(took, ROUNDS, sizeof *took, by_value);
    qsort(used, ROUNDS, sizeof *used, by_value);
    printf("%-56s passed %7.2f ms, fastest %7.2f; processor %7.2f ms; %lld rows\n", what,
           (double)took[ROUNDS / 2] / 1e3, (double)took[0] / 1e3, (double)used[ROUNDS / 2] / 1e3, (long long)w->rows);
    fflush(stdout);
}

static void measure_many(struct work *w, const char *when)
{
    char what[80];
    training_name(w->id, 0);
    w->name = training_name, w->count = TOGETHER_MAX;
    w->query = (struct metric_query){.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY};
    snprintf(what, sizeof what, "one of 1,000 trainings, 100 rows each%s", when);
    measure(w, what, get);
    snprintf(what, sizeof what, "lowest loss over 100 of them%s", when);
    measure(w, what, get_lowest);
}

static void measure_long(struct work *w, const char *id, int64_t steps, const char *when)
{
    char what[80];
    static const int64_t points[] = {500, 2000};
    for (size_t i = 0; i < 2; i++) {
        snprintf(w->id, sizeof w->id, "%s", id);
        w->query = (struct metric_query){.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY, .max_points = points[i]};
        snprintf(what, sizeof what, "%lld steps to %lld points%s", (long long)steps, (long long)points[i], when);
        measure(w, what, get);
    }
    w->query.from_step = steps / 3 + 7, w->query.to_step = steps / 2 + 3;
    snprintf(what, sizeof what, "a sixth of %lld steps to 2000 points%s", (long long)steps, when);
    measure(w, what, get);
}

static double megabytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0;
}

// Of a database file: without the pages that are free.
static double used_bytes(const char *path)
{
    sqlite3 *h;
    sqlite3_stmt *st;
    double bytes = 0;
    if (sqlite3_open(path, &h) == SQLITE_OK &&
        sqlite3_prepare_v2(h,
                           "SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count AS p,"
                           " pragma_freelist_count AS f, pragma_page_size AS s",
                           -1, &st, NULL) == SQLITE_OK) {
        if (sqlite3_step(st) == SQLITE_ROW) bytes = sqlite3_column_double(st, 0);
        sqlite3_finalize(st);
    }
    sqlite3_close(h);
    return bytes;
}

// ---- the archive ---------------------------------------------------------------------------------------------------

struct moving {
    struct metric_stretch stretch;
    int64_t before, rows;
};

static int find(struct store_tx *tx, void *ctx, struct err *e)
{
    struct moving *m = ctx;
    return metric_archive_find(tx, m->before, &m->stretch, e);
}

static int move(struct store_tx *tx, struct moving *m,
                int64_t (*piece)(struct store_tx *, int64_t, const struct metric_stretch *, int, struct err *),
                struct err *e)
{
    m->rows = 0;
    for (int i = 0; i < m->stretch.n; i++) {
        int64_t n = piece(tx, m->before, &m->stretch, i, e);
        if (n < 0) return (int)n;
        m->rows += n;
    }
    return 0;
}

static int copy(struct store_tx *tx, void *ctx, struct err *e)
{
    return move(tx, ctx, metric_archive_copy, e);
}

static int delete_copied(struct store_tx *tx, void *ctx, struct err *e)
{
    return move(tx, ctx, metric_archive_delete, e);
}

static int64_t archive_all(struct store *s)
{
    struct moving m = {.before = clock_now_us()};
    struct err e = {0};
    int64_t rows = 0;
    do {
        if (store_read_wait(s, find, &m, &e) != 0) stop("find", &e);
        if (m.stretch.n && store_write_wait(s, copy, &m, &e) != 0) stop("copy", &e);
        if (m.stretch.n && store_write_wait(s, delete_copied, &m, &e) != 0) stop("delete", &e);
        if (m.stretch.n) rows += m.rows;
    } while (m.stretch.more);
    return rows;
}

struct packing {
    struct metric_pack_place at;
    struct metric_pack pack;
    bool found, more;
    int64_t rows;
};

static int find_pack(struct store_tx *tx, void *ctx, struct err *e)
{
    struct packing *p = ctx;
    int rc = metric_pack_find(tx, &p->at, &p->pack, &p->more, e);
    p->found = rc == 1;
    return rc < 0 ? rc : 0;
}

static int write_pack(struct store_tx *tx, void *ctx, struct err *e)
{
    struct packing *p = ctx;
    int64_t n = metric_pack_write(tx, &p->pack, e);
    if (n > 0) p->rows += n;
    return n < 0 ? (int)n : 0;
}

static int64_t pack_all(struct store *s, int64_t *writing_us)
{
    struct packing p = {.more = true};
    struct err e = {0};
    while (p.more) {
        if (store_read_wait(s, find_pack, &p, &e) != 0) stop("find", &e);
        if (!p.found) continue;
        if (metric_pack_prepare(&p.pack, &e) != 0) stop("prepare", &e);
        int64_t begun = clock_mono_us();
        if (store_write_wait(s, write_pack, &p, &e) != 0) stop("pack", &e);
        *writing_us += clock_mono_us() - begun;
        metric_pack_release(&p.pack);
    }
    return p.rows;
}

static int ages(struct store_tx *tx, void *ctx, struct err *e)
{
    return get_metric_count_by_age(tx, clock_now_us(), ctx, e);
}

int main(int argc, char **argv)
{
    char dir[256], path[300], url[320];
    struct err e = {0};
    struct work w = {0};
    int64_t steps = argc > 2 ? atoll(argv[2]) : 10000000;
    snprintf(dir, sizeof dir, "%s/headway-metrics-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (!mkdtemp(dir)) return perror(dir), 1;
    snprintf(path, sizeof path, "%s/headway.db", dir);
    snprintf(url, sizeof url, "sqlite:%s", path);
    if (store_open(&w.s, url, &e) != 0) stop(url, &e);

    for (int i = 0; i < TRAININGS; i++) {
        char id[24];
        training_name(id, i);
        fill(&w, id, ROWS, true, REPORT);
    }
    measure_many(&w, "");
    // The same rows in turns, so that both meet the same machine.
    int64_t used[2] = {0, 0}, passed[2] = {0, 0};
    for (int turn = 0; turn < 10; turn++) {
        for (int sums = 0; sums < 2; sums++) {
            char id[24];
            snprintf(id, sizeof id, "trn_w%d_%d", turn, sums);
            int64_t begun = clock_mono_us(), before = cpu_us();
            fill(&w, id, 20000, sums, REPORT);
            used[sums] += cpu_us() - before;
            passed[sums] += clock_mono_us() - begun;
        }
    }
    printf("writing in reports of %d rows, each committed: processor %.2f us a row, %.2f with sums; passed %.1f and "
           "%.1f\n",
           REPORT, (double)used[0] / 2e5, (double)used[1] / 2e5, (double)passed[0] / 2e5, (double)passed[1] / 2e5);
    fill(&w, "trn_short", 10000, true, REPORT);
    measure_long(&w, "trn_short", 10000, "");
    double before = megabytes(path);
    int64_t begun = clock_mono_us();
    fill(&w, "trn_long", steps, true, 10 * REPORT);
    printf("%lld steps written in %.0f s, %.0f MB\n", (long long)steps, (double)(clock_mono_us() - begun) / 1e6,
           megabytes(path) - before);
    measure_long(&w, "trn_long", steps, "");
    measure_long(&w, "trn_short", 10000, " (beside them)");

    struct metric_ages counted;
    begun = clock_mono_us();
    int64_t cpu = cpu_us(), rows = archive_all(w.s);
    cpu = cpu_us() - cpu;
    struct store_maintenance m;
    int64_t took = clock_mono_us() - begun;
    if (store_maintain(w.s, &m, &e) != 0) stop("maintenance", &e);
    snprintf(url, sizeof url, "%s/headway-archive.db", dir);
    printf("%lld rows archived in %.0f s, processor %.2f us a row; %.0f MB, %.0f of them free, and %.0f MB\n",
           (long long)rows, (double)took / 1e6, (double)cpu / (double)rows, megabytes(path),
           (double)(m.free_pages * m.page_bytes) / 1e6, megabytes(url));
    begun = clock_mono_us();
    if (store_read_wait(w.s, ages, &counted, &e) != 0) stop("counting", &e);
    printf("counted by age in %.2f s\n", (double)(clock_mono_us() - begun) / 1e6);
    measure_many(&w, ", archived");
    measure_long(&w, "trn_long", steps, ", archived");

    int64_t writing = 0;
    begun = clock_mono_us();
    cpu = cpu_us();
    rows = pack_all(w.s, &writing);
    cpu = cpu_us() - cpu;
    took = clock_mono_us() - begun;
    if (store_maintain(w.s, &m, &e) != 0) stop("maintenance", &e);
    printf("%lld rows packed in %.1f s, processor %.2f us a row, of these %.2f the writer's; %.2f bytes a row\n",
           (long long)rows, (double)took / 1e6, (double)cpu / (double)rows, (double)writing / (double)rows,
           used_bytes(url) / (double)rows);
    begun = clock_mono_us();
    if (store_read_wait(w.s, ages, &counted, &e) != 0) stop("counting", &e);
    printf("counted by age in %.2f s\n", (double)(clock_mono_us() - begun) / 1e6);
    measure_many(&w, ", packed");
    measure_long(&w, "trn_long", steps, ", packed");
    store_close(w.s);
    return file_remove_tree(dir, &e) ? 1 : 0;
}
