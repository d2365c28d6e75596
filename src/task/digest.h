// What a hub says of a file's bytes, computed: SHA-256 for large files (Git LFS), and Git's own name of a small one.
#ifndef HW_TASK_DIGEST_H
#define HW_TASK_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum digest_kind { DIGEST_NONE, DIGEST_SHA256, DIGEST_GIT };

enum { DIGEST_HEX_SIZE = 65 };

// A Git blob's name is the SHA-1 of "blob SIZE", a zero byte, and the bytes: `size` must be known from the start.
struct digest;
struct digest *digest_new(enum digest_kind kind, int64_t size); // DIGEST_NONE: counts nothing, and says ""
void digest_add(struct digest *d, const void *data, size_t n);
void digest_end(struct digest *d, char hex[DIGEST_HEX_SIZE]); // lower case
void digest_free(struct digest *d);

#endif
