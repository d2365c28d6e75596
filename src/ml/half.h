// 16-bit floating point: IEEE binary16 (F16) and bfloat16 (BF16), to and from binary32.
//
// To 16 bits everything rounds to nearest, ties to even; NaN stays NaN (quiet), what is too large becomes an infinity.
// From 16 bits every value is exact. The array forms take unaligned memory and may be called from any thread.
#ifndef HW_ML_HALF_H
#define HW_ML_HALF_H

#include <stddef.h>
#include <stdint.h>

float half_to_f32(uint16_t h);
uint16_t half_from_f32(float f);
float bf16_to_f32(uint16_t h);
uint16_t bf16_from_f32(float f);

void half_to_f32_n(const void *src, float *dst, size_t n);
void half_from_f32_n(const float *src, void *dst, size_t n);
void bf16_to_f32_n(const void *src, float *dst, size_t n);
void bf16_from_f32_n(const float *src, void *dst, size_t n);

#endif
