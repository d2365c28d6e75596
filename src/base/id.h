// Identifiers and random bytes.
#ifndef HW_BASE_ID_H
#define HW_BASE_ID_H

#include <stddef.h>

// Fills `out` from the kernel's generator; ends the process if there is none (it can't go on safely).
void id_random_bytes(void *out, size_t n);

#define ID_SIZE 24
// A readable id: prefix (at most 7 bytes), "_", 15 characters of 0-9a-z without look-alikes (75 random bits):
// "job_4k2m…".
void id_new(const char *prefix, char out[ID_SIZE]);

// An unguessable token of `n` characters of [0-9A-Za-z_-] (6 random bits each); out[n + 1].
void id_token(char *out, size_t n);

#endif
