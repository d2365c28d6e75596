// What a training would take, told before it is queued: memory, disk and time, and whether this host has them.
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/submit.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/memory_available.h"
#include "jobs/training_size.h"
#include "store/training_runs.h"
#include "store/workers_table.h"

static const int64_t WORKER_SEEN_US = 60 * 1000000LL;

enum placing { PLACE_HERE, PLACE_ELSEWHERE, PLACE_NOBODY };

struct submit_estimate {
    struct training_size size;
    struct training_room room; // INFINITY: not known
    char host[256];
    enum placing placing; // where the workers that could take it are
    bool timed;
    struct training_time time;
    char runs[TRAINING_RUNS_MAX][ID_SIZE]; // that it was judged by
    int n_runs;
};

// ---- this host ----------------------------------------------------------------------------------------------------

static void own_host(char host[256])
{
    if (gethostname(host, 255) != 0 || !*host) snprintf(host, 256, "localhost");
    host[255] = 0;
}

static int processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n;
}

static double disk_free(const char *folder)
{
    struct statvfs v;
    return statvfs(folder, &v) == 0 ? (double)v.f_bavail * (double)v.f_frsize : (double)INFINITY;
}

static bool serves(const struct worker_row *w, const char *queue)
{
    struct slice rest = slice_str(w->queues ? w->queues : "");
    while (rest.n)
        if (slice_is(slice_cut(&rest, ','), queue)) return w->slots_cpu > 0;
    return false;
}

// Whether those that could take the job are all on this host: only then it is this host's memory that counts.
static int find_place(const struct submission *s, struct store_tx *tx, struct submit_estimate *x, struct err *e)
{
    struct worker_row *workers;
    int n;
    int rc = worker_rows_list(tx, clock_now_us() - WORKER_SEEN_US, &workers, &n, e);
    if (rc) return rc;
    x->placing = PLACE_NOBODY;
    for (int i = 0; i < n && x->placing != PLACE_ELSEWHERE; i++) {
        if (!serves(&workers[i], s->queue ? s->queue : "default")) continue;
        x->placing = strcmp(workers[i].host, x->host) == 0 ? PLACE_HERE : PLACE_ELSEWHERE;
    }
    worker_rows_free(workers, n);
    return 0;
}

// ---- earlier runs -------------------------------------------------------------------------------------------------

static int64_t threads_in(const char *params)
{
    struct err ignored = {0};
    json_t *p = params ? json_read_object(slice_str(params), &ignored) : NULL;
    int64_t threads = json_integer_value(json_object_get(p, "threads"));
    json_decref(p);
    return threads;
}

static struct training_pace pace_of(const struct training_run *run)
{
    struct err ignored = {0};
    json_t *r = run->result ? json_read_object(slice_str(run->result), &ignored) : NULL;
    struct training_pace pace = {
        .n_features = run->n_features,
        .batch_size = run->batch_size,
        .samples_per_second = json_number_value(json_object_get(r, "samples_per_second")),
        .seconds = json_number_value(json_object_get(r, "seconds")),
    };
    json_decref(r);
    return pace;
}

static int judge_time(const struct submission *s, struct store_tx *tx, struct submit_estimate *x, struct err *e)
{
    const struct training_size *size = &x->size;
    const struct training_run_query q = {
        .host = x->host,
        .architecture = size->topk ? "topk" : "standard",
        .width = size->width,
        .features_from = size->n_features / TRAINING_LIKE_FEATURES,
        .features_to = size->n_features * TRAINING_LIKE_FEATURES,
        .batch_from = size->batch_size / TRAINING_LIKE_BATCH,
        .batch_to = size->batch_size * TRAINING_LIKE_BATCH,
    };
    struct training_run *runs;
    struct training_pace like[TRAINING_RUNS_MAX];
    int n;
    int rc = training_runs_find(tx, &q, &runs, &n, e);
    if (rc) return rc;
    for (int i = 0; i < n; i++) {
        struct training_pace pace = pace_of(&runs[i]);
        if (!training_is_like(size, &pace) || threads_in(runs[i].params) != submit_i64(s, "threads")) continue;
        memcpy(x->runs[x->n_runs], runs[i].id, ID_SIZE);
        like[x->n_runs++] = pace;
    }
    training_runs_free(runs, n);
    x->timed = training_time(size, like, x->n_runs, &x->time);
    return 0;
}

// ---- the estimate -------------------------------------------------------------------------------------------------

int submit_estimate_training(struct submission *s, struct store_tx *tx, struct err *e)
{
    struct extraction_row activations;
    extraction_row_init(&activations);
    int rc = extraction_row_get(tx, s->ids[0], &activations, e);
    int64_t width = activations.width, threads = submit_i64(s, "threads");
    extraction_row_release(&activations);
    if (rc) return rc;
    if (width < 1) return err_set(e, HW_EINTERNAL, "the width of extraction %s is not known", s->ids[0]);
    free(s->estimate); // of a read that had to be done again
    struct submit_estimate *x = s->estimate = mem_zalloc(sizeof *x);
    x->size = (struct training_size){
        .topk = strcmp(json_string_value(json_object_get(s->spec, "architecture")), "topk") == 0,
        .width = width,
        .n_features = submit_i64(s, "n_features"),
        .k = submit_i64(s, "k"),
        .batch_size = submit_i64(s, "batch_size"),
        .total_steps = submit_i64(s, "total_steps"),
        .log_every = submit_i64(s, "log_every"),
        .checkpoint_every = submit_i64(s, "checkpoint_every"),
        .n_layers = (int)json_array_size(json_object_get(s->spec, "layers")),
        .threads = threads ? (int)threads : processors(),
    };
    own_host(x->host);
    x->room = (struct training_room){memory_available(), disk_free(s->api->data_dir)};
    rc = find_place(s, tx, x, e);
    return rc ? rc : judge_time(s, tx, x, e);
}

// ---- the answer ---------------------------------------------------------------------------------------------------

static void bytes(struct jw *w, const char *key, double v)
{
    if (isfinite(v))
        jw_kfixed(w, key, floor(v), 0);
    else
        jw_knull(w, key);
}

// true, false, or null where it can't be told: short of disk is short wherever it runs.
static void write_fits(struct jw *w, const struct submit_estimate *x)
{
    const struct training_room disk_alone = {INFINITY, x->room.disk};
    bool fits = training_fits(&x->size, &x->room), stored = training_fits(&x->size, &disk_alone);
    bool known = isfinite(x->room.disk) && isfinite(x->room.memory) && x->placing == PLACE_HERE;
    jw_key(w, "fits");
    if (!stored || (!fits && x->placing == PLACE_HERE))
        jw_bool(w, false);
    else if (known)
        jw_bool(w, true);
    else
        jw_null(w);
}

static void write_suggestion(struct jw *w, struct submission *s, const struct submit_estimate *x)
{
    struct training_room room = x->room;
    if (x->placing != PLACE_HERE) room.memory = INFINITY;
    struct training_suggestion g = training_suggest(&x->size, &room);
    jw_key(w, "suggestion");
    if (!g.field) {
        jw_null(w);
        return;
    }
    jw_obj(w);
    jw_kstr(w, "field", g.field);
    jw_key(w, "value");
    if (strcmp(g.field, "layers") == 0) {
        const json_t *layers = json_object_get(s->spec, "layers");
        jw_arr(w);
        for (int64_t i = 0; i < g.value; i++) jw_json(w, json_array_get(layers, (size_t)i));
        jw_arr_end(w);
    } else {
        jw_i64(w, g.value);
    }
    jw_obj_end(w);
}

static const char *placing_words(const struct submit_estimate *x)
{
    switch (x->placing) {
    case PLACE_HERE: return "this host's workers take it";
    case PLACE_ELSEWHERE: return "a worker of another host may take it, whose memory is not known here";
    case PLACE_NOBODY: break;
    }
    return "no worker is there to take it: whose memory counts is not known";
}

static void sentence(struct jw *w, const char *key, char *text)
{
    jw_kstr(w, key, text);
    free(text);
}

static void write_basis(struct jw *w, const struct submit_estimate *x)
{
    const struct training_size *z = &x->size;
    const char *layers = z->n_layers == 1 ? "layer" : "layers";
    int64_t checkpoints = training_checkpoints(z);
    jw_key(w, "basis");
    jw_obj(w);
    jw_kstr(w, "host", x->host);
    jw_ki64(w, "width", z->width);
    jw_ki64(w, "layers", z->n_layers);
    jw_ki64(w, "threads", z->threads);
    jw_ki64(w, "checkpoints", checkpoints);
    sentence(w, "memory",
             mem_printf("what the program allocates for %d %s of %lld features at width %lld, a batch of %lld and %d "
                        "threads, without the activations, which are mapped from the disk; %s",
                        z->n_layers, layers, (long long)z->n_features, (long long)z->width, (long long)z->batch_size,
                        z->threads, placing_words(x)));
    sentence(w, "disk",
             mem_printf("%lld %s and the result of %d %s, and the curves in the database", (long long)checkpoints,
                        checkpoints == 1 ? "checkpoint" : "checkpoints", z->n_layers, layers));
    sentence(w, "seconds",
             x->timed ? mem_printf("the newest %d completed %s of like size on %s: same architecture, width and "
                                   "threads, up to %d times the features and %d times the batch",
                                   x->time.runs, x->time.runs == 1 ? "run" : "runs", x->host, TRAINING_LIKE_FEATURES,
                                   TRAINING_LIKE_BATCH)
                      : mem_printf("no run of like size has completed on %s yet", x->host));
    jw_key(w, "runs");
    jw_arr(w);
    for (int i = 0; i < x->n_runs; i++) jw_str(w, x->runs[i]);
    jw_arr_end(w);
    jw_obj_end(w);
}

static const char *size_words(double v, char out[32])
{
    const double mib = 1024.0 * 1024.0, gib = 1024.0 * mib;
    if (v >= 10 * gib)
        snprintf(out, 32, "%.0f GiB", v / gib);
    else
        snprintf(out, 32, v >= gib ? "%.1f GiB" : "%.0f MiB", v >= gib ? v / gib : v / mib);
    return out;
}

// Why it doesn't fit, in one sentence; null if it does or isn't known.
static void write_reason(struct jw *w, const struct submit_estimate *x)
{
    double memory = training_memory(&x->size), disk = training_disk(&x->size);
    char need[32], have[32];
    if (x->placing == PLACE_HERE && memory > TRAINING_MEMORY_SHARE * x->room.memory)
        sentence(w, "reason",
                 mem_printf("it needs %s of memory; %s are free, of which a training takes 95 %% at most",
                            size_words(memory, need), size_words(x->room.memory, have)));
    else if (disk > x->room.disk)
        sentence(w, "reason",
                 mem_printf("it writes %s; %s are free", size_words(disk, need), size_words(x->room.disk, have)));
    else
        jw_knull(w, "reason");
}

void submit_estimate_training_json(struct submission *s, struct jw *w)
{
    const struct submit_estimate *x = s->estimate;
    jw_obj(w);
    bytes(w, "memory_bytes", training_memory(&x->size));
    bytes(w, "memory_available_bytes", x->placing == PLACE_HERE ? x->room.memory : (double)INFINITY);
    bytes(w, "disk_bytes", training_disk(&x->size));
    bytes(w, "disk_free_bytes", x->room.disk);
    jw_key(w, "seconds");
    if (x->timed) {
        jw_obj(w);
        jw_kfixed(w, "low", x->time.low, 1);
        jw_kfixed(w, "high", x->time.high, 1);
        jw_obj_end(w);
    } else {
        jw_null(w);
    }
    write_fits(w, x);
    write_reason(w, x);
    write_suggestion(w, s, x);
    jw_key(w, "params");
    json_object_set(s->params, "layers", json_object_get(s->spec, "layers"));
    jw_json(w, s->params);
    write_basis(w, x);
    jw_obj_end(w);
}
