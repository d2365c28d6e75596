// The task `extract` (docs/api/tasks.md): ids through a transformer, activations to a folder.
//
// Rows are dealt to the threads in batches of a fixed size. What a batch gives depends on its number alone, and its
// vectors have their places in the output, so any number of threads writes the same files.
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "ml/team.h"
#include "task/activation_stats.h"
#include "task/activation_writer.h"
#include "task/extract_metadata.h"
#include "task/extract_params.h"
#include "task/output_folder.h"
#include "task/task.h"
#include "task/token_reader.h"

enum { PHASES = 3, SCAN_IDS = 1 << 16 };

struct extract {
    struct task *task;
    struct extract_params params;
    struct transformer_config config;
    struct transformer *model;
    struct token_reader *tokens;
    uint64_t rows, batches;
    char *tmp;      // the output folder until it is whole
    char **folders; // [n_captures], in tmp
    struct activation_writer *writer;
    struct activation_stats *stats;   // [batches, n_captures]
    struct transformer_pass **passes; // [threads]

    pthread_mutex_t lock; // guards what follows
    uint64_t next_batch, rows_done;
    struct err error; // the first one; code 0: none
};

// ---- loading -------------------------------------------------------------------------------------------------------

static int count_rows(struct extract *x, struct err *e)
{
    uint64_t context = (uint64_t)x->params.context_length, count = token_reader_count(x->tokens);
    x->rows = count / context;
    if (x->rows == 0)
        return err_field(e, HW_EVALIDATION, "tokens_path",
                         "%.200s holds %" PRIu64 " ids; one row of context_length needs %d", x->params.tokens_path,
                         count, x->params.context_length);
    uint64_t max = (uint64_t)x->params.max_samples;
    if (max && x->rows > max) x->rows = max;
    if ((uint64_t)x->params.batch_size > x->rows) x->params.batch_size = (int)x->rows;
    uint64_t batch = (uint64_t)x->params.batch_size;
    x->batches = (x->rows + batch - 1) / batch;
    if ((uint64_t)x->params.threads > x->batches) x->params.threads = (int)x->batches;
    return 0;
}

// Every id that will be used must be one that the model knows; finding out now takes seconds, later it may have taken
// hours.
static int scan_ids(struct extract *x, struct err *e)
{
    uint64_t total = x->rows * (uint64_t)x->params.context_length;
    uint32_t *ids = mem_array(SCAN_IDS, sizeof *ids);
    int rc = 0;
    for (uint64_t at = 0; !rc && at < total; at += SCAN_IDS) {
        size_t n = total - at < SCAN_IDS ? (size_t)(total - at) : SCAN_IDS;
        rc = token_reader_read(x->tokens, at, n, (uint32_t)x->config.vocab_size, ids, e);
        wire_progress(x->task->out, (int64_t)(at + n), (int64_t)total, "tokens", "checking the token ids");
        if (!rc && task_stopping(x->task)) rc = HW_ECANCELLED;
    }
    free(ids);
    return rc;
}

static int check_room(const struct extract *x, struct err *e)
{
    struct statvfs fs;
    if (statvfs(x->tmp, &fs) != 0) return 0; // writing will tell
    double need = (double)x->rows * x->params.context_length * x->config.width * x->params.n_captures *
                  (double)st_dtype_size(x->params.dtype);
    double room = (double)fs.f_bavail * (double)fs.f_frsize;
    if (need <= room) return 0;
    return err_set(e, HW_EDISKFULL, "the activations need %.1f MB in %.300s, where %.1f MB are free", need / 1e6,
                   x->params.output_dir, room / 1e6);
}

static int make_folders(struct extract *x, struct err *e)
{
    x->tmp = mem_printf("%s.tmp", x->params.output_dir);
    x->folders = mem_array((size_t)x->params.n_captures, sizeof *x->folders);
    int rc = output_folder_begin(x->tmp, x->params.output_dir, "metadata.json", e);
    for (int i = 0; !rc && i < x->params.n_captures; i++) {
        char name[EXTRACT_FOLDER_SIZE];
        extract_folder_name(&x->params.captures[i], name);
        x->folders[i] = file_join(x->tmp, name);
        rc = file_mkdirs(x->folders[i], e);
    }
    return rc ? rc : check_room(x, e);
}

static int load(struct extract *x, struct err *e)
{
    wire_phase(x->task->out, "loading", 1, PHASES, 0, 10);
    int rc = extract_params_read(&x->params, x->task->params, &x->config, e);
    if (!rc) rc = token_reader_open(x->params.tokens_path, &x->tokens, e);
    if (!rc) rc = count_rows(x, e);
    if (!rc) rc = scan_ids(x, e);
    if (!rc) rc = transformer_load(x->params.model_path, x->params.last_layer + 1, x->task->stop, &x->model, e);
    if (!rc) rc = make_folders(x, e);
    if (rc) return rc;
    x->writer = activation_writer_new(x->params.n_captures, x->folders, x->rows * (uint64_t)x->params.context_length,
                                      (uint64_t)x->params.shard_rows, x->config.width, x->params.dtype);
    x->stats = mem_array(x->batches * (uint64_t)x->params.n_captures, sizeof *x->stats);
    x->passes = mem_array((size_t)x->params.threads, sizeof(struct transformer_pass *));
    for (int i = 0; i < x->params.threads; i++)
        x->passes[i] = transformer_pass_new(x->model, x->params.batch_size, x->params.context_length);
    return 0;
}

// ---- extracting ----------------------------------------------------------------------------------------------------

struct batch {
    struct extract *x;
    uint64_t first_row;
    size_t rows;
    struct activation_stats *stats; // [n_captures]
    struct err *error;
};

// Takes what the transformer shows: counts it, checks it, writes it.
static int take(void *arg, int capture, int first, int rows, const float *data)
{
    struct batch *b = arg;
    struct extract *x = b->x;
    size_t context = (size_t)x->params.context_length, n = (size_t)rows * context;
    uint64_t row = b->first_row + (uint64_t)first;
    if (task_stopping(x->task)) return HW_ECANCELLED;
    ptrdiff_t bad = activation_stats_add(&b->stats[capture], n, (size_t)x->config.width, data);
    const struct transformer_capture *c = &x->params.captures[capture];
    if (bad >= 0)
        return err_set(b->error, HW_EINVALID,
                       "layer %d, %s: the activation of row %" PRIu64 ", position %zu is not finite", c->layer,
                       transformer_hook_name(c->hook), row + (uint64_t)bad / context, (size_t)bad % context);
    int rc = activation_writer_put(x->writer, capture, row * context, n, data, b->error);
    if (rc == HW_EVALIDATION) err_prefix(b->error, "layer %d, %s", c->layer, transformer_hook_name(c->hook));
    return rc;
}

static bool next_batch(struct extract *x, uint64_t *batch)
{
    pthread_mutex_lock(&x->lock);
    bool more = x->next_batch < x->batches && x->error.code == 0 && !task_stopping(x->task);
    if (more) *batch = x->next_batch++;
    pthread_mutex_unlock(&x->lock);
    return more;
}

static int run_batch(struct extract *x, struct transformer_pass *pass, uint64_t number, uint32_t *ids, struct err *e)
{
    struct extract_params *p = &x->params;
    struct batch b = {.x = x, .first_row = number * (uint64_t)p->batch_size, .error = e};
    uint64_t left = x->rows - b.first_row;
    b.rows = left < (uint64_t)p->batch_size ? (size_t)left : (size_t)p->batch_size;
    b.stats = x->stats + number * (uint64_t)p->n_captures;
    int rc = token_reader_read(x->tokens, b.first_row * (uint64_t)p->context_length, b.rows * (size_t)p->context_length,
                               (uint32_t)x->config.vocab_size, ids, e);
    if (!rc)
        rc = transformer_forward(x->model, pass, ids, (int)b.rows, p->captures, p->n_captures, take, &b, x->task->stop);
    if (rc) return rc;
    // Told under the lock, so that what is reported never goes back.
    pthread_mutex_lock(&x->lock);
    x->rows_done += b.rows;
    wire_progress(x->task->out, (int64_t)x->rows_done, (int64_t)x->rows, "samples", NULL);
    pthread_mutex_unlock(&x->lock);
    return 0;
}

static void work(void *ctx, int member)
{
    struct extract *x = ctx;
    uint32_t *ids = mem_array((size_t)x->params.batch_size * (size_t)x->params.context_length, sizeof *ids);
    for (uint64_t batch; next_batch(x, &batch);) {
        struct err e = {0};
        int rc = run_batch(x, x->passes[member], batch, ids, &e);
        if (!rc) continue;
        pthread_mutex_lock(&x->lock);
        if (x->error.code == 0) {
            x->error = e;
            x->error.code = rc;
        }
        pthread_mutex_unlock(&x->lock);
    }
    free(ids);
}

static int extract_rows(struct extract *x, struct err *e)
{
    wire_phase(x->task->out, "extracting", 2, PHASES, 10, 90);
    wire_progress(x->task->out, 0, (int64_t)x->rows, "samples", NULL);
    struct team *team = team_new(x->params.threads, e);
    if (!team) return e->code;
    team_run(team, work, x);
    team_free(team);
    if (task_stopping(x->task)) return HW_ECANCELLED;
    if (x->error.code) *e = x->error;
    return x->error.code;
}

// ---- saving --------------------------------------------------------------------------------------------------------

static int save(struct extract *x, double seconds, struct err *e)
{
    enum { STEPS = 2 };
    wire_phase(x->task->out, "saving", 3, PHASES, 90, 100);
    wire_progress(x->task->out, 0, STEPS, "steps", "writing metadata.json");
    struct activation_stats *total = mem_array((size_t)x->params.n_captures, sizeof *total);
    for (uint64_t b = 0; b < x->batches; b++) // in order, whichever thread had which
        for (int i = 0; i < x->params.n_captures; i++)
            activation_stats_merge(&total[i], &x->stats[b * (uint64_t)x->params.n_captures + (uint64_t)i]);
    uint64_t size = activation_writer_bytes(x->writer);
    int rc = extract_metadata_write(x->tmp, &x->params, &x->config, x->rows, x->writer, total, &size, e);
    json_t *statistics = rc ? NULL : extract_statistics(&x->params, total);
    free(total);
    if (!rc) wire_progress(x->task->out, 1, STEPS, "steps", "renaming the folder");
    if (!rc) rc = output_folder_commit(x->tmp, x->params.output_dir, e);
    if (rc) {
        json_decref(statistics);
        return rc;
    }
    wire_progress(x->task->out, STEPS, STEPS, "steps", NULL);

    uint64_t vectors = x->rows * (uint64_t)x->params.context_length;
    json_t *result = json_pack("{s:I, s:I, s:i, s:i, s:f, s:f, s:s, s:I, s:o}", "rows", (json_int_t)x->rows, "vectors",
                               (json_int_t)vectors, "width", x->config.width, "sets", x->params.n_captures, "seconds",
                               seconds, "tokens_per_second", (double)vectors / fmax(seconds, 1e-6), "activations_path",
                               x->params.output_dir, "size_bytes", (json_int_t)size, "statistics", statistics);
    if (!result) mem_exhausted(0);
    wire_result(x->task->out, result);
    json_decref(result);
    return 0;
}

static void release(struct extract *x, int rc)
{
    for (int i = 0; x->passes && i < x->params.threads; i++) transformer_pass_free(x->passes[i]);
    free(x->passes);
    free(x->stats);
    activation_writer_free(x->writer);
    for (int i = 0; x->folders && i < x->params.n_captures; i++) free(x->folders[i]);
    free(x->folders);
    struct err e = {0};
    if (rc && x->tmp && file_remove_tree(x->tmp, &e) != 0)
        wire_log(x->task->out, "warning", "the temporary folder stays: %s", e.message);
    free(x->tmp);
    transformer_free(x->model);
    token_reader_close(x->tokens);
    extract_params_release(&x->params);
    pthread_mutex_destroy(&x->lock);
}

int task_extract(struct task *t, struct err *e)
{
    struct extract x = {.task = t};
    pthread_mutex_init(&x.lock, NULL);
    int rc = load(&x, e);
    int64_t start = clock_mono_us();
    if (!rc) rc = extract_rows(&x, e);
    if (!rc) rc = save(&x, (double)(clock_mono_us() - start) / 1e6, e);
    release(&x, rc);
    return rc;
}
