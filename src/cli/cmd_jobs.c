// headway watch: looking at jobs that exist.
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
