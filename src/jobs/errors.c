#include "jobs/errors.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const types[] = {"OOM",       "VALIDATION",  "TIMEOUT",   "NETWORK", "DISK_FULL",
                                    "NOT_FOUND", "WORKER_LOST", "CANCELLED", "UNKNOWN"};

// What the last lines of a program's standard error say, in the words that the usual tools use.
static const struct {
    const char *needle, *type;
} hints[] = {
    {"out of memory", "OOM"},
    {"outofmemory", "OOM"},
    {"memoryerror", "OOM"},
    {"bad_alloc", "OOM"},
    {"cannot allocate memory", "OOM"},
    {"no space left on device", "DISK_FULL"},
    {"disk quota exceeded", "DISK_FULL"},
    {"connection timed out", "NETWORK"},
    {"timed out", "TIMEOUT"},
    {"timeouterror", "TIMEOUT"},
    {"connection refused", "NETWORK"},
    {"connection reset", "NETWORK"},
    {"could not resolve host", "NETWORK"},
    {"name or service not known", "NETWORK"},
    {"temporary failure in name resolution", "NETWORK"},
    {"network is unreachable", "NETWORK"},
    {"no such file or directory", "NOT_FOUND"},
    {"filenotfounderror", "NOT_FOUND"},
    {"404 client error", "NOT_FOUND"},
    {"valueerror", "VALIDATION"},
    {"invalid argument", "VALIDATION"},
};

static const char *known_type(const char *t)
{
    for (size_t i = 0; t && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(t, types[i]) == 0) return types[i];
    return NULL;
}

static const char *hinted_type(const char *text)
{
    for (size_t i = 0; text && i < sizeof hints / sizeof *hints; i++)
        if (strcasestr(text, hints[i].needle)) return hints[i].type;
    return NULL;
}

// The last non-empty line of `text`.
static int last_line(const char *text, const char **line)
{
    size_t n = text ? strlen(text) : 0;
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r' || text[n - 1] == ' ')) n--;
    size_t start = n;
    while (start && text[start - 1] != '\n') start--;
    *line = text ? text + start : "";
    return (int)(n - start);
}

static void fill(struct job_failure *out, const char *type, const char *message)
{
    snprintf(out->type, sizeof out->type, "%s", type);
    snprintf(out->message, sizeof out->message, "%s", message);
}

void job_classify(const struct job_exit *x, struct job_failure *out)
{
    char text[JOB_ERROR_MESSAGE_SIZE];
    if (x->worker_lost) {
        fill(out, "WORKER_LOST", "the worker stopped reporting; whether the process still ran is not known");
        return;
    }
    if (x->timed_out) {
        fill(out, "TIMEOUT", "the job's time limit was reached and it was stopped");
        return;
    }
    if (x->error_type || x->error_message) {
        const char *type = known_type(x->error_type);
        if (!type || strcmp(type, "UNKNOWN") == 0) type = hinted_type(x->error_message);
        fill(out, type ? type : "UNKNOWN", x->error_message ? x->error_message : "the job gave no message");
        return;
    }
    const char *hint = hinted_type(x->last_stderr);
    const char *line;
    int n = last_line(x->last_stderr, &line);
    if (x->oom_killed) {
        fill(out, "OOM", "the kernel ended it: out of memory");
    } else if (x->signal > 0) {
        const char *abbrev = sigabbrev_np(x->signal);
        snprintf(text, sizeof text, "ended by signal %d (SIG%s)%s%.*s", x->signal, abbrev ? abbrev : "?",
                 n ? "; last words: " : "", n, line);
        fill(out, hint ? hint : "UNKNOWN", text);
    } else {
        snprintf(text, sizeof text, "exited with status %d%s%.*s", x->code, n ? ": " : "", n, line);
        fill(out, hint ? hint : x->code == 127 ? "NOT_FOUND" : "UNKNOWN", text);
    }
}

json_t *job_suggest_retry(const char *error_type, const json_t *params)
{
    if (strcmp(error_type, "OOM") != 0 && strcmp(error_type, "TIMEOUT") != 0) return NULL;
    const json_t *batch = json_object_get(params, "batch_size");
    if (!json_is_integer(batch) || json_integer_value(batch) < 2) return NULL;
    json_t *out = json_object();
    if (out && json_object_set_new(out, "batch_size", json_integer(json_integer_value(batch) / 2)) == 0) return out;
    json_decref(out);
    return NULL;
}
