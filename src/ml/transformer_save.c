// A model written once more, with another output side.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ml/transformer_internal.h"

enum { CONFIG_MAX_BYTES = 4 << 20, COMPANION_MAX_BYTES = 256 << 20 };

// What lies beside the weights and is as true of the new ones.
static const char *const companions[] = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt",     "generation_config.json"};

static int copy_companion(const char *dir, const char *out, const char *name, struct err *e)
{
    char *from = file_join(dir, name), *to = file_join(out, name);
    struct buf bytes = BUF_INIT;
    int rc = 0;
    if (file_exists(from)) {
        rc = file_read(from, COMPANION_MAX_BYTES, &bytes, e);
        if (!rc) rc = file_write_atomic(to, buf_slice(&bytes), e);
    }
    buf_release(&bytes);
    free(from);
    free(to);
    return rc;
}

static int write_config(const char *dir, const char *out, struct err *e)
{
    char *from = file_join(dir, "config.json"), *to = file_join(out, "config.json");
    struct buf text = BUF_INIT;
    json_t *config = NULL;
    int rc = file_read(from, CONFIG_MAX_BYTES, &text, e);
    if (!rc) {
        config = json_read_object(buf_slice(&text), e);
        rc = config ? 0 : e->code;
    }
    if (!rc) {
        json_object_set_new(config, "tie_word_embeddings", json_false());
        buf_clear(&text);
        json_add(&text, config);
        buf_add_char(&text, '\n');
        rc = file_write_atomic(to, buf_slice(&text), e);
    }
    json_decref(config);
    buf_release(&text);
    free(from);
    free(to);
    return rc;
}

struct replacement {
    char *name;
    int rows, cols; // rows 0: of rank 1
    const float *data;
};

enum { REPLACED = 3 };

static bool is_replaced(const struct replacement r[REPLACED], const char *name)
{
    for (int i = 0; i < REPLACED; i++)
        if (strcmp(r[i].name, name) == 0) return true;
    return false;
}

static int append_all(struct st_writer *w, const struct transformer_source *s, const struct replacement r[REPLACED],
                      const atomic_int *stop, struct err *e)
{
    int rc = 0;
    for (size_t f = 0; f < s->n_files; f++)
        for (size_t i = 0; !rc && i < safetensors_count(s->files[f]); i++) {
            const struct st_tensor *t = safetensors_at(s->files[f], i);
            if (stop && atomic_load_explicit(stop, memory_order_relaxed)) rc = HW_ECANCELLED;
            if (!rc && !is_replaced(r, t->name)) rc = st_writer_append(w, t->data, t->size, e);
        }
    for (int i = 0; !rc && i < REPLACED; i++)
        rc = st_writer_append_f32(w, r[i].data, (size_t)(r[i].rows ? r[i].rows : 1) * (size_t)r[i].cols, e);
    return rc ? rc : st_writer_finish(w, e);
}

static int write_weights(const char *path, const struct transformer_source *s, const struct replacement r[REPLACED],
                         const atomic_int *stop, struct err *e)
{
    struct st_writer *w = st_writer_new(path);
    st_writer_metadata(w, "format", "pt");
    for (size_t f = 0; f < s->n_files; f++)
        for (size_t i = 0; i < safetensors_count(s->files[f]); i++) {
            const struct st_tensor *t = safetensors_at(s->files[f], i);
            if (!is_replaced(r, t->name)) st_writer_declare(w, t->name, t->dtype, t->rank, t->shape);
        }
    for (int i = 0; i < REPLACED; i++) {
        const int64_t shape[2] = {r[i].rows ? r[i].rows : r[i].cols, r[i].cols};
        st_writer_declare(w, r[i].name, ST_F32, r[i].rows ? 2 : 1, shape);
    }
    int rc = append_all(w, s, r, stop, e);
    st_writer_free(w);
    return rc;
}

int transformer_save_with_output(const char *dir, const char *out, const struct transformer_output *o,
                                 const atomic_int *stop, struct err *e)
{
    struct transformer_config c;
    struct transformer_source s = {0};
    int rc = transformer_read_config(dir, &c, e);
    if (!rc) rc = transformer_source_open(&s, dir, e);
    if (!rc) {
        struct replacement r[REPLACED] = {
            {mem_printf("%sln_f.weight", s.prefix), 0, c.width, o->gain},
            {mem_printf("%sln_f.bias", s.prefix), 0, c.width, o->bias},
            {mem_strdup("lm_head.weight"), c.vocab_size, c.width, o->head}, // outside the prefix
        };
        char *path = file_join(out, "model.safetensors");
        rc = write_weights(path, &s, r, stop, e);
        free(path);
        for (int i = 0; i < REPLACED; i++) free(r[i].name);
    }
    transformer_source_release(&s);
    if (!rc) rc = write_config(dir, out, e);
    for (size_t i = 0; !rc && i < sizeof companions / sizeof *companions; i++)
        rc = copy_companion(dir, out, companions[i], e);
    return rc;
}
