// headway import: makes a model folder or a corpus file on the server's host known to the server.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/progress_view.h"

static void describe(bool model, const json_t *v)
{
    char x[32], y[32];
    printf("%s  %s", json_string_value(json_object_get(v, "id")), json_string_value(json_object_get(v, "name")));
    double size = json_number_value(json_object_get(v, "size_bytes"));
    if (model)
        printf("  %s, %lld layers, width %lld, %s parameters, %s\n",
               json_string_value(json_object_get(v, "architecture")),
               (long long)json_integer_value(json_object_get(v, "n_layers")),
               (long long)json_integer_value(json_object_get(v, "width")),
               format_count(json_number_value(json_object_get(v, "parameters")), x), format_bytes(size, y));
    else
        printf("  %s, %s\n", json_string_value(json_object_get(v, "format")), format_bytes(size, y));
}

int cmd_import(int argc, char **argv)
{
    const char *server = NULL, *name = NULL, *field = NULL;
    bool help = false, json = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"name", "TEXT", "what to call it (default: the file's name)", &name, NULL},
        {"text-field", "NAME", "dataset, JSONL: the member that holds the text (default: text)", &field, NULL},
        {"json", NULL, "print what the server answers, as JSON", NULL, &json},
        {"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &server, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("import", e.message);
    if (help) {
        puts("usage: headway import model FOLDER   (config.json, safetensors, tokenizer.json)\n"
             "       headway import dataset FILE   (.jsonl or .txt, plain or with .gz)\n\n"
             "Checks the files and makes them known to the server on this host. They stay where they are.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    bool model = argc > 1 && strcmp(argv[1], "model") == 0;
    if (argc != 3 || (!model && strcmp(argv[1], "dataset") != 0))
        return cli_usage_error("import", "wanted is \"model FOLDER\" or \"dataset FILE\"");
    char path[PATH_MAX];
    if (!realpath(argv[2], path)) {
        fprintf(stderr, "headway: %s can't be found\n", argv[2]);
        return CLI_FAILED;
    }
    json_t *body = json_pack("{s:s,s:s*,s:s*}", "path", path, "name", name, "text_field", field), *reply = NULL;
    if (!body) return cli_usage_error("import", "the path or name isn't UTF-8 text");
    struct api *api = NULL;
    int rc = api_open(&api, cli_server_url(server), &e);
    if (!rc) rc = api_call(api, "POST", model ? "/models" : "/datasets", body, &reply, &e);
    if (!rc && json) {
        json_dumpf(reply, stdout, JSON_INDENT(2));
        puts("");
    } else if (!rc) {
        describe(model, reply);
    }
    json_decref(reply);
    json_decref(body);
    api_close(api);
    return rc ? cli_report(&e) : CLI_OK;
}
