// One training step and evaluation: cutting a batch into blocks, slices and ranges, and adding up what they found.
#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/sae_internal.h"
#include "ml/vec.h"

enum { BLOCK_BYTES = 64 << 20 }; // of active features by columns, at most, unless one slice alone needs more

size_t sae_row_cap(const struct sae_config *c)
{
    size_t most = c->architecture == SAE_TOPK ? (size_t)c->k : (size_t)c->n_features;
    return most + SELECT_PAD;
}

static int block_rows_for(const struct sae_config *c, int batch)
{
    size_t row_bytes = sae_row_cap(c) * (sizeof(uint32_t) + 2 * sizeof(float));
    size_t rows = BLOCK_BYTES / row_bytes / SLICE_ROWS * SLICE_ROWS;
    size_t whole = ((size_t)batch + SLICE_ROWS - 1) / SLICE_ROWS * SLICE_ROWS;
    if (rows < SLICE_ROWS) rows = SLICE_ROWS;
    return (int)(rows < whole ? rows : whole);
}

double sae_work_bytes(const struct sae_config *c, int batch, int threads)
{
    double rows = block_rows_for(c, batch), ld = (double)vec_padded((size_t)c->d_in), f = c->n_features;
    double cap = (double)sae_row_cap(c), slices = rows / SLICE_ROWS;
    double by_columns = rows * cap * 12 + slices * (f + 1) * 4 + slices * 2 * ld * 4;
    double member = SLICE_ROWS * (f * 4 + cap * 12) + f * 12;
    return rows * ld * 8 + by_columns + threads * member + f / RANGE_FEATURES * ld * 4;
}

struct sae_work *sae_work_new(const struct sae_config *c, int batch, struct team *team, const atomic_int *stop)
{
    struct sae_work *w = mem_zalloc(sizeof *w);
    const size_t n_features = (size_t)c->n_features;
    w->c = *c;
    w->ld = vec_padded((size_t)c->d_in);
    w->batch = batch;
    w->block_rows = block_rows_for(c, batch);
    w->row_cap = sae_row_cap(c);
    w->team = team;
    w->stop = stop;
    w->xc = mem_aligned((size_t)w->block_rows * w->ld, sizeof *w->xc);
    w->error = mem_aligned((size_t)w->block_rows * w->ld, sizeof *w->error);
    w->b_dec_gradient = mem_aligned(w->ld, sizeof *w->b_dec_gradient);
    w->n_slices = w->block_rows / SLICE_ROWS;
    w->slices = mem_array((size_t)w->n_slices, sizeof *w->slices);
    for (int i = 0; i < w->n_slices; i++) {
        struct sae_slice *s = &w->slices[i];
        size_t cap = SLICE_ROWS * w->row_cap;
        s->begin = mem_array(n_features + 1, sizeof *s->begin);
        s->row = mem_array(cap, sizeof *s->row);
        s->z = mem_array(cap, sizeof *s->z);
        s->dz = mem_array(cap, sizeof *s->dz);
        s->error_sum = mem_aligned(w->ld, sizeof *s->error_sum);
        s->x_sum = mem_aligned(w->ld, sizeof *s->x_sum);
    }
    w->n_ranges = (c->n_features + RANGE_FEATURES - 1) / RANGE_FEATURES;
    w->ranges = mem_array((size_t)w->n_ranges, sizeof *w->ranges);
    for (int i = 0; i < w->n_ranges; i++) w->ranges[i].b_dec = mem_aligned(w->ld, sizeof(float));
    w->members = mem_array((size_t)team_size(team), sizeof *w->members);
    for (int i = 0; i < team_size(team); i++) {
        struct sae_member *m = &w->members[i];
        size_t cap = SLICE_ROWS * w->row_cap;
        m->pre = mem_aligned(SLICE_ROWS * vec_padded(n_features), sizeof *m->pre);
        m->index = mem_array(cap, sizeof *m->index);
        m->z = mem_array(cap, sizeof *m->z);
        m->dz = mem_array(cap, sizeof *m->dz);
        m->count = mem_array(SLICE_ROWS, sizeof *m->count);
        m->next = mem_array(n_features, sizeof *m->next);
        m->scratch = select_scratch_new(c->n_features);
    }
    // One call, one thread: the team is what uses several.
    openblas_set_num_threads(1);
    return w;
}

void sae_work_free(struct sae_work *w)
{
    if (!w) return;
    for (int i = 0; i < w->n_slices; i++) {
        struct sae_slice *s = &w->slices[i];
        free(s->begin);
        free(s->row);
        free(s->z);
        free(s->dz);
        free(s->error_sum);
        free(s->x_sum);
    }
    for (int i = 0; i < w->n_ranges; i++) free(w->ranges[i].b_dec);
    for (int i = 0; i < team_size(w->team); i++) {
        struct sae_member *m = &w->members[i];
        free(m->pre);
        free(m->index);
        free(m->z);
        free(m->dz);
        free(m->count);
        free(m->next);
        select_scratch_free(m->scratch);
    }
    free(w->slices);
    free(w->ranges);
    free(w->members);
    free(w->b_dec_gradient);
    free(w->error);
    free(w->xc);
    free(w);
}

// ---- the two parallel passes over a block ----

static void forward_member(void *ctx, int member)
{
    struct sae_pass *pass = ctx;
    int n = (pass->rows + SLICE_ROWS - 1) / SLICE_ROWS;
    for (int i; !sae_stopping(pass->w) && (i = atomic_fetch_add(&pass->next, 1)) < n;)
        sae_forward_slice(pass, &pass->w->members[member], i);
}

static void backward_member(void *ctx, int member)
{
    (void)member;
    struct sae_pass *pass = ctx;
    for (int i; !sae_stopping(pass->w) && (i = atomic_fetch_add(&pass->next, 1)) < pass->w->n_ranges;)
        sae_backward_range(pass, i);
}

static int run_pass(struct sae_pass *pass, void (*fn)(void *, int), struct err *e)
{
    atomic_store(&pass->next, 0);
    team_run(pass->w->team, fn, pass);
    if (sae_stopping(pass->w)) return err_set(e, HW_ECANCELLED, "stopped on request");
    return 0;
}

// Sums over vectors. The second moments are those of x - b_dec; the shift drops out of the variance.
struct totals {
    int64_t n;
    double sq_error, penalty, l1, sq_x;
    int64_t active;
    double *x_sum; // [d_in]
};

static void add_slices(struct totals *t, const struct sae_pass *pass)
{
    int n = (pass->rows + SLICE_ROWS - 1) / SLICE_ROWS;
    for (int i = 0; i < n; i++) {
        const struct sae_slice *s = &pass->w->slices[i];
        t->sq_error += s->sq_error;
        t->penalty += s->penalty;
        t->l1 += s->l1;
        t->sq_x += s->sq_x;
        t->active += s->active;
        for (int d = 0; d < pass->w->c.d_in; d++) t->x_sum[d] += (double)s->x_sum[d];
    }
    t->n += pass->rows;
}

static double unexplained(const struct totals *t, int d_in)
{
    double mean_part = 0;
    for (int d = 0; d < d_in; d++) mean_part += t->x_sum[d] * t->x_sum[d];
    double variance = t->sq_x - mean_part / (double)t->n;
    return t->sq_error / variance;
}

static double penalty_of(const struct sae_config *c, const struct totals *t)
{
    return c->architecture == SAE_STANDARD ? c->l1_coefficient * t->penalty : 0;
}

// ---- a step ----

// b_dec takes part in the decoder (through the error) and in the encoder (through x - b_dec).
static void b_dec_gradient(struct sae *s, struct sae_work *w, int batch)
{
    float *g = s->g.b_dec;
    for (size_t d = 0; d < s->ld; d++) g[d] = w->b_dec_gradient[d] * (2.0f / (float)batch);
    for (int i = 0; i < w->n_ranges; i++)
        for (size_t d = 0; d < s->ld; d++) g[d] += w->ranges[i].b_dec[d];
}

static int count_dead(const struct sae *s)
{
    int64_t since = s->steps > SAE_DEAD_WINDOW ? s->steps - SAE_DEAD_WINDOW : 0;
    int dead = 0;
    for (int f = 0; f < s->c.n_features; f++) dead += s->last_active[f] <= since;
    return dead;
}

static int run_step(struct sae *s, struct sae_work *w, const struct sae_source *from, const int64_t *index, int n,
                    const double *learning_rate, struct sae_metrics *out, struct err *e)
{
    assert(n > 0 && n <= w->batch && w->c.d_in == s->c.d_in && w->c.n_features == s->c.n_features);
    struct sae_pass pass = {
        .s = s, .w = w, .from = from, .batch = n, .training = true, .update = learning_rate != NULL};
    if (learning_rate) pass.adam = adam_step_at(&ADAM_DEFAULT, *learning_rate, s->steps + 1);
    struct totals t = {.x_sum = mem_array((size_t)s->c.d_in, sizeof *t.x_sum)};
    memset(w->b_dec_gradient, 0, w->ld * sizeof *w->b_dec_gradient);
    double loss = 0;
    int rc = 0;
    for (int at = 0; at < n && !rc; at += w->block_rows) {
        pass.index = index + at;
        pass.rows = n - at < w->block_rows ? n - at : w->block_rows;
        pass.first = at == 0;
        pass.last = at + pass.rows == n;
        rc = run_pass(&pass, forward_member, e);
        if (rc) break;
        add_slices(&t, &pass);
        for (int i = 0; i < (pass.rows + SLICE_ROWS - 1) / SLICE_ROWS; i++)
            for (size_t d = 0; d < w->ld; d++) w->b_dec_gradient[d] += w->slices[i].error_sum[d];
        loss = (t.sq_error + penalty_of(&s->c, &t)) / n;
        if (!isfinite(loss)) {
            rc = err_set(e, HW_EINVALID, "the loss is not finite (%g)", loss);
            break;
        }
        rc = run_pass(&pass, backward_member, e);
    }
    if (!rc) {
        b_dec_gradient(s, w, n);
        double sq = 0;
        for (int i = 0; i < w->n_ranges; i++) sq += w->ranges[i].sq_gradient;
        for (size_t d = 0; d < s->ld; d++) sq += (double)s->g.b_dec[d] * (double)s->g.b_dec[d];
        if (learning_rate) {
            adam_update(&pass.adam, s->p.b_dec, s->m.b_dec, s->v.b_dec, s->g.b_dec, s->ld);
            s->steps++;
        }
        *out = (struct sae_metrics){
            .loss = loss,
            .loss_reconstructed = t.sq_error / n,
            .l0 = (double)t.active / n,
            .l1 = t.l1 / n,
            .explained_variance = 1.0 - unexplained(&t, s->c.d_in),
            .grad_norm = sqrt(sq),
            .dead_features = count_dead(s),
        };
    }
    free(t.x_sum);
    return rc;
}

int sae_step(struct sae *s, struct sae_work *w, const struct sae_source *from, const int64_t *index, int n,
             double learning_rate, struct sae_metrics *out, struct err *e)
{
    return run_step(s, w, from, index, n, &learning_rate, out, e);
}

int sae_gradient(struct sae *s, struct sae_work *w, const struct sae_source *from, const int64_t *index, int n,
                 struct sae_metrics *out, struct err *e)
{
    return run_step(s, w, from, index, n, NULL, out, e);
}

// ---- evaluation ----

struct sae_evaluation {
    struct sae_config c;
    struct totals t;
    bool *active; // [n_features]
};

struct sae_evaluation *sae_evaluation_new(const struct sae *s)
{
    struct sae_evaluation *v = mem_zalloc(sizeof *v);
    v->c = s->c;
    v->t.x_sum = mem_array((size_t)s->c.d_in, sizeof *v->t.x_sum);
    v->active = mem_array((size_t)s->c.n_features, sizeof *v->active);
    return v;
}

void sae_evaluation_free(struct sae_evaluation *v)
{
    if (!v) return;
    free(v->t.x_sum);
    free(v->active);
    free(v);
}

int sae_evaluation_add(struct sae_evaluation *v, const struct sae *s, struct sae_work *w, const struct sae_source *from,
                       const int64_t *index, int n, struct err *e)
{
    // The forward pass only reads the autoencoder.
    struct sae_pass pass = {.s = (struct sae *)(uintptr_t)s, .w = w, .from = from, .batch = n};
    for (int at = 0; at < n; at += w->block_rows) {
        pass.index = index + at;
        pass.rows = n - at < w->block_rows ? n - at : w->block_rows;
        int rc = run_pass(&pass, forward_member, e);
        if (rc) return rc;
        add_slices(&v->t, &pass);
        for (int i = 0; i < (pass.rows + SLICE_ROWS - 1) / SLICE_ROWS; i++) {
            const uint32_t *begin = w->slices[i].begin;
            for (int f = 0; f < v->c.n_features; f++) v->active[f] |= begin[f + 1] > begin[f];
        }
    }
    return 0;
}

struct sae_scores sae_evaluation_scores(const struct sae_evaluation *v)
{
    const struct totals *t = &v->t;
    double n = (double)t->n, fvu = unexplained(t, v->c.d_in);
    int dead = 0;
    for (int f = 0; f < v->c.n_features; f++) dead += !v->active[f];
    return (struct sae_scores){
        .loss = (t->sq_error + penalty_of(&v->c, t)) / n,
        .loss_reconstructed = t->sq_error / n,
        .fvu = fvu,
        .explained_variance = 1.0 - fvu,
        .l0 = (double)t->active / n,
        .l1 = t->l1 / n,
        .dead_features = dead,
    };
}
