#include "ml/rng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
    // The stream's number passes through the mixer of its own, so that (seed, stream) and (seed + 1, stream - 1)
    // differ.
    uint64_t mixed = splitmix64(&stream);
    uint64_t state = seed ^ mixed;
    for (int i = 0; i < 4; i++) r->s[i] = splitmix64(&state);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)rng_next(r) * n;
    if ((uint64_t)product < n) {
        uint64_t floor = -n % n; // 2^64 mod n: how many low halves would make the first values likelier
        while ((uint64_t)product < floor) product = (u128)rng_next(r) * n;
    }
    return (uint64_t)(product >> 64);
}

double rng_uniform(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *r)
{
    double u = 1.0 - rng_uniform(r); // (0, 1]: its logarithm is finite
    double v = rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
