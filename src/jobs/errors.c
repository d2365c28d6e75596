#include "jobs/errors.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "jobs/error_hints.h"

static const char *const types[] = {"OOM",       "VALIDATION",  "TIMEOUT",   "NETWORK", "DISK_FULL",
                                    "NOT_FOUND", "WORKER_LOST", "CANCELLED", "UNKNOWN"};

static const char *known_type(const char *t)
{
    for (size_t i = 0; t && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(t, types[i]) == 0) return types[i];
    return NULL;
}

// Where a text says why, it says so near its end; a message may be a whole log.
enum { HINT_BYTES = 8192 };

static const char *hint_in(const char *text, struct slice *line)
{
    struct slice all = slice_str(text);
    if (all.n > HINT_BYTES) all = slice_of(all.p + all.n - HINT_BYTES, HINT_BYTES);
    while (all.n && ((unsigned char)all.p[0] & 0xC0) == 0x80) all.p++, all.n--; // the rest of a character
    return error_hint(all, line);
}

static void fill(struct job_failure *out, const char *type, const char *message)
{
    snprintf(out->type, sizeof out->type, "%s", type);
    snprintf(out->message, sizeof out->message, "%s", message);
    utf8_end(out->message);
}

// "signal 11 (SIGSEGV)"
static void name_signal(int signal, char *out, size_t size)
{
    const char *abbrev = sigabbrev_np(signal);
    if (abbrev)
        snprintf(out, size, "signal %d (SIG%s)", signal, abbrev);
    else
        snprintf(out, size, "signal %d", signal);
}

// The job's own words: what it called its error counts, and else what the kernel saw, and else what its message tells.
static void classify_told(const struct job_exit *x, struct job_failure *out)
{
    struct slice line;
    const char *type = known_type(x->error_type);
    if (!type || strcmp(type, "UNKNOWN") == 0) {
        const char *hint = x->oom_killed ? "OOM" : hint_in(x->error_message, &line);
        type = hint ? hint : "UNKNOWN";
    }
    fill(out, type, x->error_message ? x->error_message : "the job gave no message");
}

static void classify_signal(const struct job_exit *x, const char *hint, struct slice line, struct job_failure *out)
{
    char name[48], text[JOB_ERROR_MESSAGE_SIZE];
    name_signal(x->signal, name, sizeof name);
    // SIGKILL and SIGTERM come from outside: what the program had said before isn't why. A want of memory may be.
    bool outside = x->signal == SIGKILL || x->signal == SIGTERM;
    if (outside && hint && strcmp(hint, "OOM") != 0) hint = NULL;
    snprintf(text, sizeof text, "ended by %s%s%.*s", name, line.n ? "; last words: " : "", SLICE_FMT(line));
    fill(out, hint ? hint : "UNKNOWN", text);
}

// Some statuses say something by themselves, by the conventions of shells and of option parsers.
static void classify_status(const struct job_exit *x, const char *hint, struct slice line, struct job_failure *out)
{
    char name[48], meaning[96] = "", text[JOB_ERROR_MESSAGE_SIZE];
    if (x->code == 127) {
        snprintf(meaning, sizeof meaning, " (a command was not found)");
        if (!hint) hint = "NOT_FOUND";
    } else if (x->code == 126) {
        snprintf(meaning, sizeof meaning, " (a command was found and can't be run)");
        if (!hint) hint = "VALIDATION";
    } else if (x->code == 2 && !hint && x->last_stderr && strcasestr(x->last_stderr, "usage:")) {
        hint = "VALIDATION";
    } else if (x->code > 128 && x->code <= 128 + 64) {
        name_signal(x->code - 128, name, sizeof name);
        snprintf(meaning, sizeof meaning, " (in it a process was ended by %s)", name);
    }
    snprintf(text, sizeof text, "exited with status %d%s%s%.*s", x->code, meaning, line.n ? ": " : "", SLICE_FMT(line));
    fill(out, hint ? hint : "UNKNOWN", text);
}

void job_classify(const struct job_exit *x, struct job_failure *out)
{
    struct slice line = {0};
    if (x->worker_lost) {
        fill(out, "WORKER_LOST", "the worker stopped reporting; whether the process still ran is not known");
        return;
    }
    if (x->timed_out) {
        fill(out, "TIMEOUT", "the job's time limit was reached and it was stopped");
        return;
    }
    if (x->error_type || x->error_message) {
        classify_told(x, out);
        return;
    }
    if (x->oom_killed) {
        fill(out, "OOM", "the kernel ended it: out of memory");
        return;
    }
    const char *hint = hint_in(x->last_stderr, &line);
    if (x->signal > 0)
        classify_signal(x, hint, line, out);
    else
        classify_status(x, hint, line, out);
}
