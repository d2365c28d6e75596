// headway archive: old metrics to the archive and back, and what lies where.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"

// Asked again and again: the server tells of periodic tasks to nobody by itself, neither in an event nor in an answer
// that waits. Such a run takes seconds to minutes.
enum { LOOK_EVERY_US = 200000 };

static int print_counts(struct api *api, bool json, struct err *e)
{
    static const char *const places[] = {"live", "archived"};
    json_t *counts = NULL;
    int rc = api_call(api, "GET", "/maintenance/metrics", NULL, &counts, e);
    if (rc) return rc;
    if (json) {
        json_dumpf(counts, stdout, JSON_INDENT(2));
        puts("");
        json_decref(counts);
        return 0;
    }
    for (size_t i = 0; i < 2; i++) {
        const json_t *place = json_object_get(counts, places[i]);
        size_t k;
        json_t *age;
        printf("%-10s %12lld rows\n", places[i], (long long)json_integer_value(json_object_get(place, "rows")));
        json_array_foreach(json_object_get(place, "by_age"), k, age)
        {
            long long from = (long long)json_integer_value(json_object_get(age, "from_days"));
            const json_t *to = json_object_get(age, "to_days");
            char days[48];
            if (json_is_integer(to))
                snprintf(days, sizeof days, "%lld to %lld days old", from, (long long)json_integer_value(to));
            else
                snprintf(days, sizeof days, "older than %lld days", from);
            printf("  %-22s %12lld\n", days, (long long)json_integer_value(json_object_get(age, "rows")));
        }
    }
    json_decref(counts);
    return 0;
}

// The task as it is now; the caller's.
static int look(struct api *api, json_t **task, struct err *e)
{
    json_t *all = NULL, *it;
    size_t i;
    int rc = api_call(api, "GET", "/schedule", NULL, &all, e);
    *task = NULL;
    json_array_foreach(json_object_get(all, "items"), i, it)
    {
        const char *name = json_string_value(json_object_get(it, "name"));
        if (name && strcmp(name, "metric_archival") == 0) *task = json_incref(it);
    }
    json_decref(all);
    if (!rc && !*task) rc = err_set(e, HW_EUNSUPPORTED, "this server has no archive");
    return rc;
}

static int print_result(const json_t *task, bool json, struct err *e)
{
    const char *error = json_string_value(json_object_get(task, "last_error"));
    const json_t *result = json_object_get(task, "last_result");
    if (error) return err_set(e, HW_EINTERNAL, "%s", error);
    if (json) {
        json_dumpf(result, stdout, JSON_INDENT(2));
        puts("");
        return 0;
    }
    const char *action = json_string_value(json_object_get(result, "action"));
    bool restored = action && strcmp(action, "restore") == 0;
    printf("%lld rows %s in %.1f s\n", (long long)json_integer_value(json_object_get(result, "rows")),
           restored ? "brought back" : "archived", json_number_value(json_object_get(task, "last_duration_seconds")));
    return 0;
}

static int run_and_wait(struct api *api, const char *path, const json_t *body, bool json, struct err *e)
{
    json_t *task = NULL;
    int rc = look(api, &task, e);
    json_int_t runs = json_integer_value(json_object_get(task, "runs"));
    json_decref(task);
    task = NULL;
    if (!rc) rc = api_call(api, "POST", path, body, &task, e);
    while (!rc && json_integer_value(json_object_get(task, "runs")) <= runs) {
        json_decref(task);
        usleep(LOOK_EVERY_US);
        rc = look(api, &task, e);
    }
    if (!rc) rc = print_result(task, json, e);
    json_decref(task);
    return rc;
}

static int bad_days(const char *text)
{
    char *end;
    long days = strtol(text, &end, 10);
    return *text == 0 || *end || days < 0 || days > 36500;
}

int cmd_archive(int argc, char **argv)
{
    const char *server = NULL, *days = NULL, *restore = NULL;
    bool help = false, json = false, counts = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"days", "N", "archive what is older (TRAINING_METRIC_ARCHIVE_DAYS)", &days, NULL},
        {"restore", "TRAINING", "bring a training's metrics back; --restore --all: of all trainings", &restore, NULL},
        {"counts", NULL, "only say how many rows lie where", NULL, &counts},
        {"json", NULL, "print what the server answers", NULL, &json},
        {"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("archive", e.message);
    if (help) {
        puts("usage: headway archive [--days N | --restore TRAINING | --restore --all | --counts]\n\nMoves old metrics "
             "to "
             "the archive, which the server does daily at 02:00 by itself, or brings them back.\nCurves show "
             "archived metrics in any case.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc > 1) return cli_usage_error("archive", "no names are wanted; see --restore");
    if (!!days + !!restore + counts > 1)
        return cli_usage_error("archive", "one of --days, --restore and --counts is wanted");
    if (days && bad_days(days)) return cli_usage_error("archive", "--days is a whole number from 0 to 36500");
    bool all = restore && strcmp(restore, "--all") == 0;
    json_t *body = all       ? json_pack("{s:b}", "all", 1)
                   : restore ? json_pack("{s:s}", "training_id", restore)
                   : days    ? json_pack("{s:i}", "days_old", atoi(days))
                             : json_object();
    struct api *api = NULL;
    int rc = api_open(&api, cli_server_url(server), &e);
    if (!rc && counts)
        rc = print_counts(api, json, &e);
    else if (!rc)
        rc = run_and_wait(api, restore ? "/maintenance/restore" : "/maintenance/archive", body, json, &e);
    json_decref(body);
    api_close(api);
    return rc ? cli_report(&e) : CLI_OK;
}
