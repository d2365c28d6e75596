// headway cancel, pause, resume, stop, retry, dismiss: one call of the server's for each job named.
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"

static const char SERVER_HELP[] = "the server (HEADWAY_URL, http://127.0.0.1:8080)";

// Calls /jobs/JOB/`action` for each; prints "JOB status", or the whole answers.
static int control_all(const char *server, const char *action, const json_t *body, int n, char **ids, bool json)
{
    struct err e = {0};
    struct api *api = NULL;
    int rc = api_open(&api, cli_server_url(server), &e);
    for (int i = 0; i < n && !rc; i++) {
        char path[120];
        json_t *job = NULL;
        snprintf(path, sizeof path, "/jobs/%.90s/%s", ids[i], action);
        rc = api_call(api, "POST", path, body, &job, &e);
        const char *id = json_string_value(json_object_get(job, "id"));
        const char *status = json_string_value(json_object_get(job, "status"));
        const char *asked = json_string_value(json_object_get(job, "control"));
        if (!rc && json) {
            json_dumpf(job, stdout, JSON_INDENT(2));
            puts("");
        } else if (!rc) {
            printf("%s %s%s%s%s\n", id ? id : ids[i], status ? status : "", asked ? " (asked to " : "",
                   asked ? asked : "", asked ? ")" : "");
        }
        json_decref(job);
    }
    api_close(api);
    return rc ? cli_report(&e) : CLI_OK;
}

static int simple(int argc, char **argv, const char *what)
{
    const char *server = NULL;
    bool help = false, json = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"json", NULL, "print the job as JSON", NULL, &json},
        {"server", "URL", SERVER_HELP, &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error(argv[0], e.message);
    if (help) {
        printf("usage: headway %s JOB…\n\n%s\n\noptions:\n", argv[0], what);
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc < 2) return cli_usage_error(argv[0], "a job is wanted");
    return control_all(server, argv[0], NULL, argc - 1, argv + 1, json);
}

int cmd_cancel(int argc, char **argv)
{
    return simple(argc, argv,
                  "Asks running jobs to end (they have 30 s, then they are killed); queued ones are taken out of the "
                  "queue.");
}

int cmd_pause(int argc, char **argv)
{
    return simple(argc, argv,
                  "Asks running jobs to pause: a training leaves a checkpoint and gives its place free, others stand "
                  "still.\nQueued ones stay where they are until they are resumed.");
}

int cmd_resume(int argc, char **argv)
{
    return simple(argc, argv, "Lets paused jobs go on from where they are.");
}

int cmd_stop(int argc, char **argv)
{
    return simple(argc, argv, "Asks trainings to finish early, with the result they have.");
}

int cmd_dismiss(int argc, char **argv)
{
    const char *server = NULL;
    bool help = false, json = false, undo = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"undo", NULL, "put them back", NULL, &undo},
        {"json", NULL, "print the job as JSON", NULL, &json},
        {"server", "URL", SERVER_HELP, &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("dismiss", e.message);
    if (help) {
        puts("usage: headway dismiss JOB… [--undo]\n\nTakes jobs that have ended out of the list of "
             "failures.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc < 2) return cli_usage_error("dismiss", "a job is wanted");
    json_t *body = json_pack("{s:b}", "undo", undo);
    int rc = control_all(server, "dismiss", body, argc - 1, argv + 1, json);
    json_decref(body);
    return rc;
}

// ---- retry --------------------------------------------------------------------------------------------------------

// "batch_size=16": the value is JSON where it is, else text. HW_EVALIDATION.
static int add_param(json_t *params, const char *text, struct err *e)
{
    const char *eq = strchr(text, '=');
    if (!eq || eq == text) return err_set(e, HW_EVALIDATION, "a parameter is given as NAME=VALUE, not \"%s\"", text);
    char name[64];
    size_t n = (size_t)(eq - text);
    if (n >= sizeof name) return err_set(e, HW_EVALIDATION, "no parameter has so long a name: %.80s", text);
    memcpy(name, text, n);
    name[n] = 0;
    json_t *value = json_loads(eq + 1, JSON_DECODE_ANY, NULL);
    if (!value) value = json_string(eq + 1);
    return json_object_set_new(params, name, value) == 0 ? 0 : err_set(e, HW_EVALIDATION, "%s is not valid text", name);
}

int cmd_retry(int argc, char **argv)
{
    const char *server = NULL;
    bool help = false, json = false, resume = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"resume", NULL, "go on from its newest checkpoint", NULL, &resume},
        {"json", NULL, "print the new job as JSON", NULL, &json},
        {"server", "URL", SERVER_HELP, &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("retry", e.message);
    if (help) {
        puts("usage: headway retry JOB [NAME=VALUE…] [options]\n\nQueues a job that failed or was cancelled again, as "
             "a new "
             "job, with parameters changed.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc < 2) return cli_usage_error("retry", "a job is wanted");
    json_t *params = json_object(), *body = json_pack("{s:b}", "resume", resume);
    int rc = 0;
    for (int i = 2; i < argc && !rc; i++) rc = add_param(params, argv[i], &e);
    if (!rc && argc > 2) json_object_set(body, "params", params);
    int status = rc ? cli_usage_error("retry", e.message) : control_all(server, "retry", body, 1, argv + 1, json);
    json_decref(params);
    json_decref(body);
    return status;
}
