// Reads the folder of ids that `tokenize` wrote (docs/api/tasks.md): index.json and its shards, as one long sequence.
//
// The shards are mapped. Opening checks that the index is of the known format and that every shard has the size it
// says. Reading is safe from any thread.
#ifndef HW_TASK_TOKEN_READER_H
#define HW_TASK_TOKEN_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct token_reader;

int token_reader_open(const char *dir, struct token_reader **out, struct err *e);
void token_reader_close(struct token_reader *r); // NULL is fine

uint64_t token_reader_count(const struct token_reader *r);      // ids in all shards
uint64_t token_reader_vocab_size(const struct token_reader *r); // of the tokenizer, as the index says

// Copies ids first … first + n - 1 (which must exist: asserted) to `out`. One that isn't below `limit` is
// HW_EVALIDATION, naming the shard and the place in it.
int token_reader_read(const struct token_reader *r, uint64_t first, size_t n, uint32_t limit, uint32_t *out,
                      struct err *e);

#endif
