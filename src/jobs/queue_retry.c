// A failure that is tried again by itself: the same job, its next attempt. Whether and when is decided by jobs/retry.h.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/kinds.h"
#include "jobs/queue_internal.h"
#include "jobs/retry.h"

int params_merge(const char *text, const char *changed, char **out, struct err *e)
{
    *out = NULL;
    json_t *base = json_read_object(slice_str(text), e);
    json_t *over = changed && base ? json_read_object(slice_str(changed), e) : NULL;
    bool sound = base && (!changed || (over && json_object_update(base, over) == 0));
    char *merged = sound ? json_to_text(base) : NULL;
    json_decref(over);
    json_decref(base);
    if (!merged) return err_set(e, HW_EINTERNAL, "the job's parameters can't be read");
    *out = merged;
    return 0;
}

// What is suggested may come from the job's own error line: only what the kind takes is put among its parameters.
static bool suggestion_fits(const struct job_row *r)
{
    json_t *s = r->suggested_retry_params ? json_read_object(slice_str(r->suggested_retry_params), NULL) : NULL;
    const struct job_kind *kind = job_kind_find(r->kind);
    bool fits = json_object_size(s) > 0 && (!kind || job_kind_check_changes(kind, s, NULL) == 0);
    json_decref(s);
    return fits;
}

static double random_fraction(void)
{
    uint32_t bits;
    id_random_bytes(&bits, sizeof bits);
    return (double)bits / 4294967296.0;
}

static void say_why(struct change *c, int failed_attempt, const struct retry_decision *d, int64_t now)
{
    const struct job_row *r = &c->job;
    char when[48] = "at once";
    if (d->delay_us > 0) snprintf(when, sizeof when, "in %.1f s", (double)d->delay_us / 1e6);
    char *text = mem_printf("attempt %d failed (%s): %s; attempt %d begins %s%s%s", failed_attempt, r->error_type,
                            r->error_message, r->attempt, when, d->changed ? " with " : "",
                            d->changed ? r->suggested_retry_params : "");
    change_log(c, now, "log", slice_str(text));
    change_event_why(c, "%s", text);
    free(text);
}

static int change_params(struct job_row *r)
{
    char *params, *spec = NULL;
    int rc = params_merge(r->params, r->suggested_retry_params, &params, NULL);
    if (!rc) rc = params_merge(r->spec, r->suggested_retry_params, &spec, NULL);
    if (rc) {
        free(params);
        return rc;
    }
    free(r->params);
    free(r->spec);
    r->params = params;
    r->spec = spec;
    r->auto_retries++;
    return 0;
}

bool change_try_again(struct change *c, int64_t now)
{
    struct job_row *r = &c->job;
    int failed_attempt = r->attempt;
    const struct retry_facts facts = {.error_type = r->error_type,
                                      .attempt = r->attempt,
                                      .max_attempts = r->max_attempts,
                                      .attached = r->attached,
                                      .stop_asked = r->control && strcmp(r->control, "stop") == 0,
                                      .auto_retry = r->auto_retry,
                                      .auto_retries = r->auto_retries,
                                      .suggested = suggestion_fits(r),
                                      .random = random_fraction()};
    struct retry_decision d = retry_decide(&facts);
    if (!d.again || (d.changed && change_params(r) != 0)) return false;
    if (change_apply(c, JOB_EV_RETRY, NULL) != 0) return false;
    say_why(c, failed_attempt, &d, now);
    (void)change_requeue(c, now, NULL); // nothing is refused of a job that has just been queued
    set_text(&r->suggested_retry_params, NULL);
    r->waiting = d.delay_us > 0;
    r->not_before = r->waiting ? now + d.delay_us : 0;
    c->progressed = false; // what the failed attempt had reached is past
    return true;
}
