// One event of a report, applied to the job's row, its live progress and its entity. Runs on the store's thread.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "jobs/errors.h"
#include "jobs/kinds.h"
#include "jobs/queue_internal.h"
#include "store/job_logs_table.h"
#include "store/metrics_table.h"

// Where the reason is looked for when the worker told none: the last lines on standard error, if they are near the end.
enum { TAIL_LINES = 20, TAIL_AMONG = 5000 };

// Everything of the object but its type and time.
static char *members_text(const json_t *obj)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)obj);
    if (!copy) mem_exhausted(0);
    // Either may be absent, which is fine.
    (void)json_object_del(copy, "type");
    (void)json_object_del(copy, "ts");
    char *text = json_to_text(copy);
    json_decref(copy);
    return text;
}

// The payload of job:resources: of this job, whatever the worker calls it, and without the members that publishing
// adds.
static char *resources_text(const char *job_id, const json_t *reported)
{
    static const char *const given[] = {"channel", "epoch", "seq"};
    json_t *out = json_pack("{s:s}", "job_id", job_id);
    if (!out || json_object_update_missing(out, (json_t *)(uintptr_t)reported) != 0) mem_exhausted(0);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) (void)json_object_del(out, given[i]);
    char *text = members_text(out);
    json_decref(out);
    return text;
}

// The row is written with every report, so what was used so far costs no further write.
static void apply_usage(struct change *c, struct live *l, const json_t *reported, int64_t ts)
{
    struct buf b = BUF_INIT;
    struct jw w;
    usage_add(&l->usage, reported, ts);
    jw_init(&w, &b);
    if (usage_write(&l->usage, &w)) set_text(&c->job.usage, buf_cstr(&b));
    buf_release(&b);
}

static void log_line(struct change *c, int64_t ts, const char *stream, const char *text)
{
    change_log(c, ts, stream, slice_str(text));
}

// ---- progress -----------------------------------------------------------------------------------------------------

static const struct phase_spec *phase_of_kind(const char *kind, const char *name)
{
    const struct job_kind *k = job_kind_find(kind);
    for (const struct phase_spec *p = k ? k->phases : NULL; p && p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

static void apply_phase(struct change *c, struct live *l, const struct wire_event *ev)
{
    struct progress *p = &l->progress;
    const struct phase_spec *spec = phase_of_kind(c->job.kind, ev->u.phase.name);
    double from = ev->u.phase.from, to = ev->u.phase.to;
    int index = ev->u.phase.index, count = ev->u.phase.count;
    if (strcmp(p->phase, ev->u.phase.name) != 0) change_event(c, "phase", ev->u.phase.name, NULL);
    if ((isnan(from) || isnan(to)) && spec) from = spec->from, to = spec->to;
    if ((isnan(from) || isnan(to)) && index > 0 && count >= index)
        from = 100.0 * (index - 1) / count, to = 100.0 * index / count;
    if (!isnan(from) && !isnan(to)) {
        progress_phase(p, ev->u.phase.name, index, count, from, to);
    } else {
        // Where it lies in the whole isn't said: a name, and no number made up for it.
        snprintf(p->phase, sizeof p->phase, "%s", ev->u.phase.name);
        utf8_end(p->phase);
        p->phase_index = index, p->phase_count = count;
        p->done = 0, p->total = -1;
        rate_reset(&p->rate);
    }
    set_text(&c->job.message, NULL);
    c->progressed = true;
}

static void apply_progress(struct change *c, struct live *l, const struct wire_event *ev, int64_t mono)
{
    progress_report(&l->progress, ev->u.progress.done, ev->u.progress.total, ev->u.progress.unit, mono);
    set_text(&c->job.message, ev->u.progress.message); // it belongs to the line that carries it
    c->progressed = true;
}

// ---- metrics and checkpoints --------------------------------------------------------------------------------------

// The value of a column that the line gives; given as null, it is no longer known.
static void newest(const struct wire_event *ev, enum wire_metric_column column, double value, double *out)
{
    if (ev->u.metric.given & 1u << column) *out = value;
}

static void show_metrics(struct change *c, struct live *l, const struct wire_event *ev, struct ev_layer *layer)
{
    if (layer) {
        newest(ev, WIRE_METRIC_loss, ev->u.metric.loss, &layer->loss);
        newest(ev, WIRE_METRIC_l0_sparsity, ev->u.metric.l0_sparsity, &layer->l0_sparsity);
        newest(ev, WIRE_METRIC_dead_neurons, ev->u.metric.dead_neurons, &layer->dead_neurons);
    } else {
        l->aggregate = true;
    }
    c->progressed = true;
    if (c->job.attached && !attached_counts_steps(&c->job)) c->training.current_step = ev->u.metric.step;
    // The training's own values are those over all layers; one layer's stand for them as long as there is no other.
    if (layer && (l->aggregate || l->n_layers > 1)) return;
    struct training_row *t = &c->training;
    newest(ev, WIRE_METRIC_loss, ev->u.metric.loss, &t->loss);
    newest(ev, WIRE_METRIC_l0_sparsity, ev->u.metric.l0_sparsity, &t->l0_sparsity);
    newest(ev, WIRE_METRIC_l1_sparsity, ev->u.metric.l1_sparsity, &t->l1_sparsity);
    newest(ev, WIRE_METRIC_explained_variance, ev->u.metric.explained_variance, &t->explained_variance);
    newest(ev, WIRE_METRIC_dead_neurons, ev->u.metric.dead_neurons, &t->dead_neurons);
    newest(ev, WIRE_METRIC_grad_norm, ev->u.metric.grad_norm, &t->grad_norm);
    newest(ev, WIRE_METRIC_samples_per_second, ev->u.metric.samples_per_second, &t->samples_per_second);
    newest(ev, WIRE_METRIC_learning_rate, ev->u.metric.learning_rate, &l->learning_rate);
}

static int apply_metric(struct store_tx *tx, struct change *c, struct live *l, const struct wire_event *ev, int64_t now,
                        struct err *e)
{
    int rc = attached_training(tx, c, now, e);
    if (rc || c->entity != ENTITY_TRAINING) return rc;
    struct metric_row m;
    bool first = false;
    struct ev_layer *layer = NULL;
    metric_row_init(&m);
    m.step = ev->u.metric.step;
    m.layer_idx = ev->u.metric.layer;
    m.timestamp = ev->ts_us ? ev->ts_us : now;
#define X(name) m.name = ev->u.metric.name;
    METRIC_COLUMNS(X)
#undef X
    if (m.layer_idx < 0)
        first = !l->aggregate;
    else
        layer = live_layer(l, m.layer_idx, &first);
    // What an earlier attempt wrote beyond this step is no part of this one's curve.
    rc = first ? change_write_metrics(tx, c, e) : 0;
    if (!rc && first) rc = metric_rows_cut(tx, c->training.key, m.layer_idx, m.step, e);
    if (rc) return rc;
    m.extra = (char *)(uintptr_t)ev->u.metric.extra; // borrowed: the batch is written before the report is freed
    metric_batch_add(&c->metrics, &m);
    show_metrics(c, l, ev, layer);
    return 0;
}

static int apply_checkpoint(struct store_tx *tx, struct change *c, const struct wire_event *ev, int64_t now,
                            struct err *e)
{
    int rc = attached_training(tx, c, now, e);
    if (rc || c->entity != ENTITY_TRAINING) return rc;
    struct checkpoint_row k;
    checkpoint_row_init(&k);
    id_new("ckp", k.id);
    snprintf(k.training_id, sizeof k.training_id, "%s", c->training.id);
    k.step = ev->u.checkpoint.step;
    k.layer_idx = ev->u.checkpoint.layer;
    k.loss = ev->u.checkpoint.loss;
    k.is_best = ev->u.checkpoint.is_best;
    k.storage_path = mem_strdup(ev->u.checkpoint.path);
    k.size_bytes = ev->u.checkpoint.size_bytes;
    k.created_at = now;
    rc = checkpoint_row_put(tx, &k, e);
    if (rc) {
        checkpoint_row_release(&k);
        return rc;
    }
    const struct job_kind *kind = job_kind_find(c->job.kind);
    if (kind && kind->checkpoints) { // should the worker be lost, the next attempt goes on from here
        json_t *resume = json_pack("{s:s}", "resume_from", k.storage_path);
        free(c->job.resume);
        c->job.resume = json_to_text(resume);
        json_decref(resume);
    }
    c->checkpoints = mem_realloc_array(c->checkpoints, (size_t)c->n_checkpoints + 1, sizeof *c->checkpoints);
    c->checkpoints[c->n_checkpoints++] = k;
    return 0;
}

// ---- the end ------------------------------------------------------------------------------------------------------

// The last lines on standard error: those of this report and, before them, those stored.
static int last_words(struct store_tx *tx, const struct change *c, struct buf *out, struct err *e)
{
    struct job_log_row *rows;
    int n;
    int rc = job_logs_newest(tx, c->job.id, c->job.log_seq - TAIL_AMONG, INT64_MAX, TAIL_LINES, "stderr", &rows, &n, e);
    if (rc) return rc;
    for (int i = 0; i < n; i++) {
        buf_add(out, rows[i].text, rows[i].text_len);
        buf_add_char(out, '\n');
    }
    job_logs_free(rows, n);
    for (int i = 0; i < c->n_logs; i++) {
        if (strcmp(c->logs[i].stream, "stderr") != 0) continue;
        buf_add(out, c->logs[i].text, c->logs[i].n);
        buf_add_char(out, '\n');
    }
    return 0;
}

// Why it failed, into the row.
static int fail(struct store_tx *tx, struct change *c, const struct wire_event *ev, struct err *e)
{
    struct job_failure f;
    struct buf tail = BUF_INIT;
    const char *words = ev->u.exited.last_stderr;
    if (!words) {
        int rc = last_words(tx, c, &tail, e);
        if (rc) {
            buf_release(&tail);
            return rc;
        }
        words = buf_cstr(&tail);
    }
    struct job_exit x = {.code = ev->u.exited.code,
                         .signal = ev->u.exited.signal,
                         .oom_killed = ev->u.exited.oom_killed,
                         .timed_out = ev->u.exited.timed_out,
                         .error_type = c->job.error_type,
                         .error_message = c->job.error_message,
                         .last_stderr = words};
    job_classify(&x, &f);
    buf_release(&tail);
    change_fail(c, f.type, f.message);
    return 0;
}

// The process has ended at a checkpoint, from which its next start goes on: an end of the process, not of the job.
static int apply_pause(struct change *c, const struct live *l, bool requeue, int64_t now, struct err *e)
{
    bool asked = c->job.control && strcmp(c->job.control, "pause") == 0; // by a user, not by a worker that leaves
    live_to_row(l, &c->job);
    int rc = change_pause(c, now, e);
    return !rc && requeue && !asked && row_status(&c->job) == JOB_PAUSED ? change_resume(c, now, e) : rc;
}

static int apply_exited(struct store_tx *tx, struct change *c, struct live *l, const struct wire_event *ev, int64_t now,
                        struct err *e)
{
    // A job that was told to stop for its time limit did not end well, whatever its process says.
    bool good = ev->u.exited.code == 0 && ev->u.exited.signal == 0 && !ev->u.exited.timed_out;
    if (good && ev->u.exited.paused && row_status(&c->job) != JOB_CANCELLING)
        return apply_pause(c, l, ev->u.exited.requeue, now, e);
    // Whoever sat before an attached program ended it: that is a cancel, asked for where the program runs.
    if (!good && ev->u.exited.interrupted && c->job.attached && change_apply(c, JOB_EV_CANCEL, e) != 0) return e->code;
    bool failed = !good && row_status(&c->job) != JOB_CANCELLING;
    int rc = failed ? fail(tx, c, ev, e) : 0;
    if (rc || (failed && change_try_again(c, now))) return rc;
    // The end comes once; a worker that says it again changes nothing.
    if (change_apply(c, good ? JOB_EV_EXITED_OK : JOB_EV_EXITED_BAD, NULL) != 0) return 0;
    enum job_status s = row_status(&c->job);
    c->reported = l->progress.percent;
    if (s == JOB_COMPLETED) {
        progress_complete(&l->progress);
        // Asked to finish early, or content with less by itself: what it counted stays.
        bool early = c->job.attached || (c->job.control && strcmp(c->job.control, "stop") == 0);
        if (l->progress.total >= 0 && !early) l->progress.done = l->progress.total;
    }
    live_to_row(l, &c->job);
    set_text(&c->job.message, NULL);
    change_end(c, now);
    if (s == JOB_FAILED) change_event_why(c, "%s: %s", c->job.error_type, c->job.error_message);
    if (s == JOB_FAILED) return 0;
    // An error line of a job that was asked to stop, or that ended well after all, isn't why it ended.
    set_text(&c->job.error_type, NULL);
    set_text(&c->job.error_message, NULL);
    set_text(&c->job.error_params, NULL);
    return 0;
}

// ---- one event ----------------------------------------------------------------------------------------------------

static void apply_error(struct change *c, const struct wire_event *ev)
{
    set_text(&c->job.error_type, ev->u.error.error_type);
    set_text(&c->job.error_message, ev->u.error.message);
    char *params = json_to_text(ev->u.error.params);
    set_text(&c->job.error_params, params);
    free(params);
}

// A process that writes has been started, whatever came of the line that says so.
static void note_started(struct change *c, int64_t now)
{
    if (change_apply(c, JOB_EV_STARTED, NULL) == 0 && c->job.started_at == 0) c->job.started_at = now;
}

int report_apply(struct store_tx *tx, struct change *c, struct live *l, const struct wire_event *ev, int64_t now,
                 int64_t mono, struct err *e)
{
    int64_t ts = ev->ts_us ? ev->ts_us : now;
    if (!job_is_active(row_status(&c->job))) return 0; // nothing comes after the end, nor after an attempt's
    bool begun = c->job.started_at != 0 && row_status(&c->job) != JOB_STARTING;
    if (ev->type >= WIRE_PHASE && ev->type <= WIRE_OUTPUT && !begun) note_started(c, now);
    switch (ev->type) {
    case WIRE_STARTED: c->job.pid = ev->u.started.pid ? ev->u.started.pid : -1; return 0;
    case WIRE_PHASE: apply_phase(c, l, ev); return 0;
    case WIRE_PROGRESS: apply_progress(c, l, ev, mono); return 0;
    case WIRE_METRIC: return apply_metric(tx, c, l, ev, now, e);
    case WIRE_CHECKPOINT: return apply_checkpoint(tx, c, ev, now, e);
    case WIRE_ERROR: apply_error(c, ev); return 0;
    case WIRE_OUTPUT: log_line(c, ts, ev->u.output.stream, ev->u.output.text); return 0;
    case WIRE_LOG: log_line(c, ts, "log", ev->u.log.text); return 0;
    case WIRE_PAUSED:
        free(c->job.resume);
        c->job.resume = ev->u.paused.resume ? json_to_text(ev->u.paused.resume) : NULL;
        return 0;
    case WIRE_FROZEN: (void)change_freeze(c, NULL); return 0; // refused only if there is nothing to be paused any more
    case WIRE_THAWED:
        rate_reset(&l->progress.rate);     // standing still is no pace
        (void)change_resume(c, now, NULL); // the same
        return 0;
    case WIRE_RESULT:
        free(c->job.result);
        c->job.result = members_text(ev->json);
        return 0;
    case WIRE_RESOURCES:
        free(c->resources);
        c->resources = resources_text(c->job.id, ev->json);
        apply_usage(c, l, ev->json, ts);
        return 0;
    case WIRE_EXITED: return apply_exited(tx, c, l, ev, now, e);
    default: return 0;
    }
}
