// headway ls: lists of what the server knows.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/progress_view.h"

struct column {
    const char *title, *key;
    int width;
    enum { TEXT, COUNT, BYTES, PERCENT, NUMBER } format;
};

static const struct listing {
    const char *name, *path;
    struct column columns[8];
} listings[] = {
    {"jobs",
     "/jobs",
     {{"ID", "id", 20, TEXT},
      {"KIND", "kind", 10, TEXT},
      {"NAME", "name", 24, TEXT},
      {"STATUS", "status", 10, TEXT},
      {"PROGRESS", "progress", 8, PERCENT},
      {"CREATED", "created_at", 24, TEXT},
      {0}}},
    {"models",
     "/models",
     {{"ID", "id", 20, TEXT},
      {"NAME", "name", 24, TEXT},
      {"STATUS", "status", 11, TEXT},
      {"ARCHITECTURE", "architecture", 12, TEXT},
      {"LAYERS", "n_layers", 6, NUMBER},
      {"WIDTH", "width", 6, NUMBER},
      {"PARAMETERS", "parameters", 10, COUNT},
      {0}}},
    {"datasets",
     "/datasets",
     {{"ID", "id", 20, TEXT},
      {"NAME", "name", 24, TEXT},
      {"STATUS", "status", 11, TEXT},
      {"DOCUMENTS", "documents", 10, COUNT},
      {"TOKENS", "tokens", 10, COUNT},
      {"SIZE", "size_bytes", 10, BYTES},
      {0}}},
    {"extractions",
     "/extractions",
     {{"ID", "id", 20, TEXT},
      {"MODEL", "model_id", 20, TEXT},
      {"STATUS", "status", 10, TEXT},
      {"VECTORS", "vectors", 10, COUNT},
      {"WIDTH", "width", 6, NUMBER},
      {"SIZE", "size_bytes", 10, BYTES},
      {0}}},
    {"trainings",
     "/trainings",
     {{"ID", "id", 20, TEXT},
      {"NAME", "name", 24, TEXT},
      {"STATUS", "status", 10, TEXT},
      {"PROGRESS", "progress", 8, PERCENT},
      {"LOSS", "loss", 10, NUMBER},
      {"L0", "l0_sparsity", 8, NUMBER},
      {"EXPLAINED", "explained_variance", 10, NUMBER},
      {0}}},
};

static void print_cell(const struct column *c, const json_t *row)
{
    char text[64] = "-", *at = text;
    const json_t *v = json_object_get(row, c->key);
    double x = json_is_number(v) ? json_number_value(v) : NAN;
    switch (c->format) {
    case TEXT:
        if (json_is_string(v)) snprintf(text, sizeof text, "%.*s", c->width, json_string_value(v));
        break;
    case COUNT: at = format_count(x, text); break;
    case BYTES: at = format_bytes(x, text); break;
    case PERCENT:
        if (!isnan(x)) at = format_progress(x, text);
        break;
    case NUMBER:
        if (!isnan(x)) snprintf(text, sizeof text, "%.4g", x);
        break;
    }
    printf(c->format == TEXT ? "%-*s  " : "%*s  ", c->width, at);
}

static void print_table(const struct listing *l, const json_t *items)
{
    if (json_array_size(items) == 0) {
        printf("no %s yet\n", l->name);
        return;
    }
    for (const struct column *c = l->columns; c->title; c++)
        printf(c->format == TEXT ? "%-*s  " : "%*s  ", c->width, c->title);
    puts("");
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)items, i, row)
    {
        for (const struct column *c = l->columns; c->title; c++) print_cell(c, row);
        puts("");
    }
}

int cmd_ls(int argc, char **argv)
{
    const char *server = NULL, *limit = "50";
    bool help = false, json = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"limit", "N", "at most so many, the newest (default 50, at most 500)", &limit, NULL},
        {"json", NULL, "print what the server answers, as JSON", NULL, &json},
        {"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("ls", e.message);
    if (help) {
        puts("usage: headway ls [jobs|models|datasets|extractions|trainings] [options]\n\nLists what the server knows, "
             "newest first.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    const char *what = argc > 1 ? argv[1] : "jobs";
    const struct listing *l = NULL;
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
        if (strcmp(what, listings[i].name) == 0) l = &listings[i];
    unsigned long long n;
    if (!l || argc > 2) return cli_usage_error("ls", "wanted is one of jobs, models, datasets, extractions, trainings");
    if (!slice_u64(slice_str(limit), &n) || n < 1 || n > 500)
        return cli_usage_error("ls", "--limit wants a number from 1 to 500");
    struct api *api = NULL;
    json_t *reply = NULL;
    char path[64];
    snprintf(path, sizeof path, "%s?limit=%llu", l->path, n);
    int rc = api_open(&api, cli_server_url(server), &e);
    if (!rc) rc = api_call(api, "GET", path, NULL, &reply, &e);
    if (!rc && json) {
        json_dumpf(json_object_get(reply, "items"), stdout, JSON_INDENT(2));
        puts("");
    } else if (!rc) {
        print_table(l, json_object_get(reply, "items"));
    }
    json_decref(reply);
    api_close(api);
    return rc ? cli_report(&e) : CLI_OK;
}
