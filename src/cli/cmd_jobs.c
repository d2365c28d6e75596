// headway watch, logs: looking at jobs that exist.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/follow.h"

static const char SERVER_HELP[] = "the server (HEADWAY_URL, http://127.0.0.1:8080)";

static int get_job(struct api *api, const char *id, json_t **job, struct err *e)
{
    char path[120];
    snprintf(path, sizeof path, "/jobs/%.100s", id);
    return api_call(api, "GET", path, NULL, job, e);
}

// ---- watch --------------------------------------------------------------------------------------------------------

static int watch_ids(struct follower *f, struct api *api, int n, char **ids, struct err *e)
{
    for (int i = 0; i < n; i++) {
        json_t *job;
        int rc = get_job(api, ids[i], &job, e);
        if (rc) return rc;
        follower_add(f, job);
        json_decref(job);
    }
    return 0;
}

static int watch(const char *url, int n, char **ids)
{
    struct err e = {0};
    struct api *api = NULL;
    struct follower *f = NULL;
    int fd = cli_catch_interrupt();
    if (fd < 0) return CLI_FAILED;
    int rc = api_open(&api, url, &e);
    if (!rc) rc = follower_new(&f, url, api, fd, &e);
    if (!rc) rc = n ? watch_ids(f, api, n, ids, &e) : follower_add_all(f, &e);
    if (rc) {
        rc = cli_report(&e);
    } else {
        if (n == 0) puts("Watching all jobs; Ctrl-C ends it.");
        rc = follower_run(f, n == 0) == FOLLOW_INTERRUPTED ? (n ? CLI_INTERRUPTED : CLI_OK) : CLI_OK;
        for (int i = 0; i < n && rc == CLI_OK; i++)
            if (strcmp(follower_status(f, ids[i]), "completed") != 0) rc = CLI_FAILED;
    }
    follower_free(f);
    api_close(api);
    close(fd);
    return rc;
}

int cmd_watch(int argc, char **argv)
{
    const char *server = NULL;
    bool help = false;
    struct err e = {0};
    const struct arg_spec specs[] = {{"server", "URL", SERVER_HELP, &server, NULL}, {0}};
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("watch", e.message);
    if (help) {
        puts("usage: headway watch [JOB…]\n\nShows jobs live, until they have ended; without a name all of them, until "
             "Ctrl-C.\n"
             "Exit status 0 if every job named completed, 1 if one did not.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    return watch(cli_server_url(server), argc - 1, argv + 1);
}

// ---- logs ---------------------------------------------------------------------------------------------------------

// Prints what comes after *after; false on error (reported).
static int print_logs(struct api *api, const char *id, const char *stream, json_int_t *after, bool json, struct err *e)
{
    for (;;) {
        char path[240];
        json_t *reply;
        snprintf(path, sizeof path, "/jobs/%.100s/logs?limit=1000&after=%lld%s%.20s", id, (long long)*after,
                 stream ? "&stream=" : "", stream ? stream : "");
        int rc = api_call(api, "GET", path, NULL, &reply, e);
        if (rc) return rc;
        size_t i;
        json_t *line;
        const json_t *items = json_object_get(reply, "items");
        json_array_foreach((json_t *)(uintptr_t)items, i, line)
        {
            *after = json_integer_value(json_object_get(line, "seq"));
            if (json) {
                json_dumpf(line, stdout, JSON_COMPACT);
                puts("");
            } else {
                const char *text = json_string_value(json_object_get(line, "text"));
                puts(text ? text : "");
            }
        }
        size_t n = json_array_size(items);
        json_decref(reply);
        if (n < 1000) return 0;
    }
}

int cmd_logs(int argc, char **argv)
{
    const char *server = NULL, *stream = NULL;
    bool help = false, json = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"stream", "NAME", "only stdout, stderr or log", &stream, NULL},
        {"json", NULL, "one JSON object a line: seq, ts, stream, text", NULL, &json},
        {"server", "URL", SERVER_HELP, &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("logs", e.message);
    if (help) {
        puts("usage: headway logs JOB [options]\n\nPrints what a job wrote; kept after it ended, however it "
             "ended.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc != 2) return cli_usage_error("logs", "one job is wanted");
    struct api *api = NULL;
    json_int_t after = 0;
    int rc = api_open(&api, cli_server_url(server), &e);
    if (!rc) rc = print_logs(api, argv[1], stream, &after, json, &e);
    api_close(api);
    return rc ? cli_report(&e) : CLI_OK;
}
