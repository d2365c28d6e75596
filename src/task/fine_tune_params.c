#include "task/fine_tune_params.h"

#include "base/file.h"
#include "ml/team.h"
#include "task/params.h"

static int read_paths(struct fine_tune_params *p, const json_t *given, struct err *e)
{
    int rc = task_params_path(given, "model_path", &p->model_path, e);
    if (!rc) rc = task_params_path(given, "tokens_path", &p->tokens_path, e);
    if (!rc) rc = task_params_path(given, "output_dir", &p->output_dir, e);
    if (!rc) rc = json_get_str(given, "resume_from", NULL, &p->resume_from, e);
    if (!rc && p->resume_from && !file_exists(p->resume_from))
        rc = err_field(e, HW_ENOTFOUND, "resume_from", "there is no checkpoint at %.300s", p->resume_from);
    return rc;
}

static void take(struct fine_tune_params *p, const json_t *o)
{
    p->context_length = task_params_int(o, "context_length");
    p->batch_size = task_params_int(o, "batch_size");
    p->holdout_samples = task_params_int(o, "holdout_samples");
    p->threads = task_params_int(o, "threads");
    if (p->threads == 0) p->threads = team_default_size();
    p->schedule = (struct schedule){
        .peak = task_params_f64(o, "learning_rate"),
        .total_steps = task_params_i64(o, "total_steps"),
        .warmup_steps = task_params_i64(o, "warmup_steps"),
        .decay_fraction = task_params_f64(o, "decay_fraction"),
    };
    p->log_every = task_params_i64(o, "log_every");
    p->checkpoint_every = task_params_i64(o, "checkpoint_every");
    p->seed = (uint64_t)task_params_i64(o, "seed");
    p->shape = (struct lm_head_shape){
        .width = p->model.width,
        .vocab = p->model.vocab_size,
        .rank = task_params_int(o, "rank"),
        .norm_epsilon = p->model.norm_epsilon,
    };
}

int fine_tune_params_read(struct fine_tune_params *p, const json_t *given, struct err *e)
{
    *p = (struct fine_tune_params){0};
    json_t *resolved = task_params_resolve("fine_tune", given, e);
    if (!resolved) return e->code;
    int rc = read_paths(p, given, e);
    if (!rc) rc = transformer_inspect(p->model_path, &p->model, e);
    if (!rc) take(p, resolved);
    json_decref(resolved);
    if (rc) return rc;
    if (p->context_length > p->model.n_positions)
        return err_field(e, HW_EVALIDATION, "context_length", "context_length is %d; the model has %d positions",
                         p->context_length, p->model.n_positions);
    if (p->shape.rank > p->shape.width)
        return err_field(e, HW_EVALIDATION, "rank", "rank is %d, more than the model's width of %d", p->shape.rank,
                         p->shape.width);
    return 0;
}
