#include "jobs/kinds.h"

#include <math.h>
#include <string.h>

#include "jobs/progress_download.h"

// ---- the table ----------------------------------------------------------------------------------------------------

static const struct phase_spec tokenize_phases[] = {
    {"loading", 0, 10},  {"tokenizer", 10, 20},  {"sampling", 20, 40}, {"encoding", 40, 80},
    {"writing", 80, 95}, {"verifying", 95, 100}, {NULL, 0, 0},
};

static const struct param_spec tokenize_params[] = {
    {"format", PARAM_CHOICE, false, "\"auto\"", 0, 0, "auto|jsonl|text", "how the corpus is written"},
    {"text_field", PARAM_STRING, false, "\"text\"", 1, 200, NULL, "JSONL: the member that holds the text"},
    {"max_documents", PARAM_INT, false, "0", 0, 1e12, NULL, "documents at most; 0: all"},
    {"separator", PARAM_INT, false, NULL, 0, 4294967295.0, NULL, "token id written before every document"},
    {"shard_tokens", PARAM_INT, false, "16777216", 1024, 1e9, NULL, "tokens a shard at most"},
    {"threads", PARAM_INT, false, "0", 0, 256, NULL, "0: as many as the job may use"},
    {0},
};

static const struct phase_spec extract_phases[] = {
    {"loading", 0, 10},
    {"extracting", 10, 90},
    {"saving", 90, 100},
    {NULL, 0, 0},
};

static const struct param_spec extract_params[] = {
    {"layers", PARAM_INT_LIST, true, NULL, 0, 9999, NULL, "block indices, from 0"},
    {"hooks", PARAM_CHOICE_LIST, false, "[\"residual\"]", 0, 0, "residual|mlp|attention",
     "what to record in each layer"},
    {"context_length", PARAM_INT, false, "128", 1, 1048576, NULL, "tokens a row"},
    {"max_samples", PARAM_INT, false, "0", 0, 1e12, NULL, "rows at most; 0: all"},
    {"batch_size", PARAM_INT, false, "32", 1, 65536, NULL, "rows a forward pass"},
    {"dtype", PARAM_CHOICE, false, "\"f32\"", 0, 0, "f32|f16", "of the activations written"},
    {"shard_rows", PARAM_INT, false, "65536", 1, 1e9, NULL, "vectors a shard at most"},
    {"threads", PARAM_INT, false, "0", 0, 256, NULL, "0: as many as the job may use"},
    {0},
};

static const struct phase_spec train_phases[] = {{"training", 0, 100}, {NULL, 0, 0}};

static const struct param_spec train_params[] = {
    {"layers", PARAM_INT_LIST, false, NULL, 0, 9999, NULL, "one autoencoder each; default: every layer extracted"},
    {"hook", PARAM_CHOICE, false, "\"residual\"", 0, 0, "residual|mlp|attention", "which activations"},
    {"architecture", PARAM_CHOICE, false, "\"topk\"", 0, 0, "topk|standard", "TopK, or ReLU with an L1 penalty"},
    {"n_features", PARAM_INT, false, "1024", 1, 16777216, NULL, "width of the autoencoder"},
    {"k", PARAM_INT, false, "32", 1, 16777216, NULL, "topk: active features a vector"},
    {"l1_coefficient", PARAM_NUMBER, false, "1.0", 0, 1e6, NULL, "standard: weight of the sparsity penalty"},
    {"learning_rate", PARAM_NUMBER, false, "0.001", 1e-12, 10, NULL, "Adam's, after warm-up"},
    {"warmup_steps", PARAM_INT, false, "100", 0, 1e12, NULL, "linear warm-up"},
    {"decay_fraction", PARAM_NUMBER, false, "0.2", 0, 1, NULL, "last part of the steps with linear decay"},
    {"batch_size", PARAM_INT, false, "1024", 1, 16777216, NULL, "vectors a step"},
    {"total_steps", PARAM_INT, false, "1500", 1, 1e12, NULL, "steps a layer"},
    {"holdout_fraction", PARAM_NUMBER, false, "0.1", 0.001, 0.9, NULL, "last part of the vectors, for evaluation"},
    {"log_every", PARAM_INT, false, "10", 1, 1e12, NULL, "steps between metric rows"},
    {"checkpoint_every", PARAM_INT, false, "500", 1, 1e12, NULL, "steps between checkpoints"},
    {"seed", PARAM_INT, false, "0", 0, 9007199254740991.0, NULL, "of the random generator"},
    {"threads", PARAM_INT, false, "0", 0, 256, NULL, "0: as many as the job may use"},
    {0},
};

static const struct param_spec fine_tune_params[] = {
    {"context_length", PARAM_INT, false, "128", 1, 1048576, NULL, "tokens a row"},
    {"rank", PARAM_INT, false, "8", 1, 65536, NULL, "of the correction to the unembedding"},
    {"learning_rate", PARAM_NUMBER, false, "0.001", 1e-12, 10, NULL, "Adam's, after warm-up"},
    {"warmup_steps", PARAM_INT, false, "20", 0, 1e12, NULL, "linear warm-up"},
    {"decay_fraction", PARAM_NUMBER, false, "0.2", 0, 1, NULL, "last part of the steps with linear decay"},
    {"batch_size", PARAM_INT, false, "16", 1, 65536, NULL, "rows a step"},
    {"total_steps", PARAM_INT, false, "300", 1, 1e12, NULL, "steps"},
    {"holdout_samples", PARAM_INT, false, "64", 1, 1e6, NULL, "rows for evaluation, never trained on"},
    {"log_every", PARAM_INT, false, "10", 1, 1e12, NULL, "steps between metric rows"},
    {"checkpoint_every", PARAM_INT, false, "100", 1, 1e12, NULL, "steps between checkpoints"},
    {"seed", PARAM_INT, false, "0", 0, 9007199254740991.0, NULL, "of the random generator"},
    {"threads", PARAM_INT, false, "0", 0, 256, NULL, "0: as many as the job may use"},
    {0},
};

static const struct phase_spec download_model_phases[] = {{"downloading", 0, 100}, {NULL, 0, 0}};

static const struct param_spec download_model_params[] = {
    {"repo_id", PARAM_STRING, true, NULL, 1, 200, NULL, "the hub's name for it, such as openai-community/gpt2"},
    {"revision", PARAM_STRING, false, "\"main\"", 1, 200, NULL, "a branch, a tag or a commit"},
    {"files", PARAM_STRING_LIST, false, NULL, 1, 512, NULL,
     "these alone; default: configuration, safetensors, tokenizer"},
    {0},
};

static const struct param_spec download_dataset_params[] = {
    {"repo_id", PARAM_STRING, true, NULL, 1, 200, NULL, "the hub's name for it, such as owner/name"},
    {"revision", PARAM_STRING, false, "\"main\"", 1, 200, NULL, "a branch, a tag or a commit"},
    {"split", PARAM_STRING, false, NULL, 1, 100, NULL, "files with this word in their path; default: train, else all"},
    {0},
};

// What a command is, whoever calls it knows; nothing of it is resolved here.
static const struct phase_spec command_phases[] = {{NULL, 0, 0}};
static const struct param_spec command_params[] = {{0}};

static const struct job_kind kinds[] = {
    {"tokenize", "cpu", "dataset", true, false, false, tokenize_phases, tokenize_params},
    {"extract", "cpu", "extraction", true, false, false, extract_phases, extract_params},
    {"train_sae", "cpu", "training", true, true, true, train_phases, train_params},
    {"fine_tune", "cpu", "training", true, true, true, train_phases, fine_tune_params},
    {"download_model", "io", "model", true, true, false, download_model_phases, download_model_params},
    {"download_dataset", "io", "dataset", true, true, false, download_dataset_phases, download_dataset_params},
    {"command", "cpu", "", false, false, false, command_phases, command_params},
};

// ---- looking up ---------------------------------------------------------------------------------------------------

const struct job_kind *job_kind_at(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

const struct job_kind *job_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(name, kinds[i].name) == 0) return &kinds[i];
    return NULL;
}

void job_kind_names(struct buf *out)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) buf_addf(out, "%s%s", i ? ", " : "", kinds[i].name);
}

// ---- checking -----------------------------------------------------------------------------------------------------

static bool is_choice(const char *choices, const json_t *v)
{
    if (!json_is_string(v)) return false;
    struct slice rest = slice_str(choices), want = slice_of(json_string_value(v), json_string_length(v));
    while (rest.n)
        if (slice_eq(slice_cut(&rest, '|'), want)) return true;
    return false;
}

static bool in_range(const struct param_spec *p, const json_t *v)
{
    double x = json_number_value(v);
    return x >= p->lo && x <= p->hi;
}

static int check_list(const struct param_spec *p, const json_t *v, struct err *e)
{
    if (!json_is_array(v) || json_array_size(v) == 0)
        return err_field(e, HW_EVALIDATION, p->name, "%s must be a list with at least one value (%s)", p->name,
                         p->help);
    size_t i;
    json_t *it;
    json_array_foreach((json_t *)(uintptr_t)v, i, it)
    {
        if (p->type == PARAM_INT_LIST && (!json_is_integer(it) || !in_range(p, it)))
            return err_field(e, HW_EVALIDATION, p->name, "%s: value %zu must be a whole number from %.0f to %.0f",
                             p->name, i + 1, p->lo, p->hi);
        if (p->type == PARAM_CHOICE_LIST && !is_choice(p->choices, it))
            return err_field(e, HW_EVALIDATION, p->name, "%s: value %zu must be one of %s", p->name, i + 1, p->choices);
        size_t bytes = json_string_length(it);
        if (p->type == PARAM_STRING_LIST && (!json_is_string(it) || strlen(json_string_value(it)) != bytes ||
                                             (double)bytes < p->lo || (double)bytes > p->hi))
            return err_field(e, HW_EVALIDATION, p->name, "%s: value %zu must be a string of %.0f to %.0f bytes",
                             p->name, i + 1, p->lo, p->hi);
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(v, k), it))
                return err_field(e, HW_EVALIDATION, p->name, "%s names a value twice", p->name);
    }
    return 0;
}

static int check_one(const struct param_spec *p, const json_t *v, struct err *e)
{
    switch (p->type) {
    case PARAM_STRING:
        if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
            return err_field(e, HW_EVALIDATION, p->name, "%s must be a string", p->name);
        if ((double)json_string_length(v) < p->lo || (double)json_string_length(v) > p->hi)
            return err_field(e, HW_EVALIDATION, p->name, "%s must have %.0f to %.0f bytes", p->name, p->lo, p->hi);
        return 0;
    case PARAM_INT:
        if (!json_is_integer(v) && !(json_is_real(v) && floor(json_real_value(v)) == json_real_value(v)))
            return err_field(e, HW_EVALIDATION, p->name, "%s must be a whole number", p->name);
        if (!in_range(p, v))
            return err_field(e, HW_EVALIDATION, p->name, "%s is %.15g; %.15g to %.15g is accepted", p->name,
                             json_number_value(v), p->lo, p->hi);
        return 0;
    case PARAM_NUMBER:
        if (!json_is_number(v)) return err_field(e, HW_EVALIDATION, p->name, "%s must be a number", p->name);
        if (!in_range(p, v))
            return err_field(e, HW_EVALIDATION, p->name, "%s is %g; %g to %g is accepted", p->name,
                             json_number_value(v), p->lo, p->hi);
        return 0;
    case PARAM_BOOL:
        return json_is_boolean(v) ? 0 : err_field(e, HW_EVALIDATION, p->name, "%s must be true or false", p->name);
    case PARAM_CHOICE:
        return is_choice(p->choices, v)
                   ? 0
                   : err_field(e, HW_EVALIDATION, p->name, "%s must be one of %s", p->name, p->choices);
    case PARAM_INT_LIST:
    case PARAM_CHOICE_LIST:
    case PARAM_STRING_LIST: return check_list(p, v, e);
    }
    return err_set(e, HW_EINTERNAL, "parameter %s has no type", p->name);
}

static const struct param_spec *spec_of(const struct job_kind *kind, const char *name)
{
    for (const struct param_spec *p = kind->params; p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

static int refuse_unknown(const struct job_kind *kind, const json_t *given, struct err *e)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)given, key, value)
    {
        if (!spec_of(kind, key))
            return err_field(e, HW_EVALIDATION, key, "%s has no parameter called %.60s", kind->name, key);
    }
    return 0;
}

int job_kind_check_changes(const struct job_kind *kind, const json_t *changed, struct err *e)
{
    int rc = refuse_unknown(kind, changed, e);
    const char *key;
    json_t *value;
    if (rc) return rc;
    json_object_foreach((json_t *)(uintptr_t)changed, key, value)
    {
        rc = check_one(spec_of(kind, key), value, e);
        if (rc) return rc;
    }
    return 0;
}

static int fill(const struct job_kind *kind, const json_t *given, json_t *out, struct err *e)
{
    int rc = refuse_unknown(kind, given, e);
    if (rc) return rc;
    for (const struct param_spec *p = kind->params; p->name; p++) {
        json_t *v = json_object_get(given, p->name);
        if (v && !json_is_null(v)) {
            rc = check_one(p, v, e);
            if (rc) return rc;
            bool whole = p->type == PARAM_INT && json_is_real(v);
            json_t *kept = whole ? json_integer((json_int_t)json_real_value(v)) : json_incref(v);
            if (json_object_set_new(out, p->name, kept) != 0) return err_set(e, HW_EINTERNAL, "out of memory");
        } else if (p->required) {
            return err_field(e, HW_EVALIDATION, p->name, "%s is missing (%s)", p->name, p->help);
        } else if (p->def) {
            json_t *def = json_read(slice_str(p->def), e);
            if (!def || json_object_set_new(out, p->name, def) != 0)
                return err_set(e, HW_EINTERNAL, "default of %s", p->name);
        }
    }
    return 0;
}

json_t *job_kind_resolve(const struct job_kind *kind, const json_t *given, struct err *e)
{
    json_t *out = json_object();
    if (!out || fill(kind, given, out, e) != 0) {
        json_decref(out);
        return NULL;
    }
    return out;
}
