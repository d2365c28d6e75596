// The fine_tune job: the output side of a transformer trained on a tokenized dataset, and written as a model of its own
// (docs/api/tasks.md). docs/development/adding-job-types.md goes through it as the example of a kind.
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "ml/adam.h"
#include "task/fine_tune_data.h"
#include "task/fine_tune_state.h"
#include "task/output_folder.h"
#include "task/task.h"

struct tuning {
    struct task *task;
    struct fine_tune_params p;
    struct fine_tune_data *data;
    struct fine_tune_state state;
    float *gradient;   // a block
    int64_t *rows;     // [batch_size]
    int64_t saved;     // the step of the newest checkpoint
    double loss;       // of the last step, a token
    double grad_norm;  // of the last step
    double held_out;   // the newest held-out loss …
    int64_t scored_at; // … and its step
    int64_t start_us, told_us, samples, told_samples;
    bool paused; // it has said from where it is to go on
};

// ---- setting up ---------------------------------------------------------------------------------------------------

// Everything that can be refused is refused here, before the first step.
static int set_up(struct tuning *t, struct err *e)
{
    struct task *task = t->task;
    wire_phase(task->out, "training", 1, 1, 0, 100);
    int rc = fine_tune_params_read(&t->p, task->params, e);
    if (rc) return rc;
    wire_progress(task->out, 0, t->p.schedule.total_steps, "steps", "loading the model and the token ids");
    t->data = fine_tune_data_open(&t->p, task->stop, e);
    if (!t->data) return e->code;
    fine_tune_state_init(&t->state, &t->p.shape);
    t->gradient = mem_aligned(lm_head_count(&t->p.shape), sizeof(float));
    t->rows = mem_array((size_t)t->p.batch_size, sizeof *t->rows);
    char *checkpoints = file_join(t->p.output_dir, "checkpoints");
    rc = file_mkdirs(checkpoints, e);
    if (!rc) rc = output_folder_clean(checkpoints, e);
    free(checkpoints);
    return rc;
}

static int score(struct tuning *t, struct err *e)
{
    if (t->scored_at == t->state.step) return 0;
    int rc = fine_tune_data_held_out_loss(t->data, t->state.weights, &t->held_out, e);
    if (!rc) t->scored_at = t->state.step;
    return rc;
}

// At the model as it is, or at the checkpoint that the job goes on from.
static int begin(struct tuning *t, struct err *e)
{
    struct fine_tune_state *s = &t->state;
    if (t->p.resume_from) {
        int rc = fine_tune_state_read(s, t->p.resume_from, e);
        if (!rc && s->step > t->p.schedule.total_steps)
            rc = err_field(e, HW_EVALIDATION, "total_steps",
                           "total_steps is %lld, but the checkpoint has done %lld already",
                           (long long)t->p.schedule.total_steps, (long long)s->step);
        t->saved = s->step;
        return rc;
    }
    struct transformer_output own = fine_tune_data_output(t->data);
    rng_seed(&s->rng, t->p.seed, 0);
    lm_head_init(&s->shape, &own, &s->rng, s->weights);
    int rc = score(t, e);
    s->loss_before = t->held_out;
    return rc;
}

// ---- one step -----------------------------------------------------------------------------------------------------

static int step(struct tuning *t, double learning_rate, struct err *e)
{
    struct fine_tune_state *s = &t->state;
    const size_t n = lm_head_count(&s->shape);
    const uint64_t rows = (uint64_t)fine_tune_data_train_rows(t->data);
    for (int i = 0; i < t->p.batch_size; i++)
        t->rows[i] = fine_tune_data_train_row(t->data, (int64_t)rng_below(&s->rng, rows));
    int rc = fine_tune_data_loss(t->data, s->weights, t->rows, t->p.batch_size, t->gradient, &t->loss, e);
    if (rc) return rc;
    double squares = ops_moments(n, t->gradient).sum_squares;
    t->grad_norm = sqrt(squares);
    if (!isfinite(t->loss) || !isfinite(squares))
        return err_field(e, HW_EINVALID, "learning_rate",
                         "step %lld: the loss is no longer a finite number; a lower learning_rate than %g may help",
                         (long long)s->step + 1, t->p.schedule.peak);
    const struct adam_config adam = ADAM_DEFAULT;
    const struct adam_step update = adam_step_at(&adam, learning_rate, s->step + 1);
    adam_update(&update, s->weights, s->moment1, s->moment2, t->gradient, n);
    s->step++;
    t->samples += t->p.batch_size;
    return 0;
}

// ---- what it tells ------------------------------------------------------------------------------------------------

static void write_metrics(struct tuning *t, double learning_rate)
{
    int64_t now = clock_mono_us();
    double seconds = (double)(now - t->told_us) / 1e6;
    const struct wire_metric row[] = {
        {"loss", t->loss},
        {"learning_rate", learning_rate},
        {"grad_norm", t->grad_norm},
        {"samples_per_second", seconds > 0 ? (double)(t->samples - t->told_samples) / seconds : 0},
        {"held_out_loss", t->held_out}, // only with a checkpoint
    };
    int n = sizeof row / sizeof *row;
    wire_metrics(t->task->out, t->state.step, -1, row, t->scored_at == t->state.step ? n : n - 1);
    t->told_us = now;
    t->told_samples = t->samples;
}

static char *checkpoint_path(const struct tuning *t)
{
    return mem_printf("%s/checkpoints/step_%08lld.safetensors", t->p.output_dir, (long long)t->state.step);
}

static int write_checkpoint(struct tuning *t, struct err *e)
{
    if (t->saved == t->state.step) return 0;
    int rc = score(t, e);
    if (rc) return rc;
    bool best = t->held_out < t->state.best_loss;
    if (best) t->state.best_loss = t->held_out;
    char *path = checkpoint_path(t);
    int64_t bytes = 0;
    rc = fine_tune_state_write(&t->state, path, &bytes, e);
    if (!rc) wire_checkpoint(t->task->out, t->state.step, -1, path, t->held_out, best, bytes);
    if (!rc) t->saved = t->state.step;
    free(path);
    return rc;
}

// SIGUSR1: leaves a checkpoint and says where. With no step done there is nothing to keep.
static int leave(struct tuning *t, struct err *e)
{
    int rc = t->state.step > 0 ? write_checkpoint(t, e) : 0;
    if (rc) return rc;
    json_t *resume = NULL;
    if (t->state.step > 0) {
        char *path = checkpoint_path(t);
        resume = json_pack("{s:s}", "resume_from", file_exists(path) ? path : t->p.resume_from);
        free(path);
        if (!resume) return err_set(e, HW_EINTERNAL, "the checkpoint's path can't be written as JSON");
    }
    wire_paused(t->task->out, resume);
    json_decref(resume);
    t->paused = true;
    return 0;
}

// ---- the loop -----------------------------------------------------------------------------------------------------

static int train(struct tuning *t, struct err *e)
{
    const struct fine_tune_params *p = &t->p;
    const int64_t total = p->schedule.total_steps;
    t->told_us = clock_mono_us();
    while (t->state.step < total) {
        if (task_pausing(t->task)) return leave(t, e);
        bool last = task_finishing(t->task); // SIGUSR2: one more step, and the result that there is
        double learning_rate = schedule_rate(&p->schedule, t->state.step);
        int rc = step(t, learning_rate, e);
        if (rc) return rc;
        int64_t done = t->state.step;
        last = last || done == total;
        wire_progress(t->task->out, done, total, "steps", NULL);
        if (done % p->checkpoint_every == 0 || last) rc = write_checkpoint(t, e);
        if (!rc && (done == 1 || done % p->log_every == 0 || done % p->checkpoint_every == 0 || last))
            write_metrics(t, learning_rate);
        if (rc) return rc;
        if (last) break;
    }
    if (t->state.step < total)
        wire_log(t->task->out, "info", "finishing early, after %lld of %lld steps", (long long)t->state.step,
                 (long long)total);
    return 0;
}

// ---- the result ---------------------------------------------------------------------------------------------------

static int write_model(const struct tuning *t, const char *path, struct err *e)
{
    const struct transformer_output own = fine_tune_data_output(t->data);
    const struct lm_head_arrays a = lm_head_arrays_in(&t->p.shape, t->state.weights);
    char *tmp = mem_printf("%s.tmp", path);
    int rc = output_folder_begin(tmp, path, "config.json", e);
    if (!rc) {
        float *head = mem_aligned((size_t)t->p.shape.vocab * (size_t)t->p.shape.width, sizeof *head);
        lm_head_merge(&t->p.shape, own.head, t->state.weights, head);
        const struct transformer_output tuned = {a.gain, a.bias, head};
        rc = transformer_save_with_output(t->p.model_path, tmp, &tuned, t->task->stop, e);
        free(head);
    }
    if (!rc) rc = output_folder_commit(tmp, path, e);
    if (rc == HW_ECANCELLED) err_set(e, rc, "stopped on request");
    if (rc) file_remove_tree(tmp, NULL); // the first error is the one to report
    free(tmp);
    return rc;
}

static int finish(struct tuning *t, struct err *e)
{
    int rc = score(t, e);
    char *model = file_join(t->p.output_dir, "model");
    if (!rc) rc = write_model(t, model, e);
    if (!rc) {
        double seconds = (double)(clock_mono_us() - t->start_us) / 1e6;
        json_t *result =
            json_pack("{s:I, s:b, s:f, s:f, s:f, s:f, s:s, s:s}", "steps", (json_int_t)t->state.step, "stopped_early",
                      t->state.step<t->p.schedule.total_steps, "held_out_loss_before", t->state.loss_before,
                                    "final_loss", t->held_out, "seconds", seconds, "samples_per_second", seconds> 0
                          ? (double)t->samples / seconds
                          : 0.0,
                      "output_path", t->p.output_dir, "model_path", model);
        if (result)
            wire_result(t->task->out, result);
        else
            rc = err_set(e, HW_EINTERNAL, "the result can't be written as JSON");
        json_decref(result);
    }
    free(model);
    return rc;
}

static void release(struct tuning *t)
{
    fine_tune_state_release(&t->state);
    fine_tune_data_close(t->data);
    free(t->gradient);
    free(t->rows);
}

int task_fine_tune(struct task *task, struct err *e)
{
    struct err own; // messages are completed on the way, so there must be one
    if (!e) e = &own;
    err_clear(e);
    struct tuning t = {.task = task, .saved = -1, .scored_at = -1, .start_us = clock_mono_us()};
    int rc = set_up(&t, e);
    if (!rc) rc = begin(&t, e);
    if (!rc) rc = train(&t, e);
    if (!rc && !t.paused) rc = finish(&t, e);
    release(&t);
    return rc;
}
