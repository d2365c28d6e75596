// What each kind checks before it is queued, and the row it belongs to: the table, and the kinds that Headway began
// with.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/submit.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "jobs/fields.h"
#include "jobs/job_json.h"

int64_t submit_i64(const struct submission *s, const char *name)
{
    return json_integer_value(json_object_get(s->spec, name));
}

double submit_f64(const struct submission *s, const char *name)
{
    return json_number_value(json_object_get(s->spec, name));
}

void submit_path(struct submission *s, const char *name, const char *value)
{
    json_object_set_new(s->spec, name, value ? json_string(value) : json_null());
}

int submit_part(const char *name, size_t most)
{
    return (int)utf8_whole(name, strnlen(name, most));
}

// An id that names nothing is the body's mistake: 422 with the field, not 404.
int submit_missing(int rc, const char *field, const char *id, struct err *e)
{
    return rc == HW_ENOTFOUND
               ? err_field(e, HW_EVALIDATION, field, "there is no %.*s %s", (int)(strlen(field) - 3), field, id)
               : rc;
}

static int not_there(const char *field, const char *what, const char *name, const char *status, const char *why,
                     struct err *e)
{
    if (strcmp(status, "downloading") == 0)
        return err_field(e, HW_EVALIDATION, field, "%s %s is being downloaded: wait until it is ready", what, name);
    return err_field(e, HW_EVALIDATION, field, "%s %s has no files: its download %s%s%.200s", what, name,
                     strcmp(status, "cancelled") == 0 ? "was cancelled" : "failed", why ? ": " : "", why ? why : "");
}

int submit_check_model_files(const struct model_row *m, struct err *e)
{
    if (strcmp(m->status, "ready") == 0) return 0;
    return not_there("model_id", "model", m->name, m->status, m->error_message, e);
}

int submit_check_dataset_file(const struct dataset_row *d, struct err *e)
{
    if (!d->download_job_id[0] || d->size_bytes >= 0) return 0;
    return not_there("dataset_id", "dataset", d->name, d->status, d->error_message, e);
}

// ---- tokenize -----------------------------------------------------------------------------------------------------

static int check_tokenizable(struct submission *s, const struct model_row *m, struct err *e)
{
    const struct dataset_row *d = &s->row.dataset;
    int rc = submit_check_dataset_file(d, e);
    if (!rc) rc = submit_check_model_files(m, e);
    if (rc) return rc;
    if (!m->has_tokenizer || !m->tokenizer_path)
        return err_field(e, HW_EVALIDATION, "model_id", "model %s has no tokenizer.json", m->name);
    if (strcmp(d->status, "tokenizing") == 0)
        return err_set(e, HW_ECONFLICT, "dataset %s is being tokenized already, by job %s", d->name,
                       d->tokenize_job_id);
    submit_path(s, "tokenizer_path", m->tokenizer_path);
    submit_path(s, "input_path", d->path);
    // The dataset knows its field; a parameter given with the job wins.
    if (d->text_field && !json_object_get(s->body, "text_field")) submit_path(s, "text_field", d->text_field);
    s->output_dir = mem_printf("%s/datasets/%s/%s", s->api->data_dir, d->id, s->job_id);
    memcpy(s->entity_id, d->id, sizeof s->entity_id);
    snprintf(s->default_name, sizeof s->default_name, "tokenize %.*s", submit_part(d->name, 80), d->name);
    return 0;
}

static int check_tokenize(struct submission *s, struct store_tx *tx, struct err *e)
{
    dataset_row_init(&s->row.dataset);
    s->row_used = true;
    int rc = submit_missing(dataset_row_get(tx, s->ids[0], &s->row.dataset, e), "dataset_id", s->ids[0], e);
    if (rc) return rc;
    struct model_row m;
    model_row_init(&m);
    rc = submit_missing(model_row_get(tx, s->ids[1], &m, e), "model_id", s->ids[1], e);
    if (!rc) rc = check_tokenizable(s, &m, e);
    model_row_release(&m);
    return rc;
}

static void release_dataset(struct submission *s)
{
    if (s->row_used) dataset_row_release(&s->row.dataset);
}

// ---- extract ------------------------------------------------------------------------------------------------------

int submit_check_tokens(struct submission *s, const struct model_row *m, const struct dataset_row *d, struct err *e)
{
    int64_t context = submit_i64(s, "context_length");
    int rc = submit_check_model_files(m, e);
    if (!rc) rc = submit_check_dataset_file(d, e);
    if (rc) return rc;
    if (strcmp(d->status, "tokenized") != 0 || !d->tokens_path)
        return err_field(e, HW_EVALIDATION, "dataset_id", "dataset %s is %s: tokenize it first", d->name, d->status);
    if (d->vocab_size > m->vocab_size && m->vocab_size > 0)
        return err_field(
            e, HW_EVALIDATION, "dataset_id",
            "dataset %s has ids for a vocabulary of %lld, model %s has %lld: tokenize it with this model's tokenizer",
            d->name, (long long)d->vocab_size, m->name, (long long)m->vocab_size);
    if (m->context_length > 0 && context > m->context_length)
        return err_field(e, HW_EVALIDATION, "context_length", "context_length is %lld; model %s takes at most %lld",
                         (long long)context, m->name, (long long)m->context_length);
    if (d->tokens >= 0 && d->tokens < context)
        return err_field(e, HW_EVALIDATION, "context_length", "dataset %s has only %lld tokens, not one row of %lld",
                         d->name, (long long)d->tokens, (long long)context);
    return 0;
}

static int check_extractable(struct submission *s, const struct model_row *m, const struct dataset_row *d,
                             struct err *e)
{
    size_t i;
    json_t *layer;
    int rc = submit_check_tokens(s, m, d, e);
    if (rc) return rc;
    json_array_foreach(json_object_get(s->spec, "layers"), i, layer)
    {
        if (json_integer_value(layer) >= m->n_layers)
            return err_field(e, HW_EVALIDATION, "layers", "layer %lld: model %s has layers 0 to %lld",
                             (long long)json_integer_value(layer), m->name, (long long)m->n_layers - 1);
    }
    return 0;
}

static void fill_extraction(struct submission *s, const struct model_row *m, const struct dataset_row *d)
{
    struct extraction_row *x = &s->row.extraction;
    id_new("ext", x->id);
    memcpy(s->entity_id, x->id, sizeof s->entity_id);
    s->output_dir = mem_printf("%s/activations/%s", s->api->data_dir, x->id);
    snprintf(s->default_name, sizeof s->default_name, "extract %.*s · %.*s", submit_part(m->name, 40), m->name,
             submit_part(d->name, 40), d->name);
    submit_path(s, "model_path", m->path);
    submit_path(s, "tokens_path", d->tokens_path);
    memcpy(x->job_id, s->job_id, sizeof x->job_id);
    memcpy(x->model_id, m->id, sizeof x->model_id);
    memcpy(x->dataset_id, d->id, sizeof x->dataset_id);
    x->name = mem_strdup(s->name ? s->name : s->default_name);
    x->layers = field_json(s->spec, "layers");
    x->hooks = field_json(s->spec, "hooks");
    x->context_length = submit_i64(s, "context_length");
    x->dtype = field_text(s->spec, "dtype");
    x->status = mem_strdup("queued");
    x->progress = 0;
    x->created_at = x->updated_at = clock_now_us();
}

static int check_extract(struct submission *s, struct store_tx *tx, struct err *e)
{
    struct model_row m;
    struct dataset_row d;
    model_row_init(&m);
    dataset_row_init(&d);
    extraction_row_init(&s->row.extraction);
    s->row_used = true;
    int rc = submit_missing(model_row_get(tx, s->ids[0], &m, e), "model_id", s->ids[0], e);
    if (!rc) rc = submit_missing(dataset_row_get(tx, s->ids[1], &d, e), "dataset_id", s->ids[1], e);
    if (!rc) rc = check_extractable(s, &m, &d, e);
    if (!rc) fill_extraction(s, &m, &d);
    model_row_release(&m);
    dataset_row_release(&d);
    return rc;
}

static int write_extraction(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e)
{
    (void)job;
    return extraction_row_insert(tx, &s->row.extraction, e);
}

static void json_extraction(struct submission *s, struct jw *w)
{
    extraction_json(w, &s->row.extraction);
}

static void release_extraction(struct submission *s)
{
    if (s->row_used) extraction_row_release(&s->row.extraction);
}

// ---- train_sae ----------------------------------------------------------------------------------------------------

static bool array_has(const json_t *array, const json_t *value)
{
    size_t i;
    json_t *it;
    json_array_foreach((json_t *)(uintptr_t)array, i, it) if (json_equal(it, value)) return true;
    return false;
}

// Every layer asked for must have been extracted; none asked for: all of them.
static int check_layers(struct submission *s, const struct extraction_row *x, struct err *e)
{
    struct err ignored;
    json_t *have = json_read(slice_str(x->layers ? x->layers : "[]"), &ignored);
    const json_t *want = json_object_get(s->spec, "layers");
    int rc = 0;
    size_t i;
    json_t *layer;
    json_array_foreach((json_t *)(uintptr_t)want, i, layer)
    {
        if (!array_has(have, layer))
            rc = err_field(e, HW_EVALIDATION, "layers", "layer %lld isn't in extraction %s (it has %s)",
                           (long long)json_integer_value(layer), x->id, x->layers);
    }
    if (!want) json_object_set(s->spec, "layers", have);
    json_decref(have);
    return rc;
}

static int check_trainable(struct submission *s, const struct extraction_row *x, struct err *e)
{
    struct err ignored;
    if (strcmp(x->status, "completed") != 0 || !x->activations_path)
        return err_field(e, HW_EVALIDATION, "extraction_id",
                         "extraction %s is %s: only a completed one can be trained on", x->id, x->status);
    json_t *hooks = json_read(slice_str(x->hooks ? x->hooks : "[]"), &ignored);
    bool has_hook = array_has(hooks, json_object_get(s->spec, "hook"));
    json_decref(hooks);
    if (!has_hook) return err_field(e, HW_EVALIDATION, "hook", "extraction %s has %s", x->id, x->hooks);
    bool topk = strcmp(json_string_value(json_object_get(s->spec, "architecture")), "topk") == 0;
    if (topk && submit_i64(s, "k") > submit_i64(s, "n_features"))
        return err_field(e, HW_EVALIDATION, "k", "k is %lld, but there are only %lld features (n_features)",
                         (long long)submit_i64(s, "k"), (long long)submit_i64(s, "n_features"));
    if (x->vectors >= 0 && (double)x->vectors * (1 - submit_f64(s, "holdout_fraction")) < 1)
        return err_field(e, HW_EVALIDATION, "holdout_fraction",
                         "nothing is left to train on: extraction %s has %lld vectors", x->id, (long long)x->vectors);
    return check_layers(s, x, e);
}

void submit_fill_training(struct submission *s)
{
    struct training_row *t = &s->row.training;
    id_new("trn", t->id);
    memcpy(s->entity_id, t->id, sizeof s->entity_id);
    s->output_dir = mem_printf("%s/trainings/%s", s->api->data_dir, t->id);
    memcpy(t->job_id, s->job_id, sizeof t->job_id);
    t->name = mem_strdup(s->name ? s->name : s->default_name);
    t->learning_rate = submit_f64(s, "learning_rate");
    t->batch_size = submit_i64(s, "batch_size");
    t->total_steps = submit_i64(s, "total_steps");
    t->status = mem_strdup("queued");
    t->progress = 0;
    t->current_step = 0;
    struct buf params = BUF_INIT;
    struct jw w;
    jw_init(&w, &params);
    jw_json(&w, s->params);
    t->params = buf_detach(&params, NULL);
    t->output_path = mem_strdup(s->output_dir);
    t->created_at = t->updated_at = clock_now_us();
}

static void fill_autoencoder(struct submission *s, const struct extraction_row *x)
{
    struct training_row *t = &s->row.training;
    t->architecture = field_text(s->spec, "architecture");
    t->layers = field_json(s->spec, "layers");
    snprintf(s->default_name, sizeof s->default_name, "sae %s · layer %.30s", t->architecture, t->layers);
    submit_path(s, "activations_path", x->activations_path);
    memcpy(t->extraction_id, x->id, sizeof t->extraction_id);
    t->hook = field_text(s->spec, "hook");
    t->n_features = submit_i64(s, "n_features");
    t->k = submit_i64(s, "k");
    t->l1_coefficient = submit_f64(s, "l1_coefficient");
    submit_fill_training(s);
}

static int check_train(struct submission *s, struct store_tx *tx, struct err *e)
{
    struct extraction_row x;
    extraction_row_init(&x);
    training_row_init(&s->row.training);
    s->row_used = true;
    int rc = submit_missing(extraction_row_get(tx, s->ids[0], &x, e), "extraction_id", s->ids[0], e);
    if (!rc) rc = check_trainable(s, &x, e);
    if (!rc) fill_autoencoder(s, &x);
    extraction_row_release(&x);
    return rc;
}

int submit_write_training(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e)
{
    (void)job;
    return training_row_insert(tx, &s->row.training, e);
}

void submit_json_training(struct submission *s, struct jw *w)
{
    training_json(w, &s->row.training);
}

void submit_release_training(struct submission *s)
{
    if (s->row_used) training_row_release(&s->row.training);
}

// ---- the table ----------------------------------------------------------------------------------------------------

static const struct submit_rule rules[] = {
    {"tokenize", {"dataset_id", "model_id"}, check_tokenize, NULL, NULL, release_dataset, NULL, NULL},
    {"extract",
     {"model_id", "dataset_id"},
     check_extract,
     write_extraction,
     json_extraction,
     release_extraction,
     NULL,
     NULL},
    {"train_sae",
     {"extraction_id"},
     check_train,
     submit_write_training,
     submit_json_training,
     submit_release_training,
     submit_estimate_training,
     submit_estimate_training_json},
    {"fine_tune",
     {"model_id", "dataset_id"},
     submit_check_fine_tune,
     submit_write_training,
     submit_json_training,
     submit_release_training,
     NULL,
     NULL},
    {"download_model",
     {NULL},
     submit_check_download_model,
     submit_write_model,
     submit_json_model,
     submit_release_model,
     NULL,
     NULL},
    {"download_dataset",
     {NULL},
     submit_check_download_dataset,
     submit_write_dataset,
     submit_json_dataset,
     submit_release_dataset,
     NULL,
     NULL},
};

const struct submit_rule *submit_rule_find(const char *kind)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(kind, rules[i].kind) == 0) return &rules[i];
    return NULL;
}
