#include "task/fine_tune_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/team.h"
#include "task/token_reader.h"

enum {
    SHARES = 8, // a batch is dealt into as many parts, whatever the number of threads: sums have one order
    SCAN_IDS = 1 << 16
};

struct member { // one thread's
    struct transformer_pass *pass;
    struct lm_head_work *work;
    uint32_t *ids; // [context + 1]
};

struct share { // one part's
    double loss;
    float *gradient;
    int rc;
    struct err e;
};

struct fine_tune_data {
    const struct fine_tune_params *p;
    const atomic_int *stop;
    struct token_reader *tokens;
    struct transformer *model;
    struct team *team;
    struct member *members; // [threads]
    struct share shares[SHARES];
    int64_t n_rows, period; // of the first holdout · period rows every last one of a period is held out
    // The call at hand
    const float *block;
    const int64_t *rows;
    int n_batch;
    bool with_gradient;
};

// ---- opening ------------------------------------------------------------------------------------------------------

static int count_rows(struct fine_tune_data *d, struct err *e)
{
    uint64_t count = token_reader_count(d->tokens), context = (uint64_t)d->p->context_length;
    d->n_rows = count ? (int64_t)((count - 1) / context) : 0;
    d->period = d->n_rows / d->p->holdout_samples;
    if (d->period >= 2) return 0;
    return err_field(e, HW_EVALIDATION, "holdout_samples",
                     "holdout_samples is %d, more than half of the %lld rows of context_length %d in %.200s",
                     d->p->holdout_samples, (long long)d->n_rows, d->p->context_length, d->p->tokens_path);
}

static int scan_ids(const struct fine_tune_data *d, struct err *e)
{
    uint64_t total = token_reader_count(d->tokens);
    uint32_t *ids = mem_array(SCAN_IDS, sizeof *ids);
    int rc = 0;
    for (uint64_t at = 0; !rc && at < total; at += SCAN_IDS) {
        size_t n = total - at < SCAN_IDS ? (size_t)(total - at) : SCAN_IDS;
        rc = token_reader_read(d->tokens, at, n, (uint32_t)d->p->shape.vocab, ids, e);
        if (!rc && atomic_load_explicit(d->stop, memory_order_relaxed)) rc = HW_ECANCELLED;
    }
    free(ids);
    return rc;
}

static int open_all(struct fine_tune_data *d, struct err *e)
{
    const struct fine_tune_params *p = d->p;
    int rc = token_reader_open(p->tokens_path, &d->tokens, e);
    if (!rc) rc = count_rows(d, e);
    if (!rc) rc = scan_ids(d, e);
    if (!rc) rc = transformer_load(p->model_path, -1, d->stop, &d->model, e);
    if (!rc && !(d->team = team_new(p->threads, e))) rc = e->code;
    if (rc) return rc;
    d->members = mem_array((size_t)p->threads, sizeof *d->members);
    for (int i = 0; i < p->threads; i++) {
        struct member *m = &d->members[i];
        m->pass = transformer_pass_new(d->model, 1, p->context_length);
        m->work = lm_head_work_new(&p->shape);
        m->ids = mem_array((size_t)p->context_length + 1, sizeof *m->ids);
    }
    for (int i = 0; i < SHARES; i++) d->shares[i].gradient = mem_aligned(lm_head_count(&p->shape), sizeof(float));
    return 0;
}

struct fine_tune_data *fine_tune_data_open(const struct fine_tune_params *p, const atomic_int *stop, struct err *e)
{
    struct fine_tune_data *d = mem_zalloc(sizeof *d);
    d->p = p;
    d->stop = stop;
    int rc = open_all(d, e);
    if (!rc) return d;
    if (rc == HW_ECANCELLED) err_set(e, rc, "stopped on request");
    fine_tune_data_close(d);
    return NULL;
}

void fine_tune_data_close(struct fine_tune_data *d)
{
    if (!d) return;
    for (int i = 0; d->members && i < d->p->threads; i++) {
        transformer_pass_free(d->members[i].pass);
        lm_head_work_free(d->members[i].work);
        free(d->members[i].ids);
    }
    free(d->members);
    for (int i = 0; i < SHARES; i++) free(d->shares[i].gradient);
    team_free(d->team);
    transformer_free(d->model);
    token_reader_close(d->tokens);
    free(d);
}

struct transformer_output fine_tune_data_output(const struct fine_tune_data *d)
{
    return transformer_output(d->model);
}

int64_t fine_tune_data_train_rows(const struct fine_tune_data *d)
{
    return d->n_rows - d->p->holdout_samples;
}

int64_t fine_tune_data_train_row(const struct fine_tune_data *d, int64_t i)
{
    int64_t before = i / (d->period - 1); // held-out rows before it, if they went on to the end
    return i + (before < d->p->holdout_samples ? before : d->p->holdout_samples);
}

// ---- a batch ------------------------------------------------------------------------------------------------------

struct row {
    const struct fine_tune_data *d;
    const struct member *m;
    struct share *share;
};

// Takes the stream after the last block.
static int take(void *arg, int capture, int first, int rows, const float *stream)
{
    (void)capture, (void)first, (void)rows;
    const struct row *r = arg;
    const struct fine_tune_params *p = r->d->p;
    r->share->loss += lm_head_loss(&p->shape, transformer_output(r->d->model).head, r->d->block, stream, r->m->ids + 1,
                                   p->context_length, r->m->work, r->d->with_gradient ? r->share->gradient : NULL);
    return 0;
}

static int run_row(const struct fine_tune_data *d, const struct member *m, struct share *share, int64_t number)
{
    const struct transformer_capture last = {d->p->model.n_layers - 1, TRANSFORMER_RESIDUAL};
    struct row r = {d, m, share};
    uint64_t context = (uint64_t)d->p->context_length;
    int rc = token_reader_read(d->tokens, (uint64_t)number * context, context + 1, (uint32_t)d->p->shape.vocab, m->ids,
                               &share->e);
    return rc ? rc : transformer_forward(d->model, m->pass, m->ids, 1, &last, 1, take, &r, d->stop);
}

// Shares are dealt to the members, rows to the shares.
static void work(void *ctx, int member)
{
    struct fine_tune_data *d = ctx;
    for (int s = member; s < SHARES; s += d->p->threads) {
        struct share *share = &d->shares[s];
        share->loss = 0;
        share->rc = 0;
        if (d->with_gradient) memset(share->gradient, 0, lm_head_count(&d->p->shape) * sizeof *share->gradient);
        for (int i = s; !share->rc && i < d->n_batch; i += SHARES)
            share->rc = run_row(d, &d->members[member], share, d->rows[i]);
    }
}

int fine_tune_data_loss(struct fine_tune_data *d, const float *block, const int64_t *rows, int n, float *gradient,
                        double *loss, struct err *e)
{
    d->block = block;
    d->rows = rows;
    d->n_batch = n;
    d->with_gradient = gradient != NULL;
    team_run(d->team, work, d);
    const size_t count = lm_head_count(&d->p->shape);
    const float share = (float)(1.0 / ((double)n * d->p->context_length));
    *loss = 0;
    if (gradient) memset(gradient, 0, count * sizeof *gradient);
    for (int s = 0; s < SHARES; s++) {
        if (d->shares[s].rc == HW_ECANCELLED) return err_set(e, HW_ECANCELLED, "stopped on request");
        if (d->shares[s].rc) {
            *e = d->shares[s].e;
            return d->shares[s].rc;
        }
        *loss += d->shares[s].loss / ((double)n * d->p->context_length);
        if (gradient) ops_add(count, gradient, d->shares[s].gradient);
    }
    for (size_t i = 0; gradient && i < count; i++) gradient[i] *= share;
    return 0;
}

int fine_tune_data_held_out_loss(struct fine_tune_data *d, const float *block, double *loss, struct err *e)
{
    int64_t *rows = mem_array((size_t)d->p->holdout_samples, sizeof *rows);
    for (int i = 0; i < d->p->holdout_samples; i++) rows[i] = (i + 1) * d->period - 1;
    int rc = fine_tune_data_loss(d, block, rows, d->p->holdout_samples, NULL, loss, e);
    free(rows);
    return rc;
}
