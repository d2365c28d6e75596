#include "cli/follow.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"

enum { WAIT_MS = 100 };

struct follower {
    struct api *api; // borrowed
    struct sio_client *sio;
    struct progress_view *view;
    int interrupt_fd;
    bool all;
    bool connected_once;
    struct map job_of_training; // training id → job id (heap)
    struct map followed;        // job id → itself
};

int follower_new(struct follower **out, const char *server_url, struct api *api, int interrupt_fd, struct err *e)
{
    struct follower *f = mem_zalloc(sizeof *f);
    int rc = sio_client_new(&f->sio, server_url, e);
    if (rc) {
        free(f);
        return rc;
    }
    f->api = api;
    f->interrupt_fd = interrupt_fd;
    f->view = progress_view_new(stdout);
    map_init(&f->job_of_training);
    map_init(&f->followed);
    *out = f;
    return 0;
}

void follower_free(struct follower *f)
{
    if (!f) return;
    sio_client_free(f->sio);
    progress_view_free(f->view);
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&f->job_of_training, &at));) free(it->value);
    map_release(&f->job_of_training);
    map_release(&f->followed);
    free(f);
}

static void subscribe(struct follower *f, const char *entity_type, const char *id)
{
    char channel[128];
    snprintf(channel, sizeof channel, "%s/%s/progress", entity_type, id);
    sio_client_subscribe(f->sio, channel);
}

void follower_add(struct follower *f, const json_t *job)
{
    const char *id = json_string_value(json_object_get(job, "id"));
    if (!id) return;
    progress_view_update(f->view, job);
    if (map_get(&f->followed, slice_str(id))) return;
    map_put(&f->followed, slice_str(id), f);
    if (!f->all) subscribe(f, "jobs", id);
    const char *type = json_string_value(json_object_get(job, "entity_type"));
    const char *entity = json_string_value(json_object_get(job, "entity_id"));
    if (type && entity && strcmp(type, "training") == 0) {
        free(map_put(&f->job_of_training, slice_str(entity), mem_strdup(id)));
        subscribe(f, "trainings", entity);
    }
}

int follower_add_all(struct follower *f, struct err *e)
{
    json_t *reply;
    int rc = api_call(f->api, "GET", "/operations?state=active&limit=200", NULL, &reply, e);
    if (rc) return rc;
    f->all = true;
    sio_client_subscribe(f->sio, "operations");
    size_t i = json_array_size(json_object_get(reply, "items"));
    while (i-- > 0) follower_add(f, json_array_get(json_object_get(reply, "items"), i)); // oldest first
    json_decref(reply);
    return 0;
}

static void refresh_one(struct follower *f, const char *job_id)
{
    struct err e;
    json_t *job;
    char path[80];
    snprintf(path, sizeof path, "/jobs/%s", job_id);
    if (api_call(f->api, "GET", path, NULL, &job, &e) == 0) progress_view_update(f->view, job);
    json_decref(job);
}

// After a (re)connection: what is true now, in case events were missed beyond recovery.
static void refresh(struct follower *f)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&f->followed, &at));) refresh_one(f, it->key);
}

// The last thing seen of a failed job may have been its status, which comes just before the reason.
static void add_reasons(struct follower *f)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&f->followed, &at));) {
        bool failed = strcmp(progress_view_status(f->view, it->key), "failed") == 0;
        if (failed && !*progress_view_error(f->view, it->key)) refresh_one(f, it->key);
    }
}

static void handle_event(struct follower *f, const char *name, const json_t *payload);

// {event name: last payload} of the channel.
static void apply_snapshot(struct follower *f, const json_t *subscribed)
{
    const char *name;
    json_t *payload;
    json_object_foreach(json_object_get(subscribed, "snapshot"), name, payload) handle_event(f, name, payload);
}

static void handle_event(struct follower *f, const char *name, const json_t *payload)
{
    if (strcmp(name, "subscribed") == 0) {
        apply_snapshot(f, payload);
    } else if (strncmp(name, "operation:", 10) == 0) {
        follower_add(f, payload);
    } else if (strncmp(name, "job:", 4) == 0) {
        progress_view_update(f->view, payload);
    } else if (strcmp(name, "training:progress") == 0) {
        const char *id = json_string_value(json_object_get(payload, "training_id"));
        const char *job = id ? map_get(&f->job_of_training, slice_str(id)) : NULL;
        if (job) progress_view_training(f->view, job, payload);
    } else if (strcmp(name, "error") == 0) {
        const char *message = json_string_value(json_object_get(payload, "message"));
        progress_view_note(f->view, message ? message : "the server refused a request");
    }
}

static bool interrupted(const struct follower *f)
{
    struct pollfd p = {.fd = f->interrupt_fd, .events = POLLIN};
    return f->interrupt_fd >= 0 && poll(&p, 1, 0) > 0;
}

enum follow_end follower_run(struct follower *f, bool forever)
{
    bool stop = false;
    while (!(stop = interrupted(f)) && (forever || progress_view_active(f->view))) {
        struct sio_client_event ev = sio_client_next(f->sio, WAIT_MS, f->interrupt_fd);
        switch (ev.type) {
        case SIO_CLIENT_EVENT: handle_event(f, ev.name, ev.payload); break;
        case SIO_CLIENT_CONNECTED:
            progress_view_note(f->view, NULL);
            if (f->connected_once) refresh(f);
            f->connected_once = true;
            break;
        case SIO_CLIENT_DISCONNECTED:
        case SIO_CLIENT_NOTHING:
            if (*sio_client_error(f->sio)) {
                char note[200];
                snprintf(note, sizeof note, "offline: %s; trying again", sio_client_error(f->sio));
                progress_view_note(f->view, note);
            }
            break;
        }
        progress_view_draw(f->view);
    }
    if (!stop) add_reasons(f);
    progress_view_finish(f->view);
    return stop ? FOLLOW_INTERRUPTED : FOLLOW_DONE;
}

const char *follower_status(const struct follower *f, const char *job_id)
{
    return progress_view_status(f->view, job_id);
}

int follow_job(const char *server_url, struct api *api, const json_t *job)
{
    struct follower *f;
    struct err e = {0};
    int fd = cli_catch_interrupt();
    if (fd < 0) return CLI_FAILED;
    if (follower_new(&f, server_url, api, fd, &e) != 0) {
        close(fd);
        return cli_report(&e);
    }
    const char *id = json_string_value(json_object_get(job, "id"));
    follower_add(f, job);
    enum follow_end end = follower_run(f, false);
    int rc = strcmp(follower_status(f, id), "completed") == 0 ? CLI_OK : CLI_FAILED;
    if (end == FOLLOW_INTERRUPTED) {
        printf("The job goes on: \"headway watch %s\" shows it again, \"headway cancel %s\" stops it.\n", id, id);
        rc = CLI_INTERRUPTED;
    }
    follower_free(f);
    close(fd);
    return rc;
}
