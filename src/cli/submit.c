#include "cli/submit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/follow.h"
#include "jobs/kinds.h"

// What every submission takes beside its kind's parameters (docs/api/rest.md, the queue); the server checks it.
static const struct param_spec job_options[] = {
    {"queue", PARAM_STRING, false, NULL, 0, 0, NULL, "which workers take it: those that serve this queue (default)"},
    {"priority", PARAM_INT, false, NULL, 0, 0, NULL, "higher ones first (0)"},
    {"delay_seconds", PARAM_NUMBER, false, NULL, 0, 0, NULL, "don't begin before so long from now"},
    {"not_before", PARAM_STRING, false, NULL, 0, 0, NULL, "don't begin before this time, like 2030-01-31T08:00:00Z"},
    {"time_limit_seconds", PARAM_NUMBER, false, NULL, 0, 0, NULL, "stop it when it has run so long (none)"},
    {"max_attempts", PARAM_INT, false, NULL, 0, 0, NULL, "how often it may be begun when workers are lost (1)"},
    {"auto_retry", PARAM_BOOL, false, NULL, 0, 0, "true|false", "try once more, smaller, when memory or time ran out"},
    {0},
};
enum { JOB_OPTIONS = sizeof job_options / sizeof *job_options - 1, OTHER_OPTIONS = 7 };

struct options {
    struct arg_spec specs[SUBMIT_ARGS_MAX];
    char names[SUBMIT_ARGS_MAX][40]; // parameters' names with dashes
    const char *values[SUBMIT_ARGS_MAX];
    const char *server, *name, *model;
    bool detach, json, estimate, help;
    const struct param_spec *params[SUBMIT_ARGS_MAX];
    int n_params, n_own; // of the kind (n_own of them), then of the job
};

static void add_params(struct options *o, const struct param_spec *p, const char *except, int most)
{
    for (; p->name && o->n_params < most; p++) {
        if (except && strcmp(p->name, except) == 0) continue;
        int n = o->n_params++;
        o->params[n] = p;
        snprintf(o->names[n], sizeof o->names[n], "%s", p->name);
        for (char *c = o->names[n]; *c; c++)
            if (*c == '_') *c = '-';
        o->specs[n] = (struct arg_spec){o->names[n], p->choices ? p->choices : "VALUE", p->help, &o->values[n], NULL};
    }
}

static void make_specs(struct options *o, const struct submit *s, const struct job_kind *kind)
{
    add_params(o, kind->params, s->argument, SUBMIT_ARGS_MAX - JOB_OPTIONS - OTHER_OPTIONS);
    o->n_own = o->n_params;
    add_params(o, job_options, NULL, SUBMIT_ARGS_MAX - OTHER_OPTIONS);
    int n = o->n_params;
    if (s->wants_model) o->specs[n++] = (struct arg_spec){"model", "ID", "whose tokenizer to use", &o->model, NULL};
    o->specs[n++] = (struct arg_spec){"name", "TEXT", "what to call it", &o->name, NULL};
    if (s->estimate)
        o->specs[n++] =
            (struct arg_spec){"estimate", NULL, "say what it would take, and submit nothing", NULL, &o->estimate};
    o->specs[n++] = (struct arg_spec){"detach", NULL, "submit and return, without following it", NULL, &o->detach};
    o->specs[n++] =
        (struct arg_spec){"json", NULL, "print what the server answers, as JSON; implies --detach", NULL, &o->json};
    o->specs[n++] =
        (struct arg_spec){"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &o->server, NULL};
}

// "2,5" → [2,5]; "residual,mlp" → ["residual","mlp"].
static json_t *list_value(const struct param_spec *p, const char *text, struct err *e)
{
    json_t *list = json_array();
    struct slice rest = slice_str(text);
    while (rest.n) {
        struct slice one = slice_trim(slice_cut(&rest, ','));
        unsigned long long v;
        if (p->type != PARAM_INT_LIST) {
            json_array_append_new(list, json_stringn(one.p, one.n));
        } else if (slice_u64(one, &v)) {
            json_array_append_new(list, json_integer((json_int_t)v));
        } else {
            json_decref(list);
            err_field(e, HW_EVALIDATION, p->name, "--%s wants numbers separated by commas, not \"%s\"", p->name, text);
            return NULL;
        }
    }
    return list;
}

static json_t *value_of(const struct param_spec *p, const char *text, struct err *e)
{
    char *end;
    errno = 0;
    switch (p->type) {
    case PARAM_INT: {
        long long v = strtoll(text, &end, 10);
        if (*text && *end == 0 && errno == 0) return json_integer(v);
        err_field(e, HW_EVALIDATION, p->name, "%s wants a whole number, not \"%s\"", p->name, text);
        return NULL;
    }
    case PARAM_NUMBER: {
        double v = strtod(text, &end);
        json_t *out = *text && *end == 0 && errno == 0 ? json_real(v) : NULL; // json_real refuses NaN and infinities
        if (!out) err_field(e, HW_EVALIDATION, p->name, "%s wants a number, not \"%s\"", p->name, text);
        return out;
    }
    case PARAM_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return json_boolean(*text == 't');
        err_field(e, HW_EVALIDATION, p->name, "%s is true or false, not \"%s\"", p->name, text);
        return NULL;
    case PARAM_INT_LIST:
    case PARAM_CHOICE_LIST:
    case PARAM_STRING_LIST: return list_value(p, text, e);
    default: return json_string(text);
    }
}

// The kind's parameters into `own`, what is about the job into `body`; they may be the same.
static int fill_body(const struct options *o, json_t *own, json_t *body, struct err *e)
{
    for (int i = 0; i < o->n_params; i++) {
        if (!o->values[i]) continue;
        const struct param_spec *p = o->params[i];
        json_t *v = value_of(p, o->values[i], e);
        if (!v) return e->code ? e->code : err_set(e, HW_EINVALID, "%s isn't UTF-8 text", p->name);
        json_object_set_new(i < o->n_own ? own : body, p->name, v);
    }
    if (o->name && json_object_set_new(body, "name", json_string(o->name)) != 0)
        return err_set(e, HW_EINVALID, "the name isn't UTF-8 text");
    return 0;
}

// {"kind", "params": {ids and parameters}, …}, for /jobs.
static int fill_job(const struct submit *s, char **argv, const struct options *o, json_t *body, struct err *e)
{
    json_t *params = json_object();
    int rc = fill_body(o, params, body, e);
    for (int i = 0; i < s->positional; i++) json_object_set_new(params, s->ids[i], json_string(argv[1 + i]));
    json_object_set_new(body, "kind", json_string(s->kind));
    json_object_set_new(body, "params", params);
    return rc;
}

// The server's answer is a Job, or an entity that names its job.
static int after_submit(struct options *o, struct api *api, json_t *reply)
{
    if (o->json) {
        json_dumpf(reply, stdout, JSON_INDENT(2));
        puts("");
        return CLI_OK;
    }
    struct err e = {0};
    const char *id = json_string_value(json_object_get(reply, "id"));
    const char *job_id = json_string_value(json_object_get(reply, "job_id"));
    if (!job_id) job_id = json_string_value(json_object_get(reply, "download_job_id"));
    json_t *job = NULL;
    char path[80];
    if (job_id && id) printf("%s\n", id);
    snprintf(path, sizeof path, "/jobs/%s", job_id ? job_id : id ? id : "");
    int rc = api_call(api, "GET", path, NULL, &job, &e);
    if (rc) return cli_report(&e);
    if (o->detach)
        printf("queued as %s; \"headway watch %s\" follows it\n", path + 6, path + 6);
    else
        rc = follow_job(cli_server_url(o->server), api, job);
    json_decref(job);
    return rc;
}

int submit_run(const struct submit *s, int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    const struct job_kind *kind = job_kind_find(s->kind);
    make_specs(&o, s, kind);
    if (args_parse(&argc, argv, o.specs, &o.help, &e) != 0) return cli_usage_error(s->command, e.message);
    if (o.help) {
        printf("usage: headway %s %s\n\n%s\n\noptions:\n", s->command, s->usage, s->about);
        args_print(stdout, o.specs);
        return CLI_OK;
    }
    if (argc - 1 != s->positional) return cli_usage_error(s->command, "wrong number of arguments");
    if (s->wants_model && !o.model) return cli_usage_error(s->command, "--model is missing");
    struct api *api;
    json_t *body = json_object(), *reply = NULL;
    char path[160] = "/jobs";
    int rc = s->prepare ? fill_body(&o, body, body, &e) : fill_job(s, argv, &o, body, &e);
    if (!rc && s->prepare) s->prepare(argv, o.model, body, path, sizeof path);
    if (!rc) rc = api_open(&api, cli_server_url(o.server), &e);
    if (rc) {
        json_decref(body);
        return cli_report(&e);
    }
    rc = api_call(api, "POST", o.estimate ? s->estimate : path, body, &reply, &e);
    rc = rc ? cli_report(&e) : o.estimate ? estimate_print(reply, o.json) : after_submit(&o, api, reply);
    json_decref(reply);
    json_decref(body);
    api_close(api);
    return rc;
}
