#include "task/tokenize_params.h"

#include <sched.h>
#include <string.h>

enum { THREADS_MAX = 256 };

static int need_path(const json_t *params, const char *key, const char **out, struct err *e)
{
    int rc = json_get_str(params, key, NULL, out, e);
    if (!rc && (!*out || !**out)) rc = err_field(e, HW_EVALIDATION, key, "%s is missing", key);
    return rc;
}

static int read_format(const json_t *params, enum corpus_format *out, struct err *e)
{
    static const struct {
        const char *name;
        enum corpus_format format;
    } formats[] = {{"auto", CORPUS_AUTO}, {"jsonl", CORPUS_JSONL}, {"text", CORPUS_TEXT}};
    const char *name;
    int rc = json_get_str(params, "format", "auto", &name, e);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(name, formats[i].name) != 0) continue;
        *out = formats[i].format;
        return 0;
    }
    return err_field(e, HW_EVALIDATION, "format", "format is \"%.40s\"; auto, jsonl or text is accepted", name);
}

// How many processors this process may run on.
static int processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
}

int tokenize_params_read(const json_t *params, struct tokenize_params *p, struct err *e)
{
    int64_t threads = 0;
    *p = (struct tokenize_params){.separator = json_object_get(params, "separator")};
    int rc = need_path(params, "tokenizer_path", &p->tokenizer_path, e);
    if (!rc) rc = need_path(params, "input_path", &p->input_path, e);
    if (!rc) rc = need_path(params, "output_dir", &p->output_dir, e);
    if (!rc) rc = read_format(params, &p->format, e);
    if (!rc) rc = json_get_str(params, "text_field", "text", &p->text_field, e);
    if (!rc) rc = json_get_i64(params, "max_documents", 0, 0, INT64_MAX, &p->max_documents, e);
    if (!rc) rc = json_get_i64(params, "shard_tokens", 16777216, 1, (int64_t)1 << 40, &p->shard_tokens, e);
    if (!rc) rc = json_get_i64(params, "threads", 0, 0, THREADS_MAX, &threads, e);
    p->threads = threads ? (int)threads : processors();
    return rc;
}

int tokenize_params_separator(const struct tokenize_params *p, const struct bpe *bpe, int64_t *separator, struct err *e)
{
    *separator = -1;
    if (!p->separator) {
        *separator = bpe_id(bpe, "<|endoftext|>");
        return 0;
    }
    if (json_is_null(p->separator)) return 0;
    if (!json_is_integer(p->separator) || json_integer_value(p->separator) < 0 ||
        json_integer_value(p->separator) >= bpe_vocab_size(bpe))
        return err_field(e, HW_EVALIDATION, "separator", "separator must be null or an id of the vocabulary, 0 to %u",
                         bpe_vocab_size(bpe) - 1);
    *separator = json_integer_value(p->separator);
    return 0;
}
