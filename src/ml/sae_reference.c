#include "ml/sae_reference.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct view {
    const double *w_enc, *b_enc, *w_dec, *b_dec;
};

static struct view view_of(const struct sae_config *c, const double *p)
{
    size_t d = (size_t)c->d_in, f = (size_t)c->n_features;
    return (struct view){p, p + d * f, p + d * f + f, p + 2 * d * f + f};
}

// Is pre[f] among the k largest? Of equal ones the first.
static bool among_largest(const double *pre, int n, int f, int k)
{
    int before = 0;
    for (int g = 0; g < n; g++) before += pre[g] > pre[f] || (pre[g] == pre[f] && g < f);
    return before < k;
}

double sae_reference(const struct sae_config *c, const double *params, const double *x, int n, double *gradient)
{
    const int D = c->d_in, F = c->n_features;
    const struct view p = view_of(c, params);
    double *pre = mem_array((size_t)F, sizeof *pre), *z = mem_array((size_t)F, sizeof *z);
    double *norm = mem_array((size_t)F, sizeof *norm), *error = mem_array((size_t)D, sizeof *error);
    double *g_w_enc = NULL, *g_b_enc = NULL, *g_w_dec = NULL, *g_b_dec = NULL;
    if (gradient) {
        memset(gradient, 0, sae_parameter_count(c) * sizeof *gradient);
        g_w_enc = gradient;
        g_b_enc = g_w_enc + (size_t)D * (size_t)F;
        g_w_dec = g_b_enc + F;
        g_b_dec = g_w_dec + (size_t)D * (size_t)F;
    }
    const double lambda = c->architecture == SAE_STANDARD ? c->l1_coefficient : 0;
    for (int f = 0; f < F; f++) {
        double sum = 0;
        for (int d = 0; d < D; d++) sum += p.w_dec[f * D + d] * p.w_dec[f * D + d];
        norm[f] = sqrt(sum);
    }

    double loss = 0;
    for (int r = 0; r < n; r++) {
        const double *xr = x + (size_t)r * (size_t)D;
        for (int f = 0; f < F; f++) {
            pre[f] = p.b_enc[f];
            for (int d = 0; d < D; d++) pre[f] += (xr[d] - p.b_dec[d]) * p.w_enc[d * F + f];
        }
        for (int f = 0; f < F; f++) {
            bool kept = c->architecture == SAE_STANDARD || among_largest(pre, F, f, c->k);
            z[f] = kept && pre[f] > 0 ? pre[f] : 0;
            loss += lambda * z[f] * norm[f] / n;
        }
        for (int d = 0; d < D; d++) {
            error[d] = p.b_dec[d] - xr[d];
            for (int f = 0; f < F; f++) error[d] += z[f] * p.w_dec[f * D + d];
            loss += error[d] * error[d] / n;
        }
        if (!gradient) continue;
        for (int d = 0; d < D; d++) g_b_dec[d] += 2 * error[d] / n;
        for (int f = 0; f < F; f++) {
            if (z[f] <= 0) continue;
            double dz = lambda * norm[f] / n;
            for (int d = 0; d < D; d++) {
                dz += 2 * error[d] / n * p.w_dec[f * D + d];
                g_w_dec[f * D + d] += 2 * error[d] / n * z[f] + lambda * z[f] / n * p.w_dec[f * D + d] / norm[f];
            }
            g_b_enc[f] += dz;
            for (int d = 0; d < D; d++) {
                g_w_enc[d * F + f] += dz * (xr[d] - p.b_dec[d]);
                g_b_dec[d] -= dz * p.w_enc[d * F + f];
            }
        }
    }
    free(pre);
    free(z);
    free(norm);
    free(error);
    return loss;
}
