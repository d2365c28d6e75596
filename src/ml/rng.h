// Random numbers for training: xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
// 2021), its state filled by splitmix64 (Steele, Lea and Flood, 2014). The state is the caller's struct of four words;
// saving and restoring them continues the sequence exactly. Not for secrets.
#ifndef HW_ML_RNG_H
#define HW_ML_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4]; // never all zero once seeded
};

// `stream` makes independent generators from one seed (one a layer, for instance).
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);

uint64_t rng_next(struct rng *r);

// Uniform in [0, n), n > 0, without bias: Lemire's multiplication with rejection.
uint64_t rng_below(struct rng *r, uint64_t n);

double rng_uniform(struct rng *r); // [0, 1), 53 bits
double rng_normal(struct rng *r);  // mean 0, variance 1 (Box and Muller; two draws each, nothing kept between calls)

#endif
