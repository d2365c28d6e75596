// What is kept of a job's way: each status, each phase that it began, each thing that was asked of it. On the store's
// thread; GET /jobs/{id}/timeline shows it.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "jobs/queue_internal.h"
#include "store/job_events_table.h"

// A program may name a new phase with every line; statuses are few, and are always kept.
static bool room_for(const struct change *c, const char *event)
{
    return strcmp(event, "phase") != 0 || c->job.event_seq + c->n_events < JOB_EVENTS_PHASES_UNTIL;
}

void change_event(struct change *c, const char *event, const char *name, const char *text)
{
    if (!room_for(c, event)) return;
    c->events = grow_array(c->events, c->n_events, sizeof *c->events);
    struct change_event *ev = &c->events[c->n_events++];
    *ev = (struct change_event){.event = event, .attempt = c->job.attempt};
    snprintf(ev->name, sizeof ev->name, "%s", name);
    utf8_end(ev->name);
    snprintf(ev->text, sizeof ev->text, "%s", text ? text : "");
    utf8_end(ev->text);
}

void change_event_why(struct change *c, const char *fmt, ...)
{
    if (c->n_events == 0) return;
    struct change_event *ev = &c->events[c->n_events - 1];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ev->text, sizeof ev->text, fmt, ap);
    va_end(ap);
    utf8_end(ev->text);
}

int change_store_events(struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    int rc = 0;
    for (int i = 0; !rc && i < c->n_events; i++) {
        struct change_event *ev = &c->events[i];
        if (strcmp(ev->event, "status") == 0) c->job.status_at = now;
        struct job_event_row r = {.seq = ++c->job.event_seq,
                                  .at = now,
                                  .attempt = ev->attempt,
                                  .event = (char *)(uintptr_t)ev->event, // borrowed: this row isn't released
                                  .name = ev->name,
                                  .text = ev->text[0] ? ev->text : NULL};
        memcpy(r.job_id, c->job.id, sizeof r.job_id);
        rc = job_event_insert(tx, &r, e);
    }
    return rc;
}
