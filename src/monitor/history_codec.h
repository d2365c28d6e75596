// Packs the JSON texts of one channel. From sample to sample only numbers change, and not by much: a text is a shape
// (the text with its numbers taken out) and the numbers, kept as differences from the text before. What is unpacked is
// what was packed, byte by byte.
#ifndef HW_MONITOR_HISTORY_CODEC_H
#define HW_MONITOR_HISTORY_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// The numbers of one text, as integers: 12.5 is 125, and its one decimal belongs to the shape.
struct numbers {
    int64_t *v;
    size_t n, cap;
};

void numbers_release(struct numbers *n);

// Takes a JSON text apart. Numbers that don't fit (exponents, more than 18 digits, -0) stay in the shape as text.
void codec_split(struct slice json, struct buf *shape, struct numbers *out);

// Puts it together again: appends the text to `json`.
void codec_join(struct slice shape, const int64_t *numbers, size_t n, struct buf *json);

// Variable-length integers, small ones of either sign in one byte.
void codec_put(struct buf *out, int64_t v);
bool codec_get(struct slice *in, int64_t *v); // false at the end

#endif
