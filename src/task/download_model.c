// download_model: a model's files from a hub, and what they are.
#include <string.h>

#include "base/clock.h"
#include "ml/transformer.h"
#include "task/download.h"
#include "task/params.h"

// A model that can't be used is told by its configuration, before its weights are fetched.
static int look_at(struct fetch *f, const struct repo_file *file, struct err *e)
{
    struct transformer_config c;
    return strcmp(file->name, "config.json") == 0 ? transformer_read_config(f->output_dir, &c, e) : 0;
}

static int run(struct fetch *f, const json_t *params, struct err *e)
{
    int64_t started = clock_mono_us();
    wire_phase(f->task->out, "downloading", 1, 1, 0, 100);
    int rc = fetch_list(f, e);
    if (!rc) rc = repo_listing_keep_model(&f->listing, f->repo_id, json_object_get(params, "files"), e);
    if (!rc) rc = fetch_files(f, 0, e);
    if (rc) return rc;
    json_t *model = inspect_model(f->output_dir, e);
    if (!model) return e->code;
    json_t *result = fetch_result(f, f->output_dir, (double)(clock_mono_us() - started) / 1e6);
    json_object_set_new(result, "model", model);
    wire_result(f->task->out, result);
    json_decref(result);
    return 0;
}

int task_download_model(struct task *t, struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    struct fetch f = {.task = t};
    json_t *params = task_params_resolve("download_model", t->params, e);
    int rc = params ? fetch_init(&f, t, params, "models", e) : e->code;
    f.arrived = look_at;
    if (!rc) rc = fetch_end(&f, run(&f, params, e), e);
    fetch_release(&f);
    json_decref(params);
    return rc;
}
