// What an ASCII character may be part of: one table instead of a chain of comparisons, for what is checked a byte at a
// time in every request and event.
#ifndef HW_BASE_ASCII_H
#define HW_BASE_ASCII_H

#include <stdbool.h>

#include "base/slice.h"

enum ascii_class {
    ASCII_NAME = 1,   // A-Z a-z 0-9 _ . : -   of events and parts of channels
    ASCII_TOKEN = 2,  // HTTP's tchar (RFC 9110 §5.6.2)
    ASCII_FIELD = 4,  // of a header's value: no control character but the tab; bytes beyond ASCII are
    ASCII_TARGET = 8, // of a request target: visible, and not #
};

extern const unsigned char ascii_classes[256];

static inline bool ascii_is(char c, enum ascii_class class)
{
    return (ascii_classes[(unsigned char)c] & class) != 0;
}

// Is every byte of that class? An empty slice is.
static inline bool ascii_all(struct slice s, enum ascii_class class)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is(s.p[i], class)) return false;
    return true;
}

#endif
