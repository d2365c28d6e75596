// `headway-task inspect model PATH` (docs/api/tasks.md).
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "ml/transformer.h"
#include "task/task.h"

json_t *inspect_model(const char *path, struct err *e)
{
    struct transformer_config c;
    if (transformer_inspect(path, &c, e) != 0) return NULL;
    char *tokenizer = file_join(path, "tokenizer.json");
    bool has = file_exists(tokenizer);
    json_t *v =
        json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:I, s:s, s:I, s:b, s:s?}", "architecture", "gpt2", "n_layers",
                  c.n_layers, "width", c.width, "n_heads", c.n_heads, "context_length", c.n_positions, "vocab_size",
                  c.vocab_size, "parameters", (json_int_t)c.parameters, "dtype", c.dtype, "size_bytes",
                  (json_int_t)c.size_bytes, "has_tokenizer", has, "tokenizer_path", has ? tokenizer : NULL);
    free(tokenizer);
    // Everything in it is a number or valid UTF-8 except, perhaps, the path.
    if (!v) err_set(e, HW_EINVALID, "the path of the model must be UTF-8");
    return v;
}
