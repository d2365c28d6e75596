// How fast the transformer runs: tokens per second of processor time on one thread, every layer computed, batches of
// 32 rows of 128 tokens. bench/extract.md records results. Usage: extract [MODEL] [SECONDS]
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "ml/transformer.h"

enum { ROWS = 32, CONTEXT = 128 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int touch(void *arg, int capture, int first, int rows, const float *data)
{
    (void)capture, (void)first;
    *(float *)arg += data[rows - 1];
    return 0;
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "sample/model";
    double budget = argc > 2 ? atof(argv[2]) : 3;
    struct err e = {0};
    struct transformer *t;
    if (transformer_load(dir, -1, NULL, &t, &e) != 0) {
        fprintf(stderr, "%s\n", e.message);
        return 1;
    }
    const struct transformer_config *c = transformer_config(t);
    struct transformer_pass *p = transformer_pass_new(t, ROWS, CONTEXT);
    uint32_t *ids = mem_array((size_t)ROWS * CONTEXT, sizeof *ids);
    for (size_t i = 0; i < (size_t)ROWS * CONTEXT; i++)
        ids[i] = (uint32_t)(i * 2654435761u >> 7) % (uint32_t)c->vocab_size;
    struct transformer_capture last = {c->n_layers - 1, TRANSFORMER_RESIDUAL};
    float sum = 0;
    int rc = transformer_forward(t, p, ids, ROWS, &last, 1, touch, &sum, NULL); // warms up
    double start = seconds(), took = 0;
    long batches = 0;
    for (; !rc && took < budget; batches++, took = seconds() - start)
        rc = transformer_forward(t, p, ids, ROWS, &last, 1, touch, &sum, NULL);
    printf("%d layers of width %d: %.0f tokens/s of one core (%ld batches of %d x %d, checksum %g)\n", c->n_layers,
           c->width, (double)batches * ROWS * CONTEXT / took, batches, ROWS, CONTEXT, (double)sum);
    free(ids);
    transformer_pass_free(p);
    transformer_free(t);
    return rc ? 1 : 0;
}
