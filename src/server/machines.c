#include "server/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"

struct other {
    struct machine *machine;
    char reporter[ID_SIZE]; // the worker whose readings are taken
};

struct machines {
    struct machines_config c;
    struct other *others[MACHINES_MAX]; // by name
    int n;
};

struct machines *machines_new(const struct machines_config *c)
{
    struct machines *ms = mem_zalloc(sizeof *ms);
    ms->c = *c;
    return ms;
}

static void other_free(struct other *o)
{
    machine_free(o->machine);
    free(o);
}

void machines_free(struct machines *ms)
{
    if (!ms) return;
    for (int i = 0; i < ms->n; i++) other_free(ms->others[i]);
    free(ms);
}

bool machines_host_ok(const char *host)
{
    size_t n = strlen(host);
    if (n == 0 || n > MACHINE_HOST_MAX) return false;
    for (size_t i = 0; i < n; i++)
        if (!ascii_is(host[i], ASCII_NAME)) return false;
    return true;
}

// Where the host is, or belongs.
static int place_of(const struct machines *ms, const char *host)
{
    int i = 0;
    while (i < ms->n && strcmp(machine_host(ms->others[i]->machine), host) < 0) i++;
    return i;
}

static struct other *other_at(const struct machines *ms, int place, const char *host)
{
    bool there = place < ms->n && strcmp(machine_host(ms->others[place]->machine), host) == 0;
    return there ? ms->others[place] : NULL;
}

struct machine *machines_find(const struct machines *ms, const char *host)
{
    if (!host || !*host || strcmp(host, machine_host(ms->c.own)) == 0) return ms->c.own;
    struct other *o = other_at(ms, place_of(ms, host), host);
    return o ? o->machine : NULL;
}

void machines_forget(struct machines *ms, int64_t now_mono_us)
{
    int kept = 0;
    for (int i = 0; i < ms->n; i++) {
        struct other *o = ms->others[i];
        if (machine_age_us(o->machine, now_mono_us) < MACHINE_FORGET_US) {
            ms->others[kept++] = o;
            continue;
        }
        log_info("monitor", "nothing has come from the machine %s for an hour: it is forgotten",
                 machine_host(o->machine));
        machine_end_minute(o->machine);
        other_free(o);
    }
    ms->n = kept;
}

static struct other *add(struct machines *ms, const char *host)
{
    int at = place_of(ms, host);
    struct other *o = mem_zalloc(sizeof *o);
    o->machine = machine_new(ms->c.emitter, ms->c.minutes, host, false, ms->c.interval_us);
    memmove(&ms->others[at + 1], &ms->others[at], (size_t)(ms->n - at) * sizeof *ms->others);
    ms->others[at] = o;
    ms->n++;
    return o;
}

struct lookup {
    struct job_groups groups;
    const char *host;
};

static const char *job_of_group(void *ctx, int64_t pgid)
{
    const struct lookup *l = ctx;
    return job_groups_find(&l->groups, l->host, pgid);
}

static struct machine_reading *reading_of(struct machines *ms, const char *host, struct sample *s, unsigned parts)
{
    struct lookup l = {.host = host};
    s->host = host;
    if (s->gpu_count) job_groups_list(&l.groups, ms->c.jobs); // only GPUs have processes to name
    struct machine_reading *r = machine_reading_new(s, parts, clock_now_us(), job_of_group, &l);
    job_groups_release(&l.groups);
    return r;
}

static int check_host(const struct machines *ms, const char *host, struct err *e)
{
    if (!machines_host_ok(host))
        return err_field(e, HW_EVALIDATION, "host",
                         "the worker's host name can't be part of a channel's: A-Z a-z 0-9 _ . : - are accepted, and "
                         "%d bytes at most (headway worker --host-name)",
                         MACHINE_HOST_MAX);
    if (strcmp(host, machine_host(ms->c.own)) == 0)
        return err_field(e, HW_EVALIDATION, "host", "%s is the server's own machine, which it reads itself", host);
    return 0;
}

int machines_report(struct machines *ms, const char *worker_id, const char *host, struct slice body,
                    int64_t now_mono_us, struct err *e)
{
    struct sample s;
    unsigned parts;
    int rc = check_host(ms, host, e);
    if (!rc) rc = sample_read_report(body, &s, &parts, e);
    if (rc) return rc;
    machines_forget(ms, now_mono_us);
    struct other *o = other_at(ms, place_of(ms, host), host);
    if (!o && ms->n == MACHINES_MAX) {
        sample_release(&s);
        return err_set(e, HW_EUNAVAILABLE, "the server keeps the readings of %d other machines, and has as many",
                       MACHINES_MAX);
    }
    if (!o) o = add(ms, host);
    bool listened = strcmp(o->reporter, worker_id) == 0 || !machine_live(o->machine, now_mono_us);
    if (listened) {
        snprintf(o->reporter, sizeof o->reporter, "%s", worker_id);
        machine_take(o->machine, reading_of(ms, host, &s, parts), now_mono_us);
    }
    sample_release(&s);
    return 0;
}

void machines_write(const struct machines *ms, int64_t now_mono_us, struct jw *w)
{
    jw_obj(w);
    jw_key(w, "items");
    jw_arr(w);
    machine_write(ms->c.own, now_mono_us, w);
    for (int i = 0; i < ms->n; i++) machine_write(ms->others[i]->machine, now_mono_us, w);
    jw_arr_end(w);
    jw_obj_end(w);
}
