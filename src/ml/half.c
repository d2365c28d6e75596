#include "ml/half.h"

#include <string.h>

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static float float_of(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

float half_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = (h >> 10) & 31, man = h & 0x3FF;
    if (exp == 31) return float_of(sign | 0x7F800000 | man << 13 | (man ? 0x400000 : 0));
    if (exp) return float_of(sign | (exp + 112) << 23 | man << 13);
    // Subnormal (or zero): man × 2⁻²⁴ is exact in binary32.
    float v = (float)man * 0x1p-24f;
    return sign ? -v : v;
}

uint16_t half_from_f32(float f)
{
    uint32_t u = bits_of(f), sign = u >> 16 & 0x8000, mag = u & 0x7FFFFFFF;
    if (mag > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (mag >> 13 & 0x3FF));
    if (mag >= 0x477FF000) return (uint16_t)(sign | 0x7C00); // at least 65520: rounds up to infinity
    if (mag < 0x38800000) {
        // Below the smallest normal: adding 0.5 puts the units of 2⁻²⁴ at the end of the significand, where the
        // processor itself rounds to nearest even.
        return (uint16_t)(sign | (bits_of(float_of(mag) + 0.5f) - 0x3F000000));
    }
    uint32_t odd = mag >> 13 & 1;
    return (uint16_t)(sign | (mag - 0x38000000 + 0xFFF + odd) >> 13);
}

float bf16_to_f32(uint16_t h)
{
    return float_of((uint32_t)h << 16);
}

uint16_t bf16_from_f32(float f)
{
    uint32_t u = bits_of(f);
    if ((u & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}

void half_to_f32_n(const void *src, float *dst, size_t n)
{
    const char *p = src;
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, p + 2 * i, sizeof h);
        dst[i] = half_to_f32(h);
    }
}

void half_from_f32_n(const float *src, void *dst, size_t n)
{
    char *p = dst;
    for (size_t i = 0; i < n; i++) {
        uint16_t h = half_from_f32(src[i]);
        memcpy(p + 2 * i, &h, sizeof h);
    }
}

void bf16_to_f32_n(const void *src, float *dst, size_t n)
{
    const char *p = src;
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, p + 2 * i, sizeof h);
        dst[i] = bf16_to_f32(h);
    }
}

void bf16_from_f32_n(const float *src, void *dst, size_t n)
{
    char *p = dst;
    for (size_t i = 0; i < n; i++) {
        uint16_t h = bf16_from_f32(src[i]);
        memcpy(p + 2 * i, &h, sizeof h);
    }
}
