// The bytes of a corpus file, unpacked if it is gzip (told by its first bytes, whatever its name).
#ifndef HW_TASK_CORPUS_SOURCE_H
#define HW_TASK_CORPUS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct corpus_source;

// NULL with `e` filled: HW_ENOTFOUND, HW_EIO, HW_EVALIDATION if it is no regular file.
struct corpus_source *corpus_source_open(const char *path, struct err *e);
void corpus_source_free(struct corpus_source *s);

bool corpus_source_compressed(const struct corpus_source *s);
int64_t corpus_source_size(const struct corpus_source *s); // bytes of the file as it lies on disk
int64_t corpus_source_done(const struct corpus_source *s); // of those, how many were used so far

// Appends up to `room` bytes. Their number, 0 at the end, or a code: HW_EIO, HW_EINVALID (damaged gzip), HW_EEOF (cut
// off), with the place in the message. Blocks on the disk.
int64_t corpus_source_read(struct corpus_source *s, size_t room, struct buf *out, struct err *e);

#endif
