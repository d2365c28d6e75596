// A corpus: documents of text in a file, JSONL or plain, gzip or not.
//
// JSONL: one JSON object a line, blank lines skipped. Plain text: one document a line, blank lines skipped; a carriage
// return before the line's end doesn't belong to it. A UTF-8 byte order mark at the start is skipped.
//
// Reading is in two halves, so that the second can be done by many threads: corpus_read cuts the file into batches of
// whole lines, corpus_next takes the documents out of a batch.
#ifndef HW_TASK_CORPUS_H
#define HW_TASK_CORPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum corpus_format { CORPUS_AUTO, CORPUS_JSONL, CORPUS_TEXT };

enum { CORPUS_LINE_MAX = 16 << 20 }; // bytes

struct corpus;

// With CORPUS_AUTO the format is told by the name: .jsonl, .ndjson, .txt, each with or without .gz.
// NULL with `e` filled: HW_ENOTFOUND, HW_EIO, HW_EVALIDATION (no file, or a name that tells no format),
// HW_EUNSUPPORTED.
struct corpus *corpus_open(const char *path, enum corpus_format format, struct err *e);
void corpus_free(struct corpus *c);

enum corpus_format corpus_format(const struct corpus *c); // never CORPUS_AUTO
bool corpus_compressed(const struct corpus *c);
int64_t corpus_size(const struct corpus *c); // bytes on disk
int64_t corpus_done(const struct corpus *c); // of those, how many were used so far

// Replaces `lines` by the next whole lines, about `want` bytes together and at least one line. 1, 0 at the end, or
// a code: HW_EIO, HW_EINVALID, HW_EEOF, HW_ETOOBIG (a line of more than CORPUS_LINE_MAX bytes, its number in the
// message).
int corpus_read(struct corpus *c, size_t want, struct buf *lines, struct err *e);

// Takes the next document out of `rest` (what corpus_read gave). `text` lives as long as the batch and until `scratch`
// is used again. *line counts the lines taken, blank ones too. 1, 0 at the end of the batch, or HW_EINVALID (not UTF-8,
// not JSON, no such member), where *line is the bad one's number, from 1, within what was counted.
int corpus_next(struct slice *rest, enum corpus_format format, struct slice text_field, struct buf *scratch,
                int64_t *line, struct slice *text, struct err *e);

#endif
