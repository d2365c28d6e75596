#include "jobs/described.h"

#include <stdlib.h>

#include "jobs/fields.h"

static void text(char **out, const json_t *d, const char *key)
{
    free(*out);
    *out = field_text(d, key);
}

void model_describe(struct model_row *m, const json_t *d)
{
    text(&m->architecture, d, "architecture");
    m->n_layers = field_count(d, "n_layers");
    m->width = field_count(d, "width");
    m->n_heads = field_count(d, "n_heads");
    m->context_length = field_count(d, "context_length");
    m->vocab_size = field_count(d, "vocab_size");
    m->parameters = field_count(d, "parameters");
    text(&m->dtype, d, "dtype");
    m->size_bytes = field_count(d, "size_bytes");
    m->has_tokenizer = json_is_true(json_object_get(d, "has_tokenizer"));
    text(&m->tokenizer_path, d, "tokenizer_path");
}

void dataset_describe(struct dataset_row *r, const json_t *d)
{
    text(&r->format, d, "format");
    r->compressed = json_is_true(json_object_get(d, "compressed"));
    r->size_bytes = field_count(d, "size_bytes");
    text(&r->text_field, d, "text_field");
}
