// headway logs: what a job wrote, from its beginning or its end, and on as it is written.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "client/sio_client.h"

// How often is looked even if nothing was told: what is true comes from the server's answer, an event only says when to
// ask.
enum { PAGE = 1000, LOOK_MS = 2000 };

struct reading {
    struct api *api;
    const char *id, *stream;
    bool json;
    json_int_t after; // the last line printed
};

static void print_line(const struct reading *r, const json_t *line)
{
    if (r->json) {
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        const char *text = json_string_value(json_object_get(line, "text"));
        puts(text ? text : "");
    }
}

// One page; *n: how many lines it had.
static int print_page(struct reading *r, const char *query, size_t *n, struct err *e)
{
    char path[240];
    json_t *reply;
    snprintf(path, sizeof path, "/jobs/%.100s/logs?%s%s%.20s", r->id, query, r->stream ? "&stream=" : "",
             r->stream ? r->stream : "");
    int rc = api_call(r->api, "GET", path, NULL, &reply, e);
    if (rc) return rc;
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(reply, "items"), i, line) print_line(r, line);
    *n = json_array_size(json_object_get(reply, "items"));
    r->after = json_integer_value(json_object_get(reply, "next_after"));
    json_decref(reply);
    return 0;
}

// All that comes after the last line printed.
static int print_rest(struct reading *r, struct err *e)
{
    size_t n = PAGE;
    int rc = 0;
    while (!rc && n == PAGE) {
        char query[64];
        snprintf(query, sizeof query, "limit=%d&after=%lld", PAGE, (long long)r->after);
        rc = print_page(r, query, &n, e);
    }
    return rc;
}

static int print_tail(struct reading *r, int lines, struct err *e)
{
    char query[64];
    size_t n;
    snprintf(query, sizeof query, "tail=%d", lines);
    return print_page(r, query, &n, e);
}

// ---- following ----------------------------------------------------------------------------------------------------

static int has_ended(struct reading *r, bool *ended, struct err *e)
{
    char path[120];
    json_t *job;
    snprintf(path, sizeof path, "/jobs/%.100s", r->id);
    int rc = api_call(r->api, "GET", path, NULL, &job, e);
    if (rc) return rc;
    *ended = json_is_string(json_object_get(job, "finished_at"));
    json_decref(job);
    return 0;
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

// Waits until there may be more; true: interrupted. Events that have come meanwhile are one reason to look, not many.
static bool wait_for_more(struct sio_client *sio, int interrupt_fd)
{
    int wait_ms = LOOK_MS;
    for (;;) {
        struct sio_client_event ev = sio_client_next(sio, wait_ms, interrupt_fd);
        if (readable(interrupt_fd)) return true;
        if (ev.type == SIO_CLIENT_NOTHING) return false;
        wait_ms = 0;
    }
}

static int follow(struct reading *r, const char *url, bool *interrupted, struct err *e)
{
    struct sio_client *sio;
    int fd = cli_catch_interrupt();
    if (fd < 0) return err_set(e, HW_EINTERNAL, "signals can't be caught");
    int rc = sio_client_new(&sio, url, e);
    if (rc) {
        close(fd);
        return rc;
    }
    static const char *const parts[] = {"logs", "progress"};
    for (size_t i = 0; i < 2; i++) {
        char channel[140];
        snprintf(channel, sizeof channel, "jobs/%.100s/%s", r->id, parts[i]);
        sio_client_subscribe(sio, channel);
    }
    for (bool ended = false; !rc && !*interrupted;) {
        // Asked before the lines are read, so that the last ones are read after the end.
        rc = has_ended(r, &ended, e);
        if (!rc) rc = print_rest(r, e);
        // A server that is away comes back, as the job goes on without it.
        if (rc == HW_EUNAVAILABLE) rc = 0, ended = false;
        fflush(stdout);
        if (rc || ended) break;
        *interrupted = wait_for_more(sio, fd);
    }
    sio_client_free(sio);
    close(fd);
    return rc;
}

int cmd_logs(int argc, char **argv)
{
    const char *server = NULL, *stream = NULL, *tail = NULL;
    bool help = false, json = false, follows = false, interrupted = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"follow", NULL, "go on until the job has ended", NULL, &follows},
        {"tail", "N", "only the newest N lines, 5000 at most", &tail, NULL},
        {"stream", "NAME", "only stdout, stderr or log", &stream, NULL},
        {"json", NULL, "one JSON object a line: seq, ts, stream, text", NULL, &json},
        {"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &server, NULL},
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
    unsigned long long lines = 0;
    if (tail && (!slice_u64(slice_str(tail), &lines) || lines < 1 || lines > 5000))
        return cli_usage_error("logs", "--tail must be a whole number from 1 to 5000");
    struct reading r = {.id = argv[1], .stream = stream, .json = json};
    int rc = api_open(&r.api, cli_server_url(server), &e);
    if (!rc) rc = tail ? print_tail(&r, (int)lines, &e) : print_rest(&r, &e);
    if (!rc && follows) rc = follow(&r, cli_server_url(server), &interrupted, &e);
    api_close(r.api);
    return rc ? cli_report(&e) : interrupted ? CLI_INTERRUPTED : CLI_OK;
}
