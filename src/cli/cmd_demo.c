// headway demo: a server of its own, the sample model and corpus, and the whole pipeline as real jobs through the
// queue, followed live from the same Socket.IO events that the dashboard uses.
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/follow.h"
#include "worker/child.h"

struct demo {
    const char *data, *port, *sample;
    bool once;
    char url[96];
    struct child server;
    struct buf server_said; // its standard error, for when it fails
    int interrupt_fd;
    struct api *api;
    struct follower *follower;
    json_t *jobs[3]; // as they ended
    int n_jobs;
};

// ---- the server ---------------------------------------------------------------------------------------------------

static void read_into(int *fd, struct buf *to)
{
    ssize_t n = read(*fd, buf_reserve(to, 4096), 4096);
    if (n > 0) {
        to->n += (size_t)n;
    } else {
        close(*fd);
        *fd = -1;
    }
}

// Waits for the line with the address on the server's standard output.
static int wait_ready(struct demo *d, struct err *e)
{
    struct buf out = BUF_INIT;
    int rc = 0;
    int64_t deadline = clock_mono_us() + 20 * 1000000LL;
    for (const char *at = NULL; !at && !rc;) {
        struct pollfd p[3] = {{.fd = d->server.out_fd, .events = POLLIN},
                              {.fd = d->server.err_fd, .events = POLLIN},
                              {.fd = d->interrupt_fd, .events = POLLIN}};
        (void)poll(p, 3, 500);
        if (p[0].revents) read_into(&d->server.out_fd, &out);
        if (p[1].revents && d->server.err_fd >= 0) read_into(&d->server.err_fd, &d->server_said);
        at = out.n ? strstr(buf_cstr(&out), "http://") : NULL;
        if (at && !strchr(at, '\n')) at = NULL; // not the whole line yet
        if (at) {
            size_t n = strcspn(at, " \n");
            while (n && at[n - 1] == '/') n--;
            snprintf(d->url, sizeof d->url, "%.*s", (int)n, at);
        } else if (p[2].revents) {
            rc = err_set(e, HW_ECANCELLED, "interrupted");
        } else if (d->server.out_fd < 0) {
            rc = err_set(e, HW_EIO, "the server did not start:\n%s", buf_cstr(&d->server_said));
        } else if (clock_mono_us() > deadline) {
            rc = err_set(e, HW_ETIMEOUT, "the server did not come up within 20 s:\n%s", buf_cstr(&d->server_said));
        }
    }
    buf_release(&out);
    return rc;
}

static int start_server(struct demo *d, struct err *e)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return err_set(e, HW_EIO, "can't find this program's own path");
    self[n] = 0;
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%.8s", d->port);
    char cmd[] = "serve", a[] = "--listen", b[] = "--data";
    char *data = mem_strdup(d->data);
    char *argv[] = {self, cmd, a, address, b, data, NULL};
    int rc = child_spawn(&d->server, argv, NULL, e);
    free(data);
    return rc ? rc : wait_ready(d, e);
}

static void stop_server(struct demo *d)
{
    if (d->server.pid <= 1) return;
    kill(d->server.pid, SIGTERM);
    int64_t deadline = clock_mono_us() + 60 * 1000000LL;
    struct buf ignored = BUF_INIT;
    for (bool ended = false; !ended && clock_mono_us() < deadline;) {
        struct pollfd p[3] = {{.fd = d->server.pidfd, .events = POLLIN},
                              {.fd = d->server.out_fd, .events = POLLIN},
                              {.fd = d->server.err_fd, .events = POLLIN}};
        (void)poll(p, 3, 1000);
        if (p[1].revents && d->server.out_fd >= 0) read_into(&d->server.out_fd, &ignored);
        if (p[2].revents && d->server.err_fd >= 0) read_into(&d->server.err_fd, &ignored);
        buf_clear(&ignored);
        ended = p[0].revents != 0;
    }
    buf_release(&ignored);
    (void)child_reap(&d->server);
    child_close(&d->server);
}

// ---- the pipeline -------------------------------------------------------------------------------------------------

static int post(struct demo *d, const char *path, json_t *body, json_t **reply, struct err *e)
{
    int rc = body ? api_call(d->api, "POST", path, body, reply, e) : err_set(e, HW_EINTERNAL, "can't make the request");
    json_decref(body);
    return rc;
}

static const char *text(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static json_t *import_body(const struct demo *d, const char *file, const char *name)
{
    char *path = mem_printf("%s/%s", d->sample, file), *real = realpath(path, NULL);
    json_t *body = json_pack("{s:s,s:s}", "path", real ? real : path, "name", name);
    free(real);
    free(path);
    return body;
}

// Follows one job to its end and keeps it for the table.
static int follow(struct demo *d, const char *job_id, struct err *e)
{
    char path[80];
    json_t *job = NULL;
    snprintf(path, sizeof path, "/jobs/%s", job_id);
    int rc = api_call(d->api, "GET", path, NULL, &job, e);
    if (rc) return rc;
    follower_add(d->follower, job);
    json_decref(job);
    if (follower_run(d->follower, false) == FOLLOW_INTERRUPTED) return err_set(e, HW_ECANCELLED, "interrupted");
    rc = api_call(d->api, "GET", path, NULL, &job, e);
    if (rc) return rc;
    d->jobs[d->n_jobs++] = job;
    if (strcmp(text(job, "status"), "completed") != 0)
        return err_set(e, HW_EIO, "%s %s: %s", text(job, "name"), text(job, "status"), text(job, "error_message"));
    return 0;
}

// Submits by POST and follows; *reply is what the server answered.
static int step(struct demo *d, const char *path, json_t *body, json_t **reply, struct err *e)
{
    int rc = post(d, path, body, reply, e);
    if (rc) return rc;
    const char *job_id = text(*reply, "job_id");
    return follow(d, *job_id ? job_id : text(*reply, "id"), e);
}

static int pipeline(struct demo *d, struct err *e)
{
    json_t *model = NULL, *dataset = NULL, *reply = NULL;
    char path[96];
    int rc = post(d, "/models", import_body(d, "model", "sample-gpt2"), &model, e);
    if (!rc) rc = post(d, "/datasets", import_body(d, "corpus/kjv.jsonl.gz", "kjv"), &dataset, e);
    if (!rc) {
        snprintf(path, sizeof path, "/datasets/%s/tokenize", text(dataset, "id"));
        rc = step(d, path, json_pack("{s:s,s:s}", "model_id", text(model, "id"), "name", "tokenize kjv"), &reply, e);
    }
    json_decref(reply);
    reply = NULL;
    if (!rc) {
        snprintf(path, sizeof path, "/models/%s/extractions", text(model, "id"));
        rc = step(d, path,
                  json_pack("{s:s,s:[i],s:[s],s:i,s:i,s:s}", "dataset_id", text(dataset, "id"), "layers", 2, "hooks",
                            "residual", "context_length", 128, "max_samples", 2000, "name", "extract layer 2"),
                  &reply, e);
    }
    char extraction_id[64];
    snprintf(extraction_id, sizeof extraction_id, "%s", text(reply, "id"));
    json_decref(reply);
    reply = NULL;
    if (!rc)
        rc = step(d, "/trainings",
                  json_pack("{s:s,s:s,s:i,s:i,s:s}", "extraction_id", extraction_id, "architecture", "topk",
                            "n_features", 1024, "k", 32, "name", "train TopK SAE"),
                  &reply, e);
    json_decref(reply);
    json_decref(model);
    json_decref(dataset);
    return rc;
}

// ---- the result ---------------------------------------------------------------------------------------------------

static double number(const json_t *v, const char *key)
{
    const json_t *n = json_object_get(v, key);
    return json_is_number(n) ? json_number_value(n) : NAN;
}

static double seconds_of(const json_t *job)
{
    int64_t start, end;
    if (!clock_parse(slice_str(text(job, "started_at")), &start) ||
        !clock_parse(slice_str(text(job, "finished_at")), &end))
        return NAN;
    return (double)(end - start) / 1e6;
}

static void print_outcome(const json_t *job)
{
    char x[32], y[32], z[32];
    const json_t *r = json_object_get(job, "result");
    const char *kind = text(job, "kind");
    if (strcmp(kind, "tokenize") == 0)
        printf("%s tokens from %s documents, %s/s", format_count(number(r, "tokens"), x),
               format_count(number(r, "documents"), y), format_bytes(number(r, "bytes_per_second"), z));
    else if (strcmp(kind, "extract") == 0)
        printf("%s vectors of %.0f, %s tokens/s", format_count(number(r, "vectors"), x), number(r, "width"),
               format_count(number(r, "tokens_per_second"), y));
    else
        printf("%.2f %% of the variance explained, L0 %.1f, %s samples/s",
               100 * number(json_array_get(json_object_get(r, "layers"), 0), "explained_variance"),
               number(json_array_get(json_object_get(r, "layers"), 0), "l0"),
               format_count(number(r, "samples_per_second"), x));
}

static void print_table(const struct demo *d)
{
    char x[32];
    printf("\n%-18s %-11s %9s   %s\n", "job", "status", "time", "result");
    for (int i = 0; i < d->n_jobs; i++) {
        printf("%-18s %-11s %9s   ", text(d->jobs[i], "name"), text(d->jobs[i], "status"),
               format_duration(seconds_of(d->jobs[i]), x));
        print_outcome(d->jobs[i]);
        puts("");
    }
}

// Until Ctrl-C, or until the server ends by itself.
static void serve_on(struct demo *d)
{
    printf("\nThe server keeps running: open %s/ and press Ctrl-C here to end it.\n", d->url);
    fflush(stdout);
    struct buf ignored = BUF_INIT;
    for (;;) {
        struct pollfd p[4] = {{.fd = d->interrupt_fd, .events = POLLIN},
                              {.fd = d->server.pidfd, .events = POLLIN},
                              {.fd = d->server.out_fd, .events = POLLIN},
                              {.fd = d->server.err_fd, .events = POLLIN}};
        if (poll(p, 4, -1) < 0) continue;
        if (p[2].revents) read_into(&d->server.out_fd, &ignored);
        if (p[3].revents && d->server.err_fd >= 0) read_into(&d->server.err_fd, &ignored);
        buf_clear(&ignored);
        if (p[1].revents) fprintf(stderr, "headway: the server has ended\n");
        if (p[0].revents || p[1].revents) break;
    }
    buf_release(&ignored);
}

static int run(struct demo *d)
{
    struct err e = {0};
    int rc = start_server(d, &e);
    if (!rc) {
        printf("Headway is at %s/ (open it to watch). Data: %s\n\n", d->url, d->data);
        fflush(stdout);
        rc = api_open(&d->api, d->url, &e);
    }
    if (!rc) rc = follower_new(&d->follower, d->url, d->api, d->interrupt_fd, &e);
    if (!rc) rc = pipeline(d, &e);
    if (d->n_jobs) print_table(d);
    int status = rc == 0 ? CLI_OK : rc == HW_ECANCELLED ? CLI_INTERRUPTED : cli_report(&e);
    if (!d->once && d->api && rc != HW_ECANCELLED) serve_on(d);
    follower_free(d->follower);
    api_close(d->api);
    if (d->server.pid > 1) puts("Stopping the server.");
    stop_server(d);
    for (int i = 0; i < d->n_jobs; i++) json_decref(d->jobs[i]);
    buf_release(&d->server_said);
    return status;
}

int cmd_demo(int argc, char **argv)
{
    struct demo d = {.data = "headway-data",
                     .port = "8080",
                     .sample = "sample",
                     .server = {.pid = -1, .pidfd = -1, .wire_fd = -1, .out_fd = -1, .err_fd = -1}};
    bool help = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"port", "N", "the server's port (8080; 0: any free one)", &d.port, NULL},
        {"data", "FOLDER", "where it keeps everything (./headway-data)", &d.data, NULL},
        {"sample", "FOLDER", "the sample model and corpus (./sample)", &d.sample, NULL},
        {"once", NULL, "stop when the pipeline is done; exit 0 only if every job completed", NULL, &d.once},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("demo", e.message);
    if (help) {
        puts("usage: headway demo [options]\n\nStarts a server, imports the sample model and corpus, tokenizes, "
             "extracts activations and trains a sparse\n"
             "autoencoder, each a real job, shown live here and on the page.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    unsigned long long port;
    if (argc > 1 || !slice_u64(slice_str(d.port), &port) || port > 65535)
        return cli_usage_error("demo", argc > 1 ? "it takes no arguments" : "--port wants a number from 0 to 65535");
    d.interrupt_fd = cli_catch_interrupt();
    if (d.interrupt_fd < 0) return CLI_FAILED;
    int rc = run(&d);
    close(d.interrupt_fd);
    return rc;
}
