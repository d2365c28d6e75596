#include "jobs/state.h"

#include <string.h>

static const char *const status_names[] = {
#define X(sym, name) name,
    JOB_STATUS_MAP(X)
#undef X
};

static const char *const event_names[] = {
    [JOB_EV_CLAIMED] = "claimed",
    [JOB_EV_STARTED] = "started",
    [JOB_EV_REPORTED] = "reported",
    [JOB_EV_PAUSED] = "paused",
    [JOB_EV_RESUMED] = "resumed",
    [JOB_EV_LATE] = "late",
    [JOB_EV_LOST] = "lost",
    [JOB_EV_CANCEL] = "cancel",
    [JOB_EV_EXITED_OK] = "exited with success",
    [JOB_EV_EXITED_BAD] = "exited with failure",
    [JOB_EV_RETRY] = "tried again",
};

// What an event makes of a status. Every pair not set here is refused: 0 stands for that, a status is stored plus one.
#define TO(status) ((status) + 1)
static const unsigned char transitions[JOB_STATUS_COUNT][JOB_EVENT_COUNT] = {
    [JOB_QUEUED] =
        {
            [JOB_EV_CLAIMED] = TO(JOB_STARTING),
            [JOB_EV_PAUSED] = TO(JOB_PAUSED),
            [JOB_EV_RESUMED] = TO(JOB_QUEUED),
            [JOB_EV_CANCEL] = TO(JOB_CANCELLED),
        },
    [JOB_STARTING] =
        {
            [JOB_EV_STARTED] = TO(JOB_RUNNING),
            [JOB_EV_REPORTED] = TO(JOB_STARTING),
            [JOB_EV_PAUSED] = TO(JOB_PAUSED),
            [JOB_EV_RESUMED] = TO(JOB_STARTING),
            [JOB_EV_LATE] = TO(JOB_STALLED),
            [JOB_EV_CANCEL] = TO(JOB_CANCELLING),
            [JOB_EV_EXITED_OK] = TO(JOB_COMPLETED),
            [JOB_EV_EXITED_BAD] = TO(JOB_FAILED),
            [JOB_EV_RETRY] = TO(JOB_QUEUED),
        },
    [JOB_RUNNING] =
        {
            [JOB_EV_STARTED] = TO(JOB_RUNNING),
            [JOB_EV_REPORTED] = TO(JOB_RUNNING),
            [JOB_EV_PAUSED] = TO(JOB_PAUSED),
            [JOB_EV_RESUMED] = TO(JOB_RUNNING),
            [JOB_EV_LATE] = TO(JOB_STALLED),
            [JOB_EV_CANCEL] = TO(JOB_CANCELLING),
            [JOB_EV_EXITED_OK] = TO(JOB_COMPLETED),
            [JOB_EV_EXITED_BAD] = TO(JOB_FAILED),
            [JOB_EV_RETRY] = TO(JOB_QUEUED),
        },
    [JOB_PAUSED] =
        {
            [JOB_EV_REPORTED] = TO(JOB_PAUSED),
            [JOB_EV_PAUSED] = TO(JOB_PAUSED),
            [JOB_EV_RESUMED] = TO(JOB_RUNNING), // without a process: queued
            [JOB_EV_LATE] = TO(JOB_STALLED),
            [JOB_EV_CANCEL] = TO(JOB_CANCELLING), // without a process: cancelled
            [JOB_EV_EXITED_OK] = TO(JOB_COMPLETED),
            [JOB_EV_EXITED_BAD] = TO(JOB_FAILED),
            [JOB_EV_RETRY] = TO(JOB_QUEUED),
        },
    [JOB_STALLED] =
        {
            // The lease was only late: the worker is back.
            [JOB_EV_STARTED] = TO(JOB_RUNNING),
            [JOB_EV_REPORTED] = TO(JOB_RUNNING),
            [JOB_EV_LATE] = TO(JOB_STALLED),
            [JOB_EV_LOST] = TO(JOB_FAILED), // or queued again: job_apply decides by the attempts left
            [JOB_EV_CANCEL] = TO(JOB_CANCELLING),
            [JOB_EV_EXITED_OK] = TO(JOB_COMPLETED),
            [JOB_EV_EXITED_BAD] = TO(JOB_FAILED),
            [JOB_EV_RETRY] = TO(JOB_QUEUED),
        },
    [JOB_CANCELLING] =
        {
            [JOB_EV_STARTED] = TO(JOB_CANCELLING),
            [JOB_EV_REPORTED] = TO(JOB_CANCELLING),
            [JOB_EV_PAUSED] = TO(JOB_CANCELLING),
            [JOB_EV_RESUMED] = TO(JOB_CANCELLING),
            [JOB_EV_LATE] = TO(JOB_CANCELLING),
            [JOB_EV_LOST] = TO(JOB_CANCELLED),
            [JOB_EV_CANCEL] = TO(JOB_CANCELLING),
            [JOB_EV_EXITED_OK] = TO(JOB_CANCELLED),
            [JOB_EV_EXITED_BAD] = TO(JOB_CANCELLED),
            [JOB_EV_RETRY] = TO(JOB_CANCELLED), // a cancel that was asked meanwhile wins
        },
    [JOB_CANCELLED] = {[JOB_EV_CANCEL] = TO(JOB_CANCELLED)},
};

int job_apply(struct job_state *s, enum job_event ev, struct err *e)
{
    int to = transitions[s->status][ev];
    if (to == 0)
        return err_set(e, HW_ECONFLICT, "a job that is %s can't be %s", status_names[s->status],
                       ev == JOB_EV_CANCEL ? "cancelled" : event_names[ev]);
    bool idle = s->status == JOB_PAUSED && !s->held;
    s->status = (enum job_status)(to - 1);
    if (idle && ev == JOB_EV_RESUMED) s->status = JOB_QUEUED;
    if (idle && ev == JOB_EV_CANCEL) s->status = JOB_CANCELLED;
    if (ev == JOB_EV_LOST && s->status == JOB_FAILED && s->attempt < s->max_attempts) {
        s->status = JOB_QUEUED;
        s->attempt++;
    }
    if (ev == JOB_EV_RETRY && s->status == JOB_QUEUED) s->attempt++;
    return 0;
}

bool job_is_final(enum job_status s)
{
    return s == JOB_CANCELLED || s == JOB_COMPLETED || s == JOB_FAILED;
}

bool job_is_active(enum job_status s)
{
    return s != JOB_QUEUED && !job_is_final(s);
}

const char *job_status_name(enum job_status s)
{
    return status_names[s];
}

bool job_status_from_name(const char *name, enum job_status *out)
{
    for (int i = 0; i < JOB_STATUS_COUNT; i++) {
        if (strcmp(name, status_names[i]) != 0) continue;
        *out = (enum job_status)i;
        return true;
    }
    return false;
}

const char *job_event_name(enum job_event ev)
{
    return event_names[ev];
}
