// A model's files, opened: model.safetensors, or those that model.safetensors.index.json names.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ml/transformer_internal.h"

enum { INDEX_MAX_BYTES = 64 << 20 };

void transformer_source_release(struct transformer_source *s)
{
    for (size_t i = 0; i < s->n_files; i++) safetensors_close(s->files[i]);
    free(s->files);
    map_release(&s->by_tensor);
}

static int open_file(struct transformer_source *s, const char *name, struct safetensors **out, struct err *e)
{
    char *path = file_join(s->dir, name);
    int rc = safetensors_open(path, out, e);
    if (!rc) {
        s->files = mem_realloc_array(s->files, s->n_files + 1, sizeof(struct safetensors *));
        s->files[s->n_files++] = *out;
        int64_t size = file_size(path);
        if (size > 0) s->size_bytes += size;
    }
    free(path);
    return rc;
}

static int open_sharded(struct transformer_source *s, const json_t *weight_map, struct err *e)
{
    if (!json_is_object(weight_map)) return err_set(e, HW_EINVALID, "weight_map must be an object");
    struct map opened;
    map_init(&opened);
    int rc = 0;
    const char *tensor;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)weight_map, tensor, value)
    {
        const char *file = json_string_value(value);
        if (!file || !*file || file[0] == '.' || strchr(file, '/')) {
            rc = err_set(e, HW_EINVALID, "weight_map: the file of %.100s must be a name in the same folder", tensor);
            break;
        }
        struct safetensors *st = map_get(&opened, slice_str(file));
        if (!st) {
            rc = open_file(s, file, &st, e);
            if (rc) break;
            map_put(&opened, slice_str(file), st);
        }
        map_put(&s->by_tensor, slice_str(tensor), st);
    }
    map_release(&opened);
    return rc;
}

const struct safetensors *transformer_source_holder(const struct transformer_source *s, const char *name)
{
    if (s->by_tensor.count == 0) return s->files[0];
    const struct safetensors *st = map_get(&s->by_tensor, slice_str(name));
    return st ? st : s->files[0];
}

bool transformer_source_has(const struct transformer_source *s, const char *name)
{
    return safetensors_get(transformer_source_holder(s, name), name) != NULL;
}

int transformer_source_open(struct transformer_source *s, const char *dir, struct err *e)
{
    *s = (struct transformer_source){.dir = dir, .prefix = ""};
    map_init(&s->by_tensor);
    char *single = file_join(dir, "model.safetensors"), *index = file_join(dir, "model.safetensors.index.json");
    struct safetensors *st;
    int rc;
    if (file_exists(single)) {
        rc = open_file(s, "model.safetensors", &st, e);
    } else if (file_exists(index)) {
        struct buf text = BUF_INIT;
        json_t *o = NULL;
        rc = file_read(index, INDEX_MAX_BYTES, &text, e);
        if (!rc) {
            o = json_read_object(buf_slice(&text), e);
            rc = o ? open_sharded(s, json_object_get(o, "weight_map"), e) : HW_EINVALID;
            if (rc) err_prefix(e, "%.160s", index);
        }
        json_decref(o);
        buf_release(&text);
    } else {
        rc = err_set(e, HW_ENOTFOUND, "%.300s holds neither model.safetensors nor model.safetensors.index.json", dir);
    }
    free(single);
    free(index);
    if (!rc && s->n_files == 0) rc = err_set(e, HW_EINVALID, "%.300s: the model has no weights", dir);
    if (!rc && transformer_source_has(s, "transformer.wte.weight")) s->prefix = "transformer.";
    return rc;
}
