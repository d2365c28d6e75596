// Which code points are letters, numbers, white space and word characters: what tokenizers split text by.
//
// A table of one byte a code point, built once and then only read, so any number of threads may share it.
#ifndef HW_ML_UNICODE_CLASSES_H
#define HW_ML_UNICODE_CLASSES_H

#include <stdint.h>

enum {
    UNICODE_LETTER = 1, // \p{L}
    UNICODE_NUMBER = 2, // \p{N}
    UNICODE_SPACE = 4,  // White_Space
    UNICODE_WORD = 8,   // alphabetic, mark, decimal digit, connector punctuation, join control
    UNICODE_POINTS = 0x110000,
};

// The caller frees. Indexed by code point, below UNICODE_POINTS.
uint8_t *unicode_classes_new(void);

#endif
