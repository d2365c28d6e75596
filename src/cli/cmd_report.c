// headway report: one line of the wire format, for shell scripts.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "jobs/wire.h"

struct report {
    int argc; // what follows the type
    char **argv;
    const char *unit, *message, *index, *count, *from, *to, *step, *layer, *loss, *size, *level, *type;
    bool best;
};

// ---- values -------------------------------------------------------------------------------------------------------

static int number(const char *name, const char *text, double *out, struct err *e)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    if (end == text || *end || errno || !isfinite(*out))
        return err_set(e, HW_EINVALID, "%s: \"%.60s\" is no number", name, text);
    return 0;
}

// A number where the text is one; `text` NULL: nothing.
static int put_number(json_t *o, const char *name, const char *text, struct err *e)
{
    double v = 0;
    int rc = text ? number(name, text, &v, e) : 0;
    if (rc || !text) return rc;
    bool whole = floor(v) == v && fabs(v) < 9e15;
    json_object_set_new(o, name, whole ? json_integer((json_int_t)v) : json_real(v));
    return 0;
}

static int put_text(json_t *o, const char *name, const char *text, struct err *e)
{
    json_t *s = text ? json_string(text) : NULL;
    if (text && !s) return err_set(e, HW_EINVALID, "%s is not UTF-8", name);
    if (s) json_object_set_new(o, name, s);
    return 0;
}

// "name=value" with a name of its own; NULL: it isn't.
static const char *value_of(const char *arg, char name[64])
{
    const char *eq = strchr(arg, '=');
    size_t n = eq ? (size_t)(eq - arg) : 0;
    if (n == 0 || n >= 64) return NULL;
    memcpy(name, arg, n);
    name[n] = 0;
    return eq + 1;
}

static int need(const struct report *r, int least, int most, const char *what, struct err *e)
{
    if (r->argc < least) return err_set(e, HW_EINVALID, "%s is missing", what);
    if (r->argc > most) return err_set(e, HW_EINVALID, "\"%.60s\" is too much", r->argv[most]);
    return 0;
}

// ---- the types ----------------------------------------------------------------------------------------------------

static int make_progress(const struct report *r, json_t *o, struct err *e)
{
    int rc = need(r, 1, 2, "how much is done", e);
    if (!rc) rc = put_number(o, "done", r->argv[0], e);
    if (!rc && r->argc > 1) rc = put_number(o, "total", r->argv[1], e);
    if (!rc) rc = put_text(o, "unit", r->unit, e);
    return rc ? rc : put_text(o, "message", r->message, e);
}

static int make_phase(const struct report *r, json_t *o, struct err *e)
{
    int rc = need(r, 1, 1, "the phase's name", e);
    if (!rc) rc = put_text(o, "name", r->argv[0], e);
    if (!rc) rc = put_number(o, "index", r->index, e);
    if (!rc) rc = put_number(o, "count", r->count, e);
    if (!rc) rc = put_number(o, "from", r->from, e);
    return rc ? rc : put_number(o, "to", r->to, e);
}

static int make_metric(const struct report *r, json_t *o, struct err *e)
{
    int rc = r->step ? put_number(o, "step", r->step, e) : err_set(e, HW_EINVALID, "--step is missing");
    if (!rc) rc = put_number(o, "layer", r->layer, e);
    if (!rc) rc = need(r, 1, 1000, "a metric such as loss=0.02", e);
    for (int i = 0; !rc && i < r->argc; i++) {
        char name[64];
        const char *value = value_of(r->argv[i], name);
        if (!value || strcmp(name, "type") == 0 || strcmp(name, "ts") == 0)
            return err_set(e, HW_EINVALID, "\"%.60s\" must be name=number", r->argv[i]);
        // A loss that isn't finite any more is worth a row: null.
        if (strcasecmp(value, "nan") == 0 || strcasecmp(value, "inf") == 0 || strcasecmp(value, "-inf") == 0)
            json_object_set_new(o, name, json_null());
        else
            rc = put_number(o, name, value, e);
    }
    return rc;
}

static int make_checkpoint(const struct report *r, json_t *o, struct err *e)
{
    int rc = need(r, 1, 1, "the checkpoint's path", e);
    if (!rc) rc = put_text(o, "path", r->argv[0], e);
    if (!rc && !r->step) rc = err_set(e, HW_EINVALID, "--step is missing");
    if (!rc) rc = put_number(o, "step", r->step, e);
    if (!rc) rc = put_number(o, "layer", r->layer, e);
    if (!rc) rc = put_number(o, "loss", r->loss, e);
    if (!rc) rc = put_number(o, "size_bytes", r->size, e);
    if (!rc && r->best) json_object_set_new(o, "is_best", json_true());
    return rc;
}

// The words, as echo puts them together.
static int put_words(const struct report *r, json_t *o, const char *name, struct err *e)
{
    struct buf text = BUF_INIT;
    for (int i = 0; i < r->argc; i++) buf_addf(&text, "%s%s", i ? " " : "", r->argv[i]);
    int rc = need(r, 1, 100000, "the text", e);
    if (!rc) rc = put_text(o, name, buf_cstr(&text), e);
    buf_release(&text);
    return rc;
}

static int make_log(const struct report *r, json_t *o, struct err *e)
{
    int rc = put_text(o, "level", r->level ? r->level : "info", e);
    return rc ? rc : put_words(r, o, "text", e);
}

static int make_error(const struct report *r, json_t *o, struct err *e)
{
    int rc = put_text(o, "error_type", r->type, e);
    return rc ? rc : put_words(r, o, "message", e);
}

// A value that is JSON stays what it is: 3, true, [1,2]; anything else is text.
static int make_result(const struct report *r, json_t *o, struct err *e)
{
    int rc = need(r, 1, 100000, "a member such as accuracy=0.9", e);
    for (int i = 0; !rc && i < r->argc; i++) {
        char name[64];
        const char *value = value_of(r->argv[i], name);
        if (!value || strcmp(name, "type") == 0)
            return err_set(e, HW_EINVALID, "\"%.60s\" must be name=value", r->argv[i]);
        json_t *v = json_read(slice_str(value), NULL);
        if (v)
            json_object_set_new(o, name, v);
        else
            rc = put_text(o, name, value, e);
    }
    return rc;
}

static const struct {
    const char *name, *usage;
    int (*make)(const struct report *r, json_t *o, struct err *e);
} types[] = {
    {"progress", "DONE [TOTAL] [--unit U] [--message M]", make_progress},
    {"phase", "NAME [--index N --count N] [--from PERCENT --to PERCENT]", make_phase},
    {"metric", "--step N [--layer N] NAME=NUMBER…", make_metric},
    {"checkpoint", "PATH --step N [--layer N] [--loss X] [--size BYTES] [--best]", make_checkpoint},
    {"log", "[--level L] TEXT…", make_log},
    {"result", "NAME=VALUE…", make_result},
    {"error", "[--type OOM|VALIDATION|…] MESSAGE…", make_error},
};

// ---- the line -----------------------------------------------------------------------------------------------------

static int make_line(const struct report *r, const char *type, struct buf *line, struct err *e)
{
    struct wire_event ev;
    json_t *o = json_pack("{s:s}", "type", type);
    int rc = HW_EINVALID;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0) rc = types[i].make(r, o, e);
    if (!rc) json_add(line, o);
    json_decref(o);
    // Read as the worker will: what it would ignore is said here, where somebody can mend it.
    if (!rc) rc = wire_event_parse(buf_slice(line), &ev, e);
    if (!rc) wire_event_release(&ev);
    buf_add_char(line, '\n');
    return rc;
}

static int descriptor(struct err *e)
{
    unsigned long long fd;
    const char *env = getenv("HEADWAY_FD");
    if (!env || !*env)
        return err_set(e, HW_EUNSUPPORTED,
                       "HEADWAY_FD is not set, so nobody listens: start the script with \"headway run -- SCRIPT\"");
    if (!slice_u64(slice_str(env), &fd) || fd > 1000000 || fcntl((int)fd, F_GETFD) < 0)
        return err_set(e, HW_EUNSUPPORTED, "HEADWAY_FD is %s, which is no open descriptor: something closed it", env);
    return (int)fd;
}

static bool is_type(const char *name)
{
    for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return true;
    return false;
}

static void print_help(const struct arg_spec *specs)
{
    puts("usage: headway report TYPE …\n\nTells the job that this script runs in (headway run, or a worker's task) one "
         "thing.\n\ntypes:");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) printf("  %-11s %s\n", types[i].name, types[i].usage);
    puts("\noptions:");
    args_print(stdout, specs);
}

int cmd_report(int argc, char **argv)
{
    struct report r = {0};
    struct buf line = BUF_INIT;
    struct err e = {0};
    bool help = false;
    const struct arg_spec specs[] = {
        {"unit", "U", "progress: what is counted", &r.unit, NULL},
        {"message", "M", "progress: what is being done", &r.message, NULL},
        {"index", "N", "phase: which, from 1", &r.index, NULL},
        {"count", "N", "phase: of how many", &r.count, NULL},
        {"from", "PERCENT", "phase: where it begins in the whole", &r.from, NULL},
        {"to", "PERCENT", "phase: where it ends", &r.to, NULL},
        {"step", "N", "metric, checkpoint", &r.step, NULL},
        {"layer", "N", "metric, checkpoint: of one layer", &r.layer, NULL},
        {"loss", "X", "checkpoint", &r.loss, NULL},
        {"size", "BYTES", "checkpoint", &r.size, NULL},
        {"best", NULL, "checkpoint: the best so far", NULL, &r.best},
        {"level", "L", "log: debug, info, warning, error", &r.level, NULL},
        {"type", "T", "error: OOM, VALIDATION, TIMEOUT, NETWORK, DISK_FULL, NOT_FOUND", &r.type, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("report", e.message);
    if (help) {
        print_help(specs);
        return CLI_OK;
    }
    if (!is_type(argv[1])) return cli_usage_error("report", argv[1] ? "there is no such type" : "the type is missing");
    r.argc = argc - 2;
    r.argv = argv + 2;
    if (make_line(&r, argv[1], &line, &e) != 0) {
        buf_release(&line);
        return cli_usage_error("report", e.message);
    }
    int fd = descriptor(&e);
    if (fd >= 0 && file_write_all(fd, line.p, line.n, &e) != 0) fd = -1;
    buf_release(&line);
    return fd < 0 ? cli_report(&e) : CLI_OK;
}
