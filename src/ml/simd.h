// Kernels are compiled several times, for the vector units that x86-64 processors have, and chosen once when the
// program starts (ifunc). Write HW_KERNEL before a function whose loops the compiler can vectorise; what it calls must
// be `static inline` (HW_INLINE) to be compiled along with it.
//
// Loops that reduce (sums, maxima) are written over HW_LANES independent accumulators: the compiler may then use
// vectors without reordering floating-point sums by itself, and every build gives the same result apart from fused
// multiply-adds.
#ifndef HW_ML_SIMD_H
#define HW_ML_SIMD_H

#include <stdint.h>
#include <string.h>

// Sanitizers run before ifuncs are resolved, so their builds define HW_NO_TARGET_CLONES. Kernels in a clang older than
// 14 or off x86-64 Linux are built for the target that the command line names.
#if defined(__clang__)
#define HW_HAVE_CLONES (__clang_major__ >= 18)
#else
#define HW_HAVE_CLONES (__GNUC__ >= 12)
#endif

#if !defined(HW_NO_TARGET_CLONES) && defined(__x86_64__) && defined(__linux__) && HW_HAVE_CLONES
#define HW_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HW_KERNEL
#endif

#define HW_INLINE static inline __attribute__((always_inline))
#define HW_LANES  16

HW_INLINE float simd_float_of(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

HW_INLINE uint32_t simd_bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

// eˣ without a branch or a call: 2ⁿ · p(r), r in ±ln 2 / 2, p the Taylor polynomial of degree 6. Relative error below
// 3e-7; x is clamped to [-87, 88], NaN stays NaN.
HW_INLINE float simd_exp(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    // Adding 1.5 · 2²³ rounds to the nearest integer and leaves it in the low bits.
    float t = x * 1.44269504f + 12582912.0f;
    float n = t - 12582912.0f;
    float r = x - n * 0.693145752f; // ln 2 in two parts: the first has few bits, so that n times it is exact
    r = r - n * 1.42860677e-6f;
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * simd_float_of((simd_bits_of(t) << 23) + 0x3F800000u);
}

#endif
