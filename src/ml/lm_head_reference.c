#include "ml/lm_head_reference.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static void norm(const struct lm_head_shape *s, const double *gain, const double *bias, const float *x, double *out)
{
    double mean = 0, variance = 0;
    for (int d = 0; d < s->width; d++) mean += (double)x[d] / s->width;
    for (int d = 0; d < s->width; d++) variance += (x[d] - mean) * (x[d] - mean) / s->width;
    for (int d = 0; d < s->width; d++)
        out[d] = (x[d] - mean) / sqrt(variance + (double)s->norm_epsilon) * gain[d] + bias[d];
}

double lm_head_reference(const struct lm_head_shape *s, const float *unembedding, const double *block, const float *x,
                         const uint32_t *targets, int n)
{
    const size_t width = (size_t)s->width, vocab = (size_t)s->vocab, rank = (size_t)s->rank;
    const double *gain = block, *bias = gain + width, *down = bias + width, *up = down + rank * width;
    double *normed = mem_array(width, sizeof *normed), *low = mem_array(rank, sizeof *low);
    double loss = 0;
    for (int i = 0; i < n; i++) {
        norm(s, gain, bias, x + (size_t)i * width, normed);
        for (size_t r = 0; r < rank; r++) {
            low[r] = 0;
            for (size_t d = 0; d < width; d++) low[r] += down[r * width + d] * normed[d];
        }
        double sum = 0, wanted = 0;
        for (size_t v = 0; v < vocab; v++) {
            double logit = 0;
            for (size_t d = 0; d < width; d++) logit += unembedding[v * width + d] * normed[d];
            for (size_t r = 0; r < rank; r++) logit += up[r * vocab + v] * low[r];
            sum += exp(logit);
            if (v == targets[i]) wanted = logit;
        }
        loss += log(sum) - wanted;
    }
    free(normed);
    free(low);
    return loss;
}
