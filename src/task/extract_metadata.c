#include "task/extract_metadata.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

void extract_folder_name(const struct transformer_capture *c, char out[EXTRACT_FOLDER_SIZE])
{
    snprintf(out, EXTRACT_FOLDER_SIZE, "layer_%02d_%s", c->layer, transformer_hook_name(c->hook));
}

static void write_shards(struct jw *j, const struct activation_writer *w)
{
    jw_key(j, "shards");
    jw_arr(j);
    for (uint64_t i = 0; i < activation_writer_shards(w); i++) {
        char name[40];
        activation_writer_shard_name(i, name);
        jw_obj(j);
        jw_kstr(j, "file", name);
        jw_ki64(j, "vectors", (int64_t)activation_writer_shard_vectors(w, i));
        jw_obj_end(j);
    }
    jw_arr_end(j);
}

static void write_set(struct jw *j, const struct transformer_capture *c, const struct activation_stats *s,
                      const struct activation_writer *w)
{
    char folder[EXTRACT_FOLDER_SIZE];
    extract_folder_name(c, folder);
    jw_obj(j);
    jw_ki64(j, "layer", c->layer);
    jw_kstr(j, "hook", transformer_hook_name(c->hook));
    jw_kstr(j, "folder", folder);
    jw_kf64(j, "mean_norm", activation_stats_mean_norm(s));
    jw_kf64(j, "mean", s->mean);
    jw_kf64(j, "std", activation_stats_std(s));
    jw_key(j, "min");
    jw_f32(j, s->min);
    jw_key(j, "max");
    jw_f32(j, s->max);
    jw_ki64(j, "vectors", (int64_t)s->vectors);
    write_shards(j, w);
    jw_obj_end(j);
}

int extract_metadata_write(const char *dir, const struct extract_params *p, const struct transformer_config *c,
                           uint64_t rows, const struct activation_writer *w, const struct activation_stats *stats,
                           uint64_t *size, struct err *e)
{
    struct buf text = BUF_INIT;
    struct jw j;
    jw_init(&j, &text);
    jw_obj(&j);
    jw_kstr(&j, "format", "headway-activations");
    jw_ki64(&j, "version", 1);
    jw_kstr(&j, "model_path", p->model_path);
    jw_kstr(&j, "tokens_path", p->tokens_path);
    jw_ki64(&j, "width", c->width);
    jw_ki64(&j, "context_length", p->context_length);
    jw_ki64(&j, "rows", (int64_t)rows);
    jw_ki64(&j, "vectors", (int64_t)(rows * (uint64_t)p->context_length));
    jw_kstr(&j, "dtype", p->dtype == ST_F16 ? "f16" : "f32");
    jw_key(&j, "sets");
    jw_arr(&j);
    for (int i = 0; i < p->n_captures; i++) write_set(&j, &p->captures[i], &stats[i], w);
    jw_arr_end(&j);
    jw_obj_end(&j);
    buf_add_char(&text, '\n');
    char *path = file_join(dir, "metadata.json");
    int rc = file_write_atomic(path, buf_slice(&text), e);
    *size += text.n;
    free(path);
    buf_release(&text);
    return rc;
}

json_t *extract_statistics(const struct extract_params *p, const struct activation_stats *stats)
{
    json_t *all = json_array();
    for (int i = 0; i < p->n_captures; i++) {
        const struct activation_stats *s = &stats[i];
        json_t *set = json_pack("{s:i, s:s, s:f, s:f, s:f, s:f, s:f, s:I}", "layer", p->captures[i].layer, "hook",
                                transformer_hook_name(p->captures[i].hook), "mean_norm", activation_stats_mean_norm(s),
                                "mean", s->mean, "std", activation_stats_std(s), "min", (double)s->min, "max",
                                (double)s->max, "vectors", (json_int_t)s->vectors);
        if (!set || json_array_append_new(all, set) != 0) mem_exhausted(0);
    }
    return all;
}
