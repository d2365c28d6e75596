// The parameters of `tokenize` (docs/api/tasks.md), checked.
#ifndef HW_TASK_TOKENIZE_PARAMS_H
#define HW_TASK_TOKENIZE_PARAMS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "ml/bpe.h"
#include "task/corpus.h"

struct tokenize_params {
    // borrowed from the JSON object
    const char *tokenizer_path, *input_path, *text_field, *output_dir;
    const json_t *separator; // NULL: not given
    enum corpus_format format;
    int64_t max_documents; // 0: all
    int64_t shard_tokens;
    int threads; // at least 1
};

// 0 or HW_EVALIDATION with the parameter's name.
int tokenize_params_read(const json_t *params, struct tokenize_params *p, struct err *e);

// The id to write before each document, -1 for none: what was given; null: none; nothing given: the id of
// <|endoftext|>, if the vocabulary has it. HW_EVALIDATION if the vocabulary has no such id.
int tokenize_params_separator(const struct tokenize_params *p, const struct bpe *bpe, int64_t *separator,
                              struct err *e);

#endif
