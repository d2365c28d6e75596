#include "jobs/job_json.h"

#include "events/reading.h"

static void raw(struct jw *w, const char *key, const char *json)
{
    if (json)
        jw_kraw(w, key, slice_str(json));
    else
        jw_knull(w, key);
}

// Negative: not known.
static void count(struct jw *w, const char *key, int64_t v)
{
    if (v < 0)
        jw_knull(w, key);
    else
        jw_ki64(w, key, v);
}

static void id(struct jw *w, const char *key, const char *v)
{
    jw_kstr(w, key, *v ? v : NULL);
}

static void members(struct jw *w, const struct job_row *r, const char *status_text, bool whole)
{
    jw_kstr(w, "id", r->id);
    jw_kstr(w, "kind", r->kind);
    jw_kstr(w, "name", r->name);
    jw_kstr(w, "status", r->status);
    jw_kstr(w, "status_text", status_text);
    jw_ktime(w, "status_since", r->status_at);
    jw_ki64(w, "attempt", r->attempt);
    jw_ki64(w, "max_attempts", r->max_attempts);
    jw_ki64(w, "priority", r->priority);
    jw_kstr(w, "queue", r->queue);
    jw_kstr(w, "resource_class", r->resource_class);
    jw_kstr(w, "entity_type", r->entity_type);
    id(w, "entity_id", r->entity_id);
    if (whole) raw(w, "params", r->params);
    jw_kstr(w, "phase", r->phase);
    count(w, "phase_index", r->phase_count > 0 ? r->phase_index : -1);
    count(w, "phase_count", r->phase_count > 0 ? r->phase_count : -1);
    reading_percent(w, "progress", r->progress);
    count(w, "done", r->done);
    count(w, "total", r->total);
    jw_kstr(w, "unit", r->unit);
    reading_rate(w, "rate", r->rate);
    reading_eta(w, "eta_seconds", r->eta_seconds);
    reading_eta(w, "eta_low", r->eta_low);
    reading_eta(w, "eta_high", r->eta_high);
    jw_kstr(w, "message", r->message);
    jw_ktime(w, "created_at", r->created_at);
    jw_ktime(w, "started_at", r->started_at);
    jw_ktime(w, "finished_at", r->finished_at);
    jw_ktime(w, "updated_at", r->updated_at);
    jw_ktime(w, "last_report_at", r->last_report_at);
    id(w, "worker_id", r->worker_id);
    jw_kstr(w, "host", r->host);
    jw_ki64(w, "version", r->version);
    if (whole) raw(w, "result", r->result);
    jw_kstr(w, "error_type", r->error_type);
    jw_kstr(w, "error_message", r->error_message);
    raw(w, "suggested_retry_params", r->suggested_retry_params);
    id(w, "retry_of", r->retry_of);
    id(w, "retried_by", r->retried_by);
    jw_kbool(w, "dismissed", r->dismissed);
    jw_kstr(w, "control", r->control);
    jw_ktime(w, "not_before", r->not_before);
    reading_duration(w, "time_limit_seconds", r->time_limit_seconds);
    jw_kbool(w, "auto_retry", r->auto_retry);
    jw_kbool(w, "attached", r->attached);
    if (whole) raw(w, "usage", r->usage);
}

void job_json_members(struct jw *w, const struct job_row *r, const char *status_text)
{
    members(w, r, status_text, true);
}

void job_json(struct jw *w, const struct job_row *r, const char *status_text)
{
    jw_obj(w);
    members(w, r, status_text, true);
    jw_obj_end(w);
}

void job_update_json(struct jw *w, const struct job_row *r, const char *status_text)
{
    jw_obj(w);
    members(w, r, status_text, false);
    jw_obj_end(w);
}

void training_json(struct jw *w, const struct training_row *r)
{
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    id(w, "job_id", r->job_id);
    jw_kstr(w, "name", r->name);
    id(w, "extraction_id", r->extraction_id);
    jw_kstr(w, "architecture", r->architecture);
    jw_kstr(w, "hook", r->hook);
    raw(w, "layers", r->layers);
    count(w, "n_features", r->n_features);
    count(w, "k", r->k);
    jw_kf64(w, "l1_coefficient", r->l1_coefficient);
    jw_kf64(w, "learning_rate", r->learning_rate);
    count(w, "batch_size", r->batch_size);
    count(w, "total_steps", r->total_steps);
    jw_kstr(w, "status", r->status);
    reading_percent(w, "progress", r->progress);
    count(w, "current_step", r->current_step);
    jw_kf64(w, "loss", r->loss);
    jw_kf64(w, "l0_sparsity", r->l0_sparsity);
    jw_kf64(w, "l1_sparsity", r->l1_sparsity);
    jw_kf64(w, "explained_variance", r->explained_variance);
    jw_kf64(w, "dead_neurons", r->dead_neurons);
    jw_kf64(w, "grad_norm", r->grad_norm);
    reading_rate(w, "samples_per_second", r->samples_per_second);
    reading_eta(w, "eta_seconds", r->eta_seconds);
    jw_kf64(w, "final_loss", r->final_loss);
    reading_duration(w, "duration_seconds", r->duration_seconds);
    jw_kstr(w, "error_type", r->error_type);
    jw_kstr(w, "error_message", r->error_message);
    raw(w, "params", r->params);
    raw(w, "result", r->result);
    jw_kstr(w, "output_path", r->output_path);
    jw_ktime(w, "created_at", r->created_at);
    jw_ktime(w, "started_at", r->started_at);
    jw_ktime(w, "finished_at", r->finished_at);
    jw_ktime(w, "updated_at", r->updated_at);
    jw_obj_end(w);
}

void extraction_json(struct jw *w, const struct extraction_row *r)
{
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    id(w, "job_id", r->job_id);
    id(w, "model_id", r->model_id);
    id(w, "dataset_id", r->dataset_id);
    jw_kstr(w, "name", r->name);
    raw(w, "layers", r->layers);
    raw(w, "hooks", r->hooks);
    count(w, "context_length", r->context_length);
    jw_kstr(w, "dtype", r->dtype);
    jw_kstr(w, "status", r->status);
    reading_percent(w, "progress", r->progress);
    count(w, "rows", r->rows);
    count(w, "vectors", r->vectors);
    count(w, "width", r->width);
    count(w, "size_bytes", r->size_bytes);
    jw_kstr(w, "activations_path", r->activations_path);
    jw_kstr(w, "error_type", r->error_type);
    jw_kstr(w, "error_message", r->error_message);
    jw_ktime(w, "created_at", r->created_at);
    jw_ktime(w, "finished_at", r->finished_at);
    jw_ktime(w, "updated_at", r->updated_at);
    jw_obj_end(w);
}

void checkpoint_json(struct jw *w, const struct checkpoint_row *r)
{
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    jw_kstr(w, "training_id", r->training_id);
    jw_ki64(w, "step", r->step);
    count(w, "layer_idx", r->layer_idx);
    jw_kf64(w, "loss", r->loss);
    jw_kbool(w, "is_best", r->is_best);
    jw_kstr(w, "storage_path", r->storage_path);
    count(w, "size_bytes", r->size_bytes);
    jw_ktime(w, "created_at", r->created_at);
    jw_obj_end(w);
}

void model_json(struct jw *w, const struct model_row *r)
{
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    jw_kstr(w, "name", r->name);
    jw_kstr(w, "path", r->path);
    jw_kstr(w, "status", r->status);
    jw_kstr(w, "architecture", r->architecture);
    count(w, "n_layers", r->n_layers);
    count(w, "width", r->width);
    count(w, "n_heads", r->n_heads);
    count(w, "context_length", r->context_length);
    count(w, "vocab_size", r->vocab_size);
    count(w, "parameters", r->parameters);
    jw_kstr(w, "dtype", r->dtype);
    count(w, "size_bytes", r->size_bytes);
    jw_kbool(w, "has_tokenizer", r->has_tokenizer);
    id(w, "job_id", r->job_id);
    jw_kstr(w, "repo_id", r->repo_id);
    jw_kstr(w, "revision", r->revision);
    jw_kstr(w, "commit", r->commit_id);
    jw_kstr(w, "error_type", r->error_type);
    jw_kstr(w, "error_message", r->error_message);
    jw_ktime(w, "created_at", r->created_at);
    jw_ktime(w, "updated_at", r->updated_at);
    jw_obj_end(w);
}

void dataset_json(struct jw *w, const struct dataset_row *r)
{
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    jw_kstr(w, "name", r->name);
    jw_kstr(w, "path", r->path);
    jw_kstr(w, "status", r->status);
    jw_kstr(w, "format", r->format);
    jw_kbool(w, "compressed", r->compressed);
    count(w, "size_bytes", r->size_bytes);
    jw_kstr(w, "text_field", r->text_field);
    count(w, "documents", r->documents);
    count(w, "tokens", r->tokens);
    count(w, "vocab_size", r->vocab_size);
    jw_kstr(w, "tokens_path", r->tokens_path);
    id(w, "tokenize_job_id", r->tokenize_job_id);
    id(w, "download_job_id", r->download_job_id);
    jw_kstr(w, "repo_id", r->repo_id);
    jw_kstr(w, "revision", r->revision);
    jw_kstr(w, "commit", r->commit_id);
    jw_kstr(w, "split", r->split);
    jw_kstr(w, "error_type", r->error_type);
    jw_kstr(w, "error_message", r->error_message);
    jw_ktime(w, "created_at", r->created_at);
    jw_ktime(w, "updated_at", r->updated_at);
    jw_obj_end(w);
}

void worker_json(struct jw *w, const struct worker_row *r, bool live)
{
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    jw_kstr(w, "host", r->host);
    count(w, "pid", r->pid);
    jw_kstr(w, "version", r->version);
    jw_key(w, "slots");
    jw_obj(w);
    jw_ki64(w, "gpu", r->slots_gpu);
    jw_ki64(w, "cpu", r->slots_cpu);
    jw_ki64(w, "io", r->slots_io);
    jw_obj_end(w);
    jw_key(w, "queues");
    jw_arr(w);
    for (struct slice rest = slice_str(r->queues); rest.n;) jw_slice(w, slice_cut(&rest, ','));
    jw_arr_end(w);
    jw_kbool(w, "live", live);
    jw_ktime(w, "created_at", r->created_at);
    jw_ktime(w, "last_seen_at", r->last_seen_at);
    jw_obj_end(w);
}

void metric_json(struct jw *w, const struct metric_row *r)
{
    jw_obj(w);
    jw_ki64(w, "step", r->step);
    count(w, "layer_idx", r->layer_idx);
    jw_ktime(w, "timestamp", r->timestamp);
#define X(name) jw_kf64(w, #name, r->name);
    METRIC_COLUMNS(X)
#undef X
    raw(w, "extra", r->extra);
    jw_obj_end(w);
}

void job_log_json(struct jw *w, const struct job_log_row *r)
{
    jw_obj(w);
    jw_ki64(w, "seq", r->seq);
    jw_ktime(w, "ts", r->ts_us);
    jw_kstr(w, "stream", r->stream);
    jw_key(w, "text");
    jw_slice(w, slice_of(r->text, r->text_len));
    jw_obj_end(w);
}
