// The train_sae job: sparse autoencoders for one or several layers' activations, trained in turns of one step each,
// with metrics, checkpoints and a final evaluation (docs/api/tasks.md).
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/memory_available.h"
#include "ml/team.h"
#include "task/output_folder.h"
#include "task/task.h"
#include "task/train_sae_layer.h"

enum {
    QUICK_SCORE_VECTORS = 4096 // held-out vectors behind a checkpoint's loss
};

struct training {
    struct task *task;
    struct train_sae_params p;
    struct activation_store *store;
    struct train_sae_layer *layers;
    int n_layers, n_open;
    struct team *team;
    struct sae_work *work;
    int64_t *index; // [batch_size]
    int64_t step;   // steps that all layers have done
    double best_loss;
    int64_t start_us;
    int64_t samples; // in this process
    bool paused;     // it has said from where it is to go on
};

// ---- setting up ----

static int open_layers(struct training *t, struct err *e)
{
    int n = 0;
    int *recorded = activation_store_layers(t->store, t->p.hook, &n);
    const int *wanted = t->p.layers ? t->p.layers : recorded;
    t->n_layers = t->p.layers ? t->p.n_layers : n;
    int rc = 0;
    if (t->n_layers == 0)
        rc = err_field(e, HW_EVALIDATION, "hook", "%s has no %s activations", t->p.activations_path, t->p.hook);
    t->p.sae.d_in = activation_store_width(t->store);
    if (!rc) rc = train_sae_check_memory(&t->p, t->n_layers, 0.95 * memory_available(), e);
    if (!rc) t->layers = mem_array((size_t)t->n_layers, sizeof *t->layers);
    for (int i = 0; i < t->n_layers && !rc; i++) {
        char message[80];
        snprintf(message, sizeof message, "measuring the activations of layer %d", wanted[i]);
        wire_progress(t->task->out, 0, t->p.schedule.total_steps * t->n_layers, "steps", message);
        t->n_open = i + 1;
        rc = train_sae_layer_open(&t->layers[i], &t->p, t->store, wanted[i], t->task->stop, e);
    }
    free(recorded);
    return rc;
}

static char *layer_folder(const char *parent, int layer)
{
    return mem_printf("%s/layer_%02d", parent, layer);
}

static int resume(struct training *t, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < t->n_layers && !rc; i++) {
        struct train_sae_layer *l = &t->layers[i];
        struct checkpoint_info info = train_sae_layer_info(l, &t->p, t->store);
        struct checkpoint_trainer trainer;
        char *folder = layer_folder(t->p.resume_from, l->layer);
        rc = checkpoint_read_layer(folder, &info, l->sae, &trainer, e);
        free(folder);
        if (rc) break;
        l->rng = trainer.rng;
        t->best_loss = trainer.best_loss;
        if (i > 0 && sae_step_count(l->sae) != t->step)
            rc = err_field(e, HW_EVALIDATION, "resume_from", "%s: layers %d and %d are of different steps",
                           t->p.resume_from, t->layers[0].layer, l->layer);
        t->step = sae_step_count(l->sae);
    }
    if (!rc && t->step > t->p.schedule.total_steps)
        rc =
            err_field(e, HW_EVALIDATION, "total_steps", "total_steps is %lld, but the checkpoint has done %lld already",
                      (long long)t->p.schedule.total_steps, (long long)t->step);
    return rc;
}

static int make_output(const struct training *t, struct err *e)
{
    char *checkpoints = file_join(t->p.output_dir, "checkpoints");
    int rc = file_mkdirs(checkpoints, e);
    if (!rc) rc = output_folder_clean(checkpoints, e);
    if (!rc) rc = output_folder_clean(t->p.output_dir, e);
    free(checkpoints);
    return rc;
}

// ---- metrics ----

enum { N_METRICS = 9 };

static void metric_row(struct wire_metric out[N_METRICS], const struct sae_metrics *m, double rate, double per_second)
{
    const struct wire_metric row[N_METRICS] = {
        {"loss", m->loss},
        {"loss_reconstructed", m->loss_reconstructed},
        {"l0_sparsity", m->l0},
        {"l1_sparsity", m->l1},
        {"dead_neurons", m->dead_features},
        {"explained_variance", m->explained_variance},
        {"learning_rate", rate},
        {"grad_norm", m->grad_norm},
        {"samples_per_second", per_second},
    };
    memcpy(out, row, sizeof row);
}

static double rate_of(int64_t steps, int batch, int64_t us)
{
    return us > 0 ? (double)steps * batch * 1e6 / (double)us : 0;
}

// A row a layer, and one of their means; its samples_per_second is what the layers do together.
static void write_metrics(struct training *t, double learning_rate)
{
    struct wire_metric row[N_METRICS], mean[N_METRICS] = {0};
    int64_t busy_us = 0, busy_steps = 0;
    for (int i = 0; i < t->n_layers; i++) {
        struct train_sae_layer *l = &t->layers[i];
        metric_row(row, &l->metrics, learning_rate, rate_of(l->busy_steps, t->p.batch_size, l->busy_us));
        wire_metrics(t->task->out, t->step, l->layer, row, N_METRICS);
        busy_us += l->busy_us;
        busy_steps += l->busy_steps;
        l->busy_us = l->busy_steps = 0;
        for (int k = 0; k < N_METRICS; k++) {
            mean[k].name = row[k].name;
            mean[k].value += row[k].value;
        }
    }
    for (int k = 0; k < N_METRICS; k++) mean[k].value /= t->n_layers;
    mean[N_METRICS - 1].value = rate_of(busy_steps, t->p.batch_size, busy_us);
    wire_metrics(t->task->out, t->step, -1, mean, N_METRICS);
}

// ---- checkpoints ----

// All layers into `path`, by way of a temporary folder that is gone afterwards whatever happens.
static int write_folder(const struct training *t, const char *path, bool with_state, int64_t *bytes, struct err *e)
{
    char *tmp = mem_printf("%s.tmp", path);
    int rc = file_remove_tree(tmp, e);
    for (int i = 0; i < t->n_layers && !rc; i++) {
        const struct train_sae_layer *l = &t->layers[i];
        struct checkpoint_info info = train_sae_layer_info(l, &t->p, t->store);
        struct checkpoint_trainer trainer = {.rng = l->rng, .best_loss = t->best_loss};
        char *folder = layer_folder(tmp, l->layer);
        rc = task_stopping(t->task) ? err_set(e, HW_ECANCELLED, "stopped on request") : file_mkdirs(folder, e);
        if (!rc) rc = checkpoint_write_layer(folder, &info, l->sae, with_state ? &trainer : NULL, bytes, e);
        free(folder);
    }
    if (!rc) rc = checkpoint_commit(tmp, path, e);
    if (rc) file_remove_tree(tmp, NULL); // the first error is the one to report
    free(tmp);
    return rc;
}

static char *checkpoint_path(const struct training *t)
{
    return mem_printf("%s/checkpoints/step_%08lld", t->p.output_dir, (long long)t->step);
}

static int write_checkpoint(struct training *t, struct err *e)
{
    double loss = 0;
    int64_t bytes = 0;
    int rc = 0;
    for (int i = 0; i < t->n_layers && !rc; i++) {
        struct sae_scores s = {0};
        rc = train_sae_layer_score(&t->layers[i], &t->p, t->work, t->index, QUICK_SCORE_VECTORS, &s, e);
        loss += s.loss / t->n_layers;
    }
    if (rc) return rc;
    bool best = loss < t->best_loss;
    if (best) t->best_loss = loss;
    char *path = checkpoint_path(t);
    rc = write_folder(t, path, true, &bytes, e);
    if (!rc) wire_checkpoint(t->task->out, t->step, -1, path, loss, best, bytes);
    free(path);
    return rc;
}

// Leaves a checkpoint, unless the one of this very step is there, and says where.
static int leave(struct training *t, int64_t saved, struct err *e)
{
    int rc = t->step == saved ? 0 : write_checkpoint(t, e);
    if (rc) return rc;
    json_t *resume = NULL;
    if (t->step > 0) {
        char *path = checkpoint_path(t);
        resume = json_pack("{s:s}", "resume_from", file_exists(path) ? path : t->p.resume_from);
        free(path);
        if (!resume) return err_set(e, HW_EINTERNAL, "no memory for the pause");
    }
    wire_paused(t->task->out, resume);
    json_decref(resume);
    t->paused = true;
    return 0;
}

// ---- training ----

static int train(struct training *t, struct err *e)
{
    const struct train_sae_params *p = &t->p;
    const int64_t total = p->schedule.total_steps;
    // A run that goes on has written its rows already: its curve is then the one of a run that was never paused.
    bool first = t->step == 0;
    int64_t saved = t->step, told = t->step;
    double learning_rate = 0;
    while (t->step < total) {
        if (task_pausing(t->task)) return leave(t, saved, e);
        if (task_finishing(t->task) && t->step > 0) break;
        learning_rate = schedule_rate(&p->schedule, t->step);
        for (int i = 0; i < t->n_layers; i++) {
            if (task_stopping(t->task)) return err_set(e, HW_ECANCELLED, "stopped on request");
            int rc = train_sae_layer_step(&t->layers[i], p, t->work, t->index, learning_rate, e);
            if (rc) return rc;
            t->samples += p->batch_size;
            wire_progress(t->task->out, t->step * t->n_layers + i + 1, total * t->n_layers, "steps", NULL);
        }
        t->step++;
        if (first || t->step % p->log_every == 0 || t->step == total) {
            write_metrics(t, learning_rate);
            told = t->step;
        }
        first = false;
        if (t->step % p->checkpoint_every == 0 || t->step == total) {
            int rc = write_checkpoint(t, e);
            if (rc) return rc;
            saved = t->step;
        }
    }
    if (t->step == total) return 0;
    wire_log(t->task->out, "info", "finishing early, after %lld of %lld steps", (long long)t->step, (long long)total);
    if (told < t->step) write_metrics(t, learning_rate);
    return saved == t->step ? 0 : write_checkpoint(t, e);
}

// ---- the result ----

// JSON has no NaN: a score that doesn't exist (of held-out vectors that are all equal, for instance) is null.
static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static int layer_result(const struct training *t, int i, json_t *list, double *loss, struct err *e)
{
    const struct train_sae_layer *l = &t->layers[i];
    struct sae_scores s;
    int rc = train_sae_layer_score(l, &t->p, t->work, t->index, 0, &s, e);
    if (rc) return rc;
    char *final_path = file_join(t->p.output_dir, "final"), *folder = layer_folder(final_path, l->layer);
    json_t *o =
        json_pack("{s:i, s:f, s:f, s:f, s:f, s:f, s:i, s:s}", "layer_idx", l->layer, "loss", s.loss,
                  "loss_reconstructed", s.loss_reconstructed, "fvu", s.fvu, "explained_variance", s.explained_variance,
                  "l0", s.l0, "dead_features", s.dead_features, "checkpoint_path", folder);
    free(folder);
    free(final_path);
    *loss += s.loss / t->n_layers;
    if (!o || json_array_append_new(list, o) != 0)
        return err_set(e, HW_EINTERNAL, "the result of layer %d can't be written as JSON", l->layer);
    return 0;
}

static int write_summary(const struct training *t, const json_t *result, struct err *e)
{
    struct buf text = BUF_INIT;
    struct jw w;
    jw_init(&w, &text);
    jw_obj(&w);
    jw_kstr(&w, "format", "headway-sae-training");
    jw_ki64(&w, "version", 1);
    jw_ki64(&w, "steps", t->step);
    jw_key(&w, "params");
    jw_json(&w, t->task->params);
    jw_key(&w, "result");
    jw_json(&w, result);
    jw_obj_end(&w);
    buf_add_char(&text, '\n');
    char *path = file_join(t->p.output_dir, "summary.json");
    int rc = file_write_atomic(path, buf_slice(&text), e);
    free(path);
    buf_release(&text);
    return rc;
}

static int finish(struct training *t, struct err *e)
{
    json_t *layers = json_array();
    double loss = 0;
    int64_t bytes = 0;
    int rc = layers ? 0 : err_set(e, HW_EINTERNAL, "no memory for the result");
    for (int i = 0; i < t->n_layers && !rc; i++) rc = layer_result(t, i, layers, &loss, e);
    char *path = file_join(t->p.output_dir, "final");
    if (!rc) rc = write_folder(t, path, false, &bytes, e);
    free(path);
    if (rc) {
        json_decref(layers);
        return rc;
    }
    double seconds = (double)(clock_mono_us() - t->start_us) / 1e6;
    json_t *result = json_pack("{s:o, s:o, s:f, s:f, s:s}", "layers", layers, "final_loss", number(loss), "seconds",
                               seconds, "samples_per_second", seconds > 0 ? (double)t->samples / seconds : 0.0,
                               "output_path", t->p.output_dir);
    if (!result) return err_set(e, HW_EINTERNAL, "the result can't be written as JSON");
    // Only memory could be missing.
    if (json_object_set_new(result, "steps", json_integer(t->step)) != 0 ||
        json_object_set_new(result, "stopped_early", json_boolean(t->step < t->p.schedule.total_steps)) != 0)
        mem_exhausted(0);
    rc = write_summary(t, result, e);
    if (!rc) wire_result(t->task->out, result);
    json_decref(result);
    return rc;
}

static void release(struct training *t)
{
    for (int i = 0; i < t->n_open; i++) train_sae_layer_close(&t->layers[i]);
    free(t->layers);
    sae_work_free(t->work);
    team_free(t->team);
    activation_store_close(t->store);
    free(t->index);
    train_sae_params_release(&t->p);
}

int task_train_sae(struct task *task, struct err *e)
{
    struct err own; // messages are read and completed on the way, so there must be one
    if (!e) e = &own;
    err_clear(e);
    struct training t = {.task = task, .best_loss = INFINITY, .start_us = clock_mono_us()};
    wire_phase(task->out, "training", 1, 1, 0, 100);
    int rc = train_sae_params_read(&t.p, task->params, e);
    if (!rc) rc = activation_store_open(t.p.activations_path, &t.store, e);
    if (!rc) rc = open_layers(&t, e);
    if (!rc && t.p.resume_from) rc = resume(&t, e);
    if (!rc) rc = make_output(&t, e);
    if (!rc && !(t.team = team_new(t.p.threads, e))) rc = e->code;
    if (!rc) {
        t.work = sae_work_new(&t.p.sae, t.p.batch_size, t.team, task->stop);
        t.index = mem_array((size_t)t.p.batch_size, sizeof *t.index);
        rc = train(&t, e);
    }
    if (!rc && !t.paused) rc = finish(&t, e);
    release(&t);
    return rc;
}
