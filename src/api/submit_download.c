// What a download is refused for before it is queued, and the row of the model or dataset that it will be. What the hub
// has, only the job finds out: the server itself asks nobody.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/submit.h"
#include "base/clock.h"
#include "base/mem.h"
#include "jobs/fields.h"
#include "jobs/job_json.h"
#include "jobs/repo_names.h"

static const char *text_of(const struct submission *s, const char *key)
{
    return json_string_value(json_object_get(s->spec, key));
}

static int check_names(const struct submission *s, struct err *e)
{
    const char *repo = text_of(s, "repo_id"), *revision = text_of(s, "revision");
    size_t i;
    json_t *file;
    if (!repo_id_ok(slice_str(repo)))
        return err_field(
            e, HW_EVALIDATION, "repo_id",
            "\"%.100s\" is no repository's name: wanted is owner/name, of letters, digits, \"_\", \".\", \"-\"", repo);
    if (!repo_revision_ok(slice_str(revision)))
        return err_field(e, HW_EVALIDATION, "revision", "\"%.100s\" is no name of a branch, a tag or a commit",
                         revision);
    json_array_foreach(json_object_get(s->spec, "files"), i, file)
    {
        if (!repo_file_ok(slice_str(json_string_value(file))))
            return err_field(e, HW_EVALIDATION, "files", "\"%.100s\" is no path of a file within a repository",
                             json_string_value(file));
    }
    return 0;
}

// What the job is called, and where it puts the files: "download owner/name", models/mdl_….
static void place(struct submission *s, const char *folder, const char *id, const char *below)
{
    const char *repo = text_of(s, "repo_id");
    memcpy(s->entity_id, id, sizeof s->entity_id);
    s->output_dir = mem_printf("%s/%s/%s%s", s->api->data_dir, folder, id, below);
    snprintf(s->default_name, sizeof s->default_name, "download %.*s", submit_part(repo, 80), repo);
    submit_path(s, "endpoint", s->api->hub);
}

static char *entity_name(const struct submission *s)
{
    return mem_strdup(s->name ? s->name : text_of(s, "repo_id"));
}

// ---- a model ------------------------------------------------------------------------------------------------------

int submit_check_download_model(struct submission *s, struct store_tx *tx, struct err *e)
{
    (void)tx;
    struct model_row *m = &s->row.model;
    model_row_init(m);
    s->row_used = true;
    int rc = check_names(s, e);
    if (rc) return rc;
    id_new("mdl", m->id);
    place(s, "models", m->id, "");
    m->name = entity_name(s);
    m->path = mem_strdup(s->output_dir);
    m->status = mem_strdup("downloading");
    m->repo_id = field_text(s->spec, "repo_id");
    m->revision = field_text(s->spec, "revision");
    m->created_at = m->updated_at = clock_now_us();
    return 0;
}

int submit_write_model(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e)
{
    memcpy(s->row.model.job_id, job->id, sizeof s->row.model.job_id);
    return model_row_insert(tx, &s->row.model, e);
}

void submit_json_model(struct submission *s, struct jw *w)
{
    model_json(w, &s->row.model);
}

void submit_release_model(struct submission *s)
{
    if (s->row_used) model_row_release(&s->row.model);
}

// ---- a dataset ----------------------------------------------------------------------------------------------------

int submit_check_download_dataset(struct submission *s, struct store_tx *tx, struct err *e)
{
    (void)tx;
    struct dataset_row *d = &s->row.dataset;
    dataset_row_init(d);
    s->row_used = true;
    int rc = check_names(s, e);
    if (rc) return rc;
    id_new("dst", d->id);
    place(s, "datasets", d->id, "/source");
    d->name = entity_name(s);
    d->path = mem_strdup(s->output_dir); // of the file, once it is there
    d->status = mem_strdup("downloading");
    d->repo_id = field_text(s->spec, "repo_id");
    d->revision = field_text(s->spec, "revision");
    d->split = field_text(s->spec, "split");
    d->created_at = d->updated_at = clock_now_us();
    return 0;
}

int submit_write_dataset(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e)
{
    memcpy(s->row.dataset.download_job_id, job->id, sizeof s->row.dataset.download_job_id);
    return dataset_row_insert(tx, &s->row.dataset, e);
}

void submit_json_dataset(struct submission *s, struct jw *w)
{
    dataset_json(w, &s->row.dataset);
}

void submit_release_dataset(struct submission *s)
{
    if (s->row_used) dataset_row_release(&s->row.dataset);
}

// ---- the call -----------------------------------------------------------------------------------------------------

bool submit_download(struct resources *api, struct request *req, const char *kind)
{
    struct err e = {0};
    const json_t *body = request_json(req, &e);
    if (!body || !json_object_get(body, "repo_id")) return false;
    if (json_object_get(body, "path")) {
        err_field(&e, HW_EVALIDATION, "path", "repo_id and path exclude each other: one is downloaded, one is here");
        request_reply_error(req, &e);
        return true;
    }
    submit_job(api, req, kind, body, false);
    return true;
}
