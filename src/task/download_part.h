// A file that is being downloaded: NAME.part beside its place, and NAME.part.json that says what it is a part of. It
// gets its final name only when it is whole: its size and its hash are what the hub said.
//
// A part that an attempt before left is kept if it is of the same file; what was cut off goes on where it ended.
#ifndef HW_TASK_DOWNLOAD_PART_H
#define HW_TASK_DOWNLOAD_PART_H

#include "base/err.h"
#include "task/repo_listing.h"

struct download_part;

// Called while bytes on disk are read, with how many so far; anything but 0 stops it with that code.
typedef int (*part_read_fn)(void *ctx, int64_t done);

// Opens the part of `path`, or begins one, and reads what is there for its hash. `file` is borrowed for as long.
int part_open(struct download_part **out, const char *path, const struct repo_file *file, part_read_fn read, void *ctx,
              struct err *e);
int64_t part_bytes(const struct download_part *p);
const char *part_etag(const struct download_part *p); // of the answer that its bytes came with; "": not known
// Throws away what is there: an answer from the first byte follows, with this ETag ("": none).
int part_restart(struct download_part *p, const char *etag, struct err *e);
// More bytes than the file has are refused (HW_EPROTOCOL), and nothing of them is kept.
int part_add(struct download_part *p, const void *data, size_t n, struct err *e);
// It has come whole: checked, flushed, and given its final name. HW_EUNAVAILABLE: it is too short, and the part stays;
// or it isn't what was announced, and the part is gone.
int part_commit(struct download_part *p, struct err *e);
void part_close(struct download_part *p); // what is there stays on disk

// Whether `path` is there whole, by its size and hash: 1 or 0, or what `read` stopped it with.
int part_is_whole(const char *path, const struct repo_file *file, part_read_fn read, void *ctx, struct err *e);
// Bytes of the part on disk that would be kept; 0 if there is none. Opens nothing, reads no content.
int64_t part_found(const char *path, const struct repo_file *file);

#endif
