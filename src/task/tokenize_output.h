// What `tokenize` writes (docs/api/tasks.md): shards of ids, where each document starts, an index; and the check of it.
//
// Everything goes into "<folder>.tmp", which token_output_commit renames to the folder. One thread at a time.
#ifndef HW_TASK_TOKENIZE_OUTPUT_H
#define HW_TASK_TOKENIZE_OUTPUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sha256.h"

struct token_output;

// Called with bytes done of bytes in all; anything but 0 ends the work and is returned.
typedef int token_progress(void *ctx, int64_t done, int64_t total);

// Removes what an earlier attempt left in the temporary folder and makes it anew. NULL with `e` filled: HW_ECONFLICT if
// the folder is there already and isn't empty, HW_EIO, HW_EDISKFULL.
struct token_output *token_output_new(const char *folder, int64_t shard_tokens, struct err *e);
void token_output_free(struct token_output *o); // removes the temporary folder unless it was committed

// Each returns 0, HW_EDISKFULL or HW_EIO.
int token_output_document(struct token_output *o, struct err *e); // the next id starts a document
int token_output_add(struct token_output *o, const uint32_t *ids, size_t n, struct err *e);

uint64_t token_output_tokens(const struct token_output *o);
uint64_t token_output_documents(const struct token_output *o);

// Flushes all files to the disk and writes index.json; `separator` < 0: none. The digest of all ids goes to `hex`.
int token_output_finish(struct token_output *o, uint32_t vocab_size, int64_t separator, char hex[SHA256_HEX_SIZE],
                        token_progress *progress, void *ctx, struct err *e);

// Reads everything back: lengths, digest, ids below vocab_size, documents in order. HW_EIO if something isn't as it was
// written.
int token_output_verify(struct token_output *o, token_progress *progress, void *ctx, struct err *e);

// Gives the folder its name.
int token_output_commit(struct token_output *o, struct err *e);

#endif
