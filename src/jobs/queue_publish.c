// From committed changes to events: the job's own, those of what it is for (queue_entity_publish.c), and the summary
// for dashboards. On the loop's thread.
//
// Progress is held back to one event each 50 ms a job and summaries to one each 500 ms; the newest is always sent in
// the end. What ends or changes a state is never held, and what was held before it goes first.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/job_json.h"
#include "jobs/queue_entity_publish.h"
#include "jobs/queue_internal.h"

void queue_sent(struct queue *q, int64_t seq)
{
    if (seq >= 0) return;
    q->lost_events++;
    if (q->cfg.lost_event) q->cfg.lost_event(q->cfg.ctx, (int)seq, q->lost_events);
}

// ---- what the loop remembers --------------------------------------------------------------------------------------

static void shown_free(struct shown *s)
{
    if (!s) return;
    change_free(s->last);
    free(s->resources);
    free(s);
}

struct shown *shown_get(struct queue *q, const char *job_id)
{
    struct shown *s = map_get(&q->shown, slice_str(job_id));
    if (s) return s;
    s = mem_zalloc(sizeof *s);
    memcpy(s->job_id, job_id, strnlen(job_id, sizeof s->job_id - 1));
    map_put(&q->shown, slice_str(job_id), s);
    return s;
}

void shown_release(struct queue *q)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->shown, &at)) != NULL;) shown_free(it->value);
    map_release(&q->shown);
}

// ---- payloads -----------------------------------------------------------------------------------------------------

static struct ev_job job_payload(const struct change *c)
{
    const struct job_row *r = &c->job;
    return (struct ev_job){.job_id = r->id,
                           .kind = r->kind,
                           .previous = c->status_changed && c->previous[0] ? c->previous : NULL,
                           .at = {.status = r->status,
                                  .phase = r->phase,
                                  .unit = r->unit,
                                  .message = r->message,
                                  .phase_index = r->phase_index,
                                  .phase_count = r->phase_count,
                                  .progress = r->progress,
                                  .rate = r->rate,
                                  .eta_seconds = r->eta_seconds,
                                  .done = r->done,
                                  .total = r->total}};
}

struct ev_failure change_failure(const struct change *c)
{
    const struct job_row *r = &c->job;
    bool cancelled = row_status(r) == JOB_CANCELLED;
    return (struct ev_failure){.error_type = cancelled ? "CANCELLED" : r->error_type,
                               .error_message = cancelled ? "the job was cancelled" : r->error_message,
                               .suggested_retry_params = slice_str(r->suggested_retry_params),
                               .progress = r->progress,
                               .retry_available = !r->retried_by[0]};
}

static void send_summary(struct queue *q, const struct job_row *r, int64_t (*emit)(struct emitter *, struct slice))
{
    char status[160];
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    (emit == emit_operation_updated ? job_update_json : job_json)(&w, r,
                                                                  queue_status_text(q, r, status, sizeof status));
    queue_sent(q, emit(q->cfg.emitter, buf_slice(&b)));
    buf_release(&b);
}

// ---- one change ---------------------------------------------------------------------------------------------------

// Of a report that also ended the job, the event of progress says where the job was before its end: the final status,
// and 100, belong to the events of the end, however the reports were batched.
static void send_progress(struct queue *q, const struct change *c)
{
    bool ended = c->status_changed && job_is_final(row_status(&c->job));
    bool was_starting = strcmp(c->previous, job_status_name(JOB_STARTING)) == 0;
    double progress = ended ? c->reported : c->job.progress;
    struct ev_job p = job_payload(c);
    p.previous = NULL;
    p.at.progress = progress;
    if (ended) p.at.status = was_starting ? job_status_name(JOB_RUNNING) : c->previous;
    queue_sent(q, emit_job_progress(q->cfg.emitter, &p));
    entity_publish_progress(q, c, progress);
}

static void send_status(struct queue *q, const struct change *c)
{
    struct ev_job p = job_payload(c);
    struct ev_failure f = change_failure(c);
    enum job_status s = row_status(&c->job);
    queue_sent(q, emit_job_status_changed(q->cfg.emitter, &p));
    if (s == JOB_COMPLETED) queue_sent(q, emit_job_completed(q->cfg.emitter, &p));
    if (s == JOB_FAILED) queue_sent(q, emit_job_failed(q->cfg.emitter, &p, &f));
    entity_publish_status(q, c);
}

// A job may write more than anybody reads. Of each report the newest lines are told, as many as a page can use; a gap
// in their seq says that there are more to be read over REST.
enum { LIVE_LINES = 256, LIVE_BYTES = 32 << 10 };

static void send_logs(struct queue *q, const struct change *c)
{
    if (c->n_logs == 0) return;
    int first = c->n_logs;
    for (size_t bytes = 0; first > 0 && c->n_logs - first < LIVE_LINES; first--) {
        bytes += c->logs[first - 1].n;
        if (bytes > LIVE_BYTES && first < c->n_logs) break;
    }
    struct ev_log_line *lines = mem_array((size_t)(c->n_logs - first), sizeof *lines);
    for (int i = first; i < c->n_logs; i++)
        lines[i - first] = (struct ev_log_line){c->logs[i].seq, c->logs[i].ts_us, c->logs[i].stream,
                                                slice_of(c->logs[i].text, c->logs[i].n)};
    queue_sent(q, emit_job_logs(q->cfg.emitter, c->job.id, lines, c->n_logs - first));
    free(lines);
}

static void take_resources(struct queue *q, struct shown *s, struct change *c)
{
    if (!c->resources) return;
    queue_sent(q, emit_job_resources(q->cfg.emitter, c->job.id, slice_str(c->resources)));
    free(s->resources);
    s->resources = c->resources;
    c->resources = NULL;
}

static void flush_estimate(struct queue *q, struct shown *s, int64_t mono)
{
    if (!s->estimate_us || mono < s->estimate_us) return;
    s->estimate_us = 0;
    free(s->resources);
    s->resources = resources_estimate(&s->last->job);
    queue_sent(q, emit_job_resources(q->cfg.emitter, s->job_id, slice_str(s->resources)));
}

// A job that has given its process up, to wait paused or in the queue, uses nothing: pages must not go on showing what
// it used last.
static void let_go(struct queue *q, struct shown *s, const struct change *c)
{
    if (!c->status_changed || s->lease_until || !s->resources || job_is_final(row_status(&c->job))) return;
    free(s->resources);
    s->resources = resources_nothing(&c->job);
    queue_sent(q, emit_job_resources(q->cfg.emitter, c->job.id, slice_str(s->resources)));
}

static void flush_progress(struct queue *q, struct shown *s, int64_t mono)
{
    if (!s->progress_held) return;
    send_progress(q, s->last);
    s->progress_held = false;
    s->progress_us = mono;
}

static void flush_summary(struct queue *q, struct shown *s, int64_t mono)
{
    if (!s->summary_held) return;
    send_summary(q, &s->last->job, emit_operation_updated);
    s->summary_held = false;
    s->summary_us = mono;
}

static bool due(int64_t last, int64_t gap, int64_t mono)
{
    return last == 0 || mono - last >= gap;
}

static void drop(struct queue *q, struct shown *s)
{
    map_remove(&q->shown, slice_str(s->job_id));
    shown_free(s);
}

// A queued job of which all is said needs nothing remembered: thousands of them cost no time here.
static bool idle(const struct shown *s, int64_t mono)
{
    return s->last && row_status(&s->last->job) == JOB_QUEUED && !s->progress_held && !s->summary_held &&
           due(s->summary_us, QUEUE_SUMMARY_GAP_US, mono);
}

static void publish(struct queue *q, struct change *c, int64_t mono)
{
    struct shown *s = shown_get(q, c->job.id);
    bool final = job_is_final(row_status(&c->job));
    bool news = c->status_changed || c->created;
    // What is still held is about the state before, so it goes first; progress of this very report does too.
    if (news) flush_progress(q, s, mono);
    resources_watch(s, c, mono);
    change_free(s->last);
    s->last = c;
    s->lease_until = c->job.lease_until;
    s->progress_held |= c->progressed;
    s->summary_held = !c->created && !(final && news);
    if (c->entity_created) entity_publish_created(q, c);
    send_logs(q, c);
    entity_publish_checkpoints(q, c);
    take_resources(q, s, c);
    let_go(q, s, c);
    if (c->progressed && final) flush_progress(q, s, mono);
    if (s->progress_held && due(s->progress_us, QUEUE_PROGRESS_GAP_US, mono)) flush_progress(q, s, mono);
    if (news) send_status(q, c);
    if (c->created) send_summary(q, &c->job, emit_operation_created);
    if (final && news) send_summary(q, &c->job, emit_operation_finished);
    if (final) flush_summary(q, s, mono);
    if (s->summary_held && due(s->summary_us, QUEUE_SUMMARY_GAP_US, mono)) flush_summary(q, s, mono);
    bool queued = row_status(&c->job) == JOB_QUEUED;
    if (queued && c->job.waiting)
        queue_note_due(q, c->job.not_before);
    else if (queued && (news || c->ready))
        queue_wake_claims(q, c->job.queue, c->job.resource_class);
    if (final || idle(s, mono)) drop(q, s);
}

void queue_publish(struct queue *q, struct list *changes)
{
    int64_t mono = queue_mono(q);
    LIST_EACH(it, next, changes)
    {
        list_remove(it);
        publish(q, LIST_ITEM(it, struct change, node), mono);
    }
    queue_rearm(q);
}

void queue_publish_held(struct queue *q, int64_t mono)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->shown, &at)) != NULL;) {
        struct shown *s = it->value;
        if (due(s->progress_us, QUEUE_PROGRESS_GAP_US, mono)) flush_progress(q, s, mono);
        if (due(s->summary_us, QUEUE_SUMMARY_GAP_US, mono)) flush_summary(q, s, mono);
        flush_estimate(q, s, mono);
        if (idle(s, mono)) drop(q, s); // a map's own entry may be removed while it is walked
    }
}

int64_t queue_publish_due(const struct queue *q)
{
    int64_t first = INT64_MAX;
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->shown, &at)) != NULL;) {
        const struct shown *s = it->value;
        int64_t progress = s->progress_held ? s->progress_us + QUEUE_PROGRESS_GAP_US : INT64_MAX;
        int64_t summary = s->summary_held ? s->summary_us + QUEUE_SUMMARY_GAP_US : INT64_MAX;
        first = progress < first ? progress : first;
        first = summary < first ? summary : first;
        if (s->estimate_us && s->estimate_us < first) first = s->estimate_us;
    }
    return first;
}
