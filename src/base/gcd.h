// The greatest common divisor.
#ifndef HW_BASE_GCD_H
#define HW_BASE_GCD_H

#include <stdint.h>

// Of 0 and another number: the other.
static inline uint64_t gcd_u64(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

#endif
