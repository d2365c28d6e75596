#include "worker/leftover.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

void leftover_write(const struct leftover *l, struct buf *out)
{
    struct jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "job_id", l->job_id);
    jw_ki64(&w, "attempt", l->attempt);
    jw_ki64(&w, "pgid", l->pgid);
    jw_ki64(&w, "start_ticks", (int64_t)l->start_ticks);
    jw_kstr(&w, "boot_id", l->boot_id);
    jw_kstr(&w, "pid_namespace", l->pid_namespace);
    jw_obj_end(&w);
}

static int read_text(const json_t *obj, const char *key, char *out, size_t size, struct err *e)
{
    const char *text;
    int rc = json_get_str(obj, key, "", &text, e);
    if (rc) return rc;
    if (!*text || strlen(text) >= size) return err_field(e, HW_EVALIDATION, key, "%s is missing or too long", key);
    memcpy(out, text, strlen(text) + 1);
    return 0;
}

int leftover_read(struct slice text, struct leftover *out, struct err *e)
{
    *out = (struct leftover){0};
    json_t *obj = json_read_object(text, e);
    if (!obj) return HW_EINVALID;
    int64_t start;
    int rc = read_text(obj, "job_id", out->job_id, sizeof out->job_id, e);
    if (!rc) rc = json_get_i64(obj, "attempt", 0, 1, INT32_MAX, &out->attempt, e);
    if (!rc) rc = json_get_i64(obj, "pgid", 0, 2, INT32_MAX, &out->pgid, e);
    if (!rc) rc = json_get_i64(obj, "start_ticks", -1, 0, INT64_MAX, &start, e);
    if (!rc) rc = read_text(obj, "boot_id", out->boot_id, sizeof out->boot_id, e);
    if (!rc) rc = read_text(obj, "pid_namespace", out->pid_namespace, sizeof out->pid_namespace, e);
    // Absent is the default, which the range doesn't hold for.
    if (!rc && (out->attempt < 1 || out->pgid < 2 || start < 0))
        rc = err_set(e, HW_EVALIDATION, "attempt, pgid or start_ticks is missing");
    json_decref(obj);
    if (!rc) out->start_ticks = (uint64_t)start;
    return rc;
}

bool leftover_in_environment(const struct leftover *l, struct slice environment)
{
    char job[64], attempt[48];
    bool job_seen = false, attempt_seen = false;
    snprintf(job, sizeof job, "HEADWAY_JOB_ID=%s", l->job_id);
    snprintf(attempt, sizeof attempt, "HEADWAY_ATTEMPT=%lld", (long long)l->attempt);
    while (environment.n) {
        struct slice entry = slice_cut(&environment, '\0');
        job_seen = job_seen || slice_is(entry, job);
        attempt_seen = attempt_seen || slice_is(entry, attempt);
    }
    return job_seen && attempt_seen;
}

bool leftover_lives(const struct leftover *l, const struct leftover_process *p)
{
    bool leader = p->pid == l->pgid && p->start_ticks == l->start_ticks;
    return !p->ended && (leader || (p->pgrp == l->pgid && p->start_ticks >= l->start_ticks));
}

enum leftover_is leftover_judge(const struct leftover *l, const struct leftover_process *p, size_t n, bool proven)
{
    bool leader = false, alive = false, says = false;
    for (size_t i = 0; i < n; i++) {
        if (p[i].pid == l->pgid && p[i].start_ticks != l->start_ticks) return LEFTOVER_FOREIGN;
        if (p[i].pid == l->pgid) leader = true;
        if (p[i].pgrp == l->pgid && !p[i].ended) alive = true;
        if (leftover_lives(l, &p[i])) alive = true, says = says || p[i].says;
    }
    if (!alive) return LEFTOVER_GONE;
    return leader || says || proven ? LEFTOVER_OURS : LEFTOVER_FOREIGN;
}
