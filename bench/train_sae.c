// How fast autoencoders train and how well they come out: samples per second of processor time on one thread, and the
// held-out scores, with the job's defaults (1,024 features, k = 32, λ = 1, batches of 1,024, 10 % held out).
// bench/train_sae.md records results. Usage: train_sae [STEPS [SHARD…]]
//
// The shards are what `extract` wrote for one layer; without any, vectors are made up (their scores mean nothing).
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "ml/sae.h"
#include "ml/safetensors.h"
#include "ml/schedule.h"

enum { FEATURES = 1024, K = 32, BATCH = 1024, WARMUP = 100 };

struct vectors {
    float *x; // [n, width], scaled to a mean length of √width
    int64_t n, n_train;
    int width;
};

static void die(const struct err *e)
{
    fprintf(stderr, "%s\n", e->message);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fetch(const void *ctx, const int64_t *index, int n, float *out, size_t stride)
{
    const struct vectors *v = ctx;
    size_t width = (size_t)v->width;
    for (int i = 0; i < n; i++)
        memcpy(out + (size_t)i * stride, v->x + (size_t)index[i] * width, width * sizeof(float));
}

static void add_shard(struct vectors *v, const char *path)
{
    struct err e = {0};
    struct safetensors *file;
    if (safetensors_open(path, &file, &e)) die(&e);
    const struct st_tensor *t = safetensors_get(file, "activations");
    if (!t || t->rank != 2 || (v->width && t->shape[1] != v->width)) {
        fprintf(stderr, "%s: no [vectors, width] activations of one width\n", path);
        exit(1);
    }
    v->width = (int)t->shape[1];
    v->x = mem_realloc_array(v->x, (size_t)(v->n + t->shape[0]) * (size_t)v->width, sizeof *v->x);
    if (safetensors_f32(t, 0, t->count, v->x + (size_t)v->n * (size_t)v->width, &e)) die(&e);
    v->n += t->shape[0];
    safetensors_close(file);
}

static void make_up(struct vectors *v)
{
    enum { WIDTH = 128, N = 64000, DIRECTIONS = 300, TERMS = 8 };
    struct rng r;
    rng_seed(&r, 1, 0);
    float *dir = mem_array(DIRECTIONS * WIDTH, sizeof *dir);
    *v = (struct vectors){.x = mem_array((size_t)N * WIDTH, sizeof(float)), .n = N, .width = WIDTH};
    for (int i = 0; i < DIRECTIONS * WIDTH; i++) dir[i] = (float)rng_normal(&r);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < TERMS; j++) {
            const float *from = dir + rng_below(&r, DIRECTIONS) * WIDTH;
            float a = (float)rng_uniform(&r);
            for (int d = 0; d < WIDTH; d++) v->x[i * WIDTH + d] += a * from[d];
        }
    free(dir);
}

// Scales the vectors; the mean of the training part goes to `mean`.
static void prepare(struct vectors *v, float *mean)
{
    size_t width = (size_t)v->width;
    double norms = 0, *sum = mem_array(width, sizeof *sum);
    v->n_train = v->n - v->n / 10;
    for (int64_t i = 0; i < v->n_train; i++) {
        double sq = 0;
        for (size_t d = 0; d < width; d++) {
            double x = (double)v->x[(size_t)i * width + d];
            sq += x * x;
            sum[d] += x;
        }
        norms += sqrt(sq);
    }
    float scale = (float)(sqrt((double)width) * (double)v->n_train / norms);
    for (size_t i = 0; i < (size_t)v->n * width; i++) v->x[i] *= scale;
    for (size_t d = 0; d < width; d++) mean[d] = (float)(sum[d] / (double)v->n_train) * scale;
    free(sum);
}

static void bench(const char *name, const struct sae_config *c, const struct vectors *v, const float *mean, int steps,
                  struct team *team)
{
    struct err e = {0};
    struct rng r;
    rng_seed(&r, 0, 2);
    struct sae *sae = sae_new(c, mean, &r);
    struct sae_work *work = sae_work_new(c, BATCH, team, NULL);
    struct sae_source from = {fetch, v};
    struct schedule schedule = {1e-3, steps, WARMUP, 0.2};
    struct sae_metrics m;
    int64_t index[BATCH];
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC), best = INFINITY;
    double mark = cpu;
    for (int s = 0; s < steps; s++) {
        for (int i = 0; i < BATCH; i++) index[i] = (int64_t)rng_below(&r, (uint64_t)v->n_train);
        if (sae_step(sae, work, &from, index, BATCH, schedule_rate(&schedule, s), &m, &e)) die(&e);
        if (s % 50 == 49) {
            double now = seconds(CLOCK_PROCESS_CPUTIME_ID);
            best = fmin(best, now - mark);
            mark = now;
        }
    }
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    struct sae_evaluation *ev = sae_evaluation_new(sae);
    for (int64_t at = v->n_train; at < v->n;) {
        int n = 0;
        for (; n < BATCH && at < v->n; n++, at++) index[n] = at;
        if (sae_evaluation_add(ev, sae, work, &from, index, n, &e)) die(&e);
    }
    struct sae_scores s = sae_evaluation_scores(ev);
    double samples = (double)steps * BATCH;
    printf("%-9s %8.0f samples/s of processor time (best 50 steps %.0f), %.0f/s by the clock; FVU %.4f, L0 %.1f, dead "
           "%d\n",
           name, samples / cpu, 50.0 * BATCH / best, samples / wall, s.fvu, s.l0, s.dead_features);
    sae_evaluation_free(ev);
    sae_work_free(work);
    sae_free(sae);
}

int main(int argc, char **argv)
{
    int steps = argc > 1 ? atoi(argv[1]) : 1500;
    struct vectors v = {0};
    for (int i = 2; i < argc; i++) add_shard(&v, argv[i]);
    if (argc <= 2) make_up(&v);
    float *mean = mem_array((size_t)v.width, sizeof *mean);
    prepare(&v, mean);
    struct err e = {0};
    struct team *team = team_new(1, &e);
    if (!team) die(&e);
    struct sae_config topk = {SAE_TOPK, v.width, FEATURES, K, 0}, standard = {SAE_STANDARD, v.width, FEATURES, 0, 1.0};
    bench("topk", &topk, &v, mean, steps, team);
    bench("standard", &standard, &v, mean, steps, team);
    team_free(team);
    free(mean);
    free(v.x);
    return 0;
}
