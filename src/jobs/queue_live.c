// How far each running job is, in memory: what its percentages, rate and remaining time are computed from. The database
// holds the outcome; after a restart of the server this is made again from the row, and only the rate starts afresh.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"

static void live_free(struct live *l)
{
    if (!l) return;
    free(l->layers);
    usage_release(&l->usage);
    free(l);
}

static struct live *from_row(const struct job_row *r)
{
    struct live *l = mem_zalloc(sizeof *l);
    struct progress *p = &l->progress;
    snprintf(l->job_id, sizeof l->job_id, "%s", r->id);
    l->attempt = r->attempt;
    l->reported_at = r->last_report_at;
    l->learning_rate = (double)NAN;
    usage_init(&l->usage);
    usage_read(&l->usage, slice_str(r->usage));
    progress_init(p, r->determinate);
    if (!isnan(r->phase_from) && !isnan(r->phase_to)) p->from = r->phase_from, p->to = r->phase_to;
    snprintf(p->phase, sizeof p->phase, "%s", r->phase ? r->phase : "");
    snprintf(p->unit, sizeof p->unit, "%s", r->unit ? r->unit : "");
    p->phase_index = r->phase_index;
    p->phase_count = r->phase_count;
    p->done = r->done < 0 ? 0 : r->done;
    p->total = r->total;
    if (!isnan(r->progress)) {
        p->percent = r->progress;
        p->determinate = true;
    }
    return l;
}

struct live *live_get(struct queue *q, const struct job_row *r)
{
    struct live *l = map_get(&q->live, slice_str(r->id));
    // Of a report that was counted here and then not committed, the row knows nothing.
    if (l && l->attempt == r->attempt && l->reported_at == r->last_report_at) return l;
    l = from_row(r);
    live_free(map_put(&q->live, slice_str(r->id), l));
    return l;
}

void live_drop(struct queue *q, const char *job_id)
{
    live_free(map_remove(&q->live, slice_str(job_id)));
}

void live_release(struct queue *q)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->live, &at)) != NULL;) live_free(it->value);
    map_release(&q->live);
}

struct ev_layer *live_layer(struct live *l, int layer_idx, bool *first)
{
    int i = 0;
    while (i < l->n_layers && l->layers[i].layer_idx < layer_idx) i++;
    *first = i == l->n_layers || l->layers[i].layer_idx != layer_idx;
    if (*first) {
        l->layers = mem_realloc_array(l->layers, (size_t)l->n_layers + 1, sizeof *l->layers);
        memmove(&l->layers[i + 1], &l->layers[i], (size_t)(l->n_layers - i) * sizeof *l->layers);
        l->layers[i] = (struct ev_layer){layer_idx, (double)NAN, (double)NAN, (double)NAN};
        l->n_layers++;
    }
    return &l->layers[i];
}

void live_to_row(const struct live *l, struct job_row *r)
{
    const struct progress *p = &l->progress;
    struct eta eta = progress_eta(p);
    set_text(&r->phase, p->phase[0] ? p->phase : NULL);
    set_text(&r->unit, p->unit[0] ? p->unit : NULL);
    r->phase_index = p->phase_index;
    r->phase_count = p->phase_count;
    r->phase_from = p->from;
    r->phase_to = p->to;
    r->done = p->phase[0] || p->total >= 0 || p->done > 0 ? p->done : -1;
    r->total = p->total;
    r->progress = p->percent;
    r->rate = rate_value(&p->rate);
    r->eta_seconds = eta.seconds;
    r->eta_low = eta.low;
    r->eta_high = eta.high;
}
