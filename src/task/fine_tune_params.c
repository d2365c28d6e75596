#include "task/fine_tune_params.h"

#include "base/file.h"
#include "ml/team.h"

static int need_path(const json_t *obj, const char *key, const char **out, struct err *e)
{
    int rc = json_get_str(obj, key, "", out, e);
    return !rc && !**out ? err_field(e, HW_EVALIDATION, key, "%s is missing", key) : rc;
}

static int read_int(const json_t *obj, const char *key, int64_t def, int64_t lo, int64_t hi, int *out, struct err *e)
{
    int64_t v;
    int rc = json_get_i64(obj, key, def, lo, hi, &v, e);
    *out = (int)v;
    return rc;
}

static int read_paths(struct fine_tune_params *p, const json_t *obj, struct err *e)
{
    int rc = need_path(obj, "model_path", &p->model_path, e);
    if (!rc) rc = need_path(obj, "tokens_path", &p->tokens_path, e);
    if (!rc) rc = need_path(obj, "output_dir", &p->output_dir, e);
    if (!rc) rc = json_get_str(obj, "resume_from", NULL, &p->resume_from, e);
    if (!rc && p->resume_from && !file_exists(p->resume_from))
        rc = err_field(e, HW_ENOTFOUND, "resume_from", "there is no checkpoint at %.300s", p->resume_from);
    return rc;
}

static int read_numbers(struct fine_tune_params *p, const json_t *obj, struct err *e)
{
    const int64_t many = INT64_C(1000000000000);
    int64_t seed = 0;
    int rc = read_int(obj, "context_length", 128, 1, 1 << 20, &p->context_length, e);
    if (!rc) rc = read_int(obj, "rank", 8, 1, 65536, &p->shape.rank, e);
    if (!rc) rc = read_int(obj, "batch_size", 16, 1, 65536, &p->batch_size, e);
    if (!rc) rc = read_int(obj, "holdout_samples", 64, 1, 1000000, &p->holdout_samples, e);
    if (!rc) rc = read_int(obj, "threads", 0, 0, 256, &p->threads, e);
    if (!rc) rc = json_get_f64(obj, "learning_rate", 1e-3, 1e-12, 10, &p->schedule.peak, e);
    if (!rc) rc = json_get_i64(obj, "warmup_steps", 20, 0, many, &p->schedule.warmup_steps, e);
    if (!rc) rc = json_get_f64(obj, "decay_fraction", 0.2, 0, 1, &p->schedule.decay_fraction, e);
    if (!rc) rc = json_get_i64(obj, "total_steps", 300, 1, many, &p->schedule.total_steps, e);
    if (!rc) rc = json_get_i64(obj, "log_every", 10, 1, many, &p->log_every, e);
    if (!rc) rc = json_get_i64(obj, "checkpoint_every", 100, 1, many, &p->checkpoint_every, e);
    if (!rc) rc = json_get_i64(obj, "seed", 0, 0, INT64_C(9007199254740991), &seed, e);
    p->seed = (uint64_t)seed;
    if (p->threads == 0) p->threads = team_default_size();
    return rc;
}

int fine_tune_params_read(struct fine_tune_params *p, const json_t *obj, struct err *e)
{
    *p = (struct fine_tune_params){0};
    int rc = read_paths(p, obj, e);
    if (!rc) rc = read_numbers(p, obj, e);
    if (!rc) rc = transformer_inspect(p->model_path, &p->model, e);
    if (rc) return rc;
    p->shape.width = p->model.width;
    p->shape.vocab = p->model.vocab_size;
    p->shape.norm_epsilon = p->model.norm_epsilon;
    if (p->context_length > p->model.n_positions)
        return err_field(e, HW_EVALIDATION, "context_length", "context_length is %d; the model has %d positions",
                         p->context_length, p->model.n_positions);
    if (p->shape.rank > p->shape.width)
        return err_field(e, HW_EVALIDATION, "rank", "rank is %d, more than the model's width of %d", p->shape.rank,
                         p->shape.width);
    return 0;
}
