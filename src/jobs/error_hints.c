#include "jobs/error_hints.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char TRACEBACK[] = "Traceback (most recent call last)";

// The first that is found in a line counts, so the particular stands before the general.
static const struct {
    const char *needle, *type;
} hints[] = {
    // memory
    {"out of memory", "OOM"}, // CUDA, XLA, Go, JavaScript, the kernel's own words
    {"outofmemory", "OOM"},   // torch.cuda.OutOfMemoryError, java.lang.OutOfMemoryError
    {"memoryerror", "OOM"},   // Python, numpy's _ArrayMemoryError
    {"bad_alloc", "OOM"},
    {"memory allocation of", "OOM"},   // Rust
    {"cannot allocate memory", "OOM"}, // ENOMEM
    {"can't allocate memory", "OOM"},  // torch's DefaultCPUAllocator
    {"unable to allocate", "OOM"},     // numpy
    {"alloc_failed", "OOM"},           // CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_ALLOC_FAILED
    {"cudaerrormemoryallocation", "OOM"},
    {"out of shared memory", "OOM"}, // torch's data loader
    {"oom_kill", "OOM"},             // Slurm
    {"oom-kill", "OOM"},
    // disk
    {"no space left on device", "DISK_FULL"},
    {"disk quota exceeded", "DISK_FULL"},
    {"enospc", "DISK_FULL"},
    {"database or disk is full", "DISK_FULL"},
    {"not enough free disk space", "DISK_FULL"},
    {"not enough disk space", "DISK_FULL"},
    // things of a hub, before the status and the network that they are told with
    {"repositorynotfounderror", "NOT_FOUND"},
    {"repository not found", "NOT_FOUND"},
    {"revisionnotfounderror", "NOT_FOUND"},
    {"localentrynotfounderror", "NETWORK"}, // nothing cached, and the hub can't be asked
    {"remoteentrynotfounderror", "NOT_FOUND"},
    {"entrynotfounderror", "NOT_FOUND"},
    {"entry not found", "NOT_FOUND"},
    {"datasetnotfounderror", "NOT_FOUND"},
    {"is not a valid model identifier", "NOT_FOUND"},
    {"gatedrepoerror", "VALIDATION"},
    // network
    {"connection timed out", "NETWORK"},
    {"connect timed out", "NETWORK"},
    {"read timed out", "NETWORK"},
    {"connecttimeout", "NETWORK"},
    {"connection timeout", "NETWORK"},
    {"readtimeout", "NETWORK"},
    {"handshake operation timed out", "NETWORK"},
    {"etimedout", "NETWORK"},
    {"could not resolve host", "NETWORK"},
    {"couldn't resolve host", "NETWORK"},
    {"failed to resolve", "NETWORK"},
    {"nameresolutionerror", "NETWORK"},
    {"name or service not known", "NETWORK"},
    {"nodename nor servname", "NETWORK"},
    {"name resolution", "NETWORK"}, // temporary failure in …
    {"getaddrinfo", "NETWORK"},
    {"gaierror", "NETWORK"},
    {"eai_again", "NETWORK"},
    {"network is unreachable", "NETWORK"},
    {"no route to host", "NETWORK"},
    {"connection refused", "NETWORK"},
    {"econnrefused", "NETWORK"},
    {"connection reset", "NETWORK"},
    {"econnreset", "NETWORK"},
    {"connection aborted", "NETWORK"},
    {"connection broken", "NETWORK"},
    {"remote end closed connection", "NETWORK"},
    {"remotedisconnected", "NETWORK"},
    {"server disconnected", "NETWORK"},
    {"incompleteread", "NETWORK"},
    {"chunkedencodingerror", "NETWORK"},
    {"max retries exceeded", "NETWORK"},
    {"newconnectionerror", "NETWORK"},
    {"couldn't connect to", "NETWORK"},
    {"could not connect to", "NETWORK"},
    {"failed to connect to", "NETWORK"},
    {"certificate_verify_failed", "NETWORK"},
    {"sslerror", "NETWORK"},
    {"too many requests", "NETWORK"},
    // time
    {"timed out", "TIMEOUT"},
    {"timeouterror", "TIMEOUT"},
    {"timeoutexpired", "TIMEOUT"},
    {"deadline exceeded", "TIMEOUT"},
    // things that aren't there
    {"no such file or directory", "NOT_FOUND"},
    {"filenotfounderror", "NOT_FOUND"},
    {"enoent", "NOT_FOUND"},
    {"no module named", "NOT_FOUND"},
    {"modulenotfounderror", "NOT_FOUND"},
    {"command not found", "NOT_FOUND"},
    // what was asked for can't work
    {"unrecognized arguments", "VALIDATION"},
    {"the following arguments are required", "VALIDATION"},
    {"invalid choice", "VALIDATION"},
    {"no such option", "VALIDATION"},
    {"unrecognized option", "VALIDATION"},
    {"unknown option", "VALIDATION"},
    {"invalid option", "VALIDATION"},
    {"validationerror", "VALIDATION"}, // pydantic, jsonschema
    {"validation error", "VALIDATION"},
    {"valueerror", "VALIDATION"},
    {"invalid argument", "VALIDATION"},
};

// ---- one line -----------------------------------------------------------------------------------------------------

static const char *find(struct slice line, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t i = 0; i + n <= line.n; i++)
        if (strncasecmp(line.p + i, needle, n) == 0) return line.p + i;
    return NULL;
}

static int three_digits(const char *p, const char *end)
{
    if (end - p < 3 || (end - p > 3 && isalnum((unsigned char)p[3]))) return 0;
    for (int i = 0; i < 3; i++)
        if (!isdigit((unsigned char)p[i])) return 0;
    return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

// The status of an HTTP answer as clients tell it; 0: none is told.
static int http_status(struct slice line)
{
    // A number that follows …
    static const char *const before[] = {
        "http error ",  "returned error: ", "status code: ",         "status code ",
        "status_code=", "status_code: ",    "status client error (", "status server error (",
        "http status ", "http/1.1 ",        "error code: ",          ": error "};
    // … or goes before.
    static const char *const after[] = {" client error", " server error"};
    const char *end = line.p + line.n;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        const char *at = find(line, before[i]);
        int status = at ? three_digits(at + strlen(before[i]), end) : 0;
        if (status) return status;
    }
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        const char *at = find(line, after[i]);
        if (at && at - line.p >= 3 && (at - line.p == 3 || !isalnum((unsigned char)at[-4]))) {
            int status = three_digits(at - 3, at);
            if (status) return status;
        }
    }
    // wget: "… ERROR 404: Not Found."
    const char *at = find(line, " error ");
    return at && end - at > 10 && at[10] == ':' ? three_digits(at + 7, at + 10) : 0;
}

static const char *status_type(int status)
{
    if (status == 404 || status == 410) return "NOT_FOUND";
    if (status == 507) return "DISK_FULL";
    // Busy, or broken at the other end: the same may work later.
    if (status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599)) return "NETWORK";
    // The request itself is refused (no token, no access, malformed): it will be refused again.
    if (status >= 400 && status <= 499) return "VALIDATION";
    return NULL;
}

static bool has_word(struct slice line, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= line.n; i++) {
        bool begins = i == 0 || !isalnum((unsigned char)line.p[i - 1]);
        bool ends = i + n == line.n || !isalnum((unsigned char)line.p[i + n]);
        if (begins && ends && memcmp(line.p + i, word, n) == 0) return true;
    }
    return false;
}

// What a program tells and goes on is no reason to have ended.
static bool is_remark(struct slice line)
{
    static const char *const levels[] = {"WARN", "INFO", "DEBUG", "TRACE"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (has_word(line, levels[i])) return true;
    return find(line, "warning") || find(line, "retrying") || find(line, "will retry");
}

static const char *line_hint(struct slice line)
{
    if (is_remark(line)) return NULL;
    // What tells the name of a thing says more than the number it comes with, but a number says more than "the
    // network".
    const char *by_status = status_type(http_status(line));
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (!find(line, hints[i].needle)) continue;
        if (by_status && (strcmp(hints[i].type, "NETWORK") == 0 || strcmp(hints[i].type, "VALIDATION") == 0)) break;
        return hints[i].type;
    }
    return by_status;
}

// ---- lines --------------------------------------------------------------------------------------------------------

// Takes the last line off *text.
static struct slice cut_last(struct slice *text)
{
    size_t n = text->n;
    if (n && text->p[n - 1] == '\n') n--;
    size_t start = n;
    while (start && text->p[start - 1] != '\n') start--;
    struct slice line = slice_of(text->p + start, n - start);
    text->n = start;
    return line;
}

// Whether what stands before a traceback says that the exception comes from the one told there.
static bool chained(struct slice before)
{
    for (int i = 0; i < 3 && before.n; i++) {
        struct slice line = slice_trim(cut_last(&before));
        if (line.n) return find(line, "direct cause of the following") || find(line, "during handling of the above");
    }
    return false;
}

static bool indented(struct slice line)
{
    return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

// Whether an indented line below `above` belongs to the frames of a traceback. They quote the program, and the
// `raise ValueError(…)` of a frame is not the exception.
static bool in_frames(struct slice above)
{
    bool frame = above.n == 0; // the beginning of the text was cut off
    while (above.n) {
        struct slice line = cut_last(&above);
        if (!indented(line)) return slice_starts(line, TRACEBACK);
        frame |= slice_starts(line, "  File \"");
    }
    return frame;
}

const char *error_hint(struct slice text, struct slice *line)
{
    struct slice rest = text;
    *line = (struct slice){0};
    while (rest.n) {
        struct slice raw = cut_last(&rest), it = slice_trim(raw);
        if (it.n == 0) continue;
        if (line->n == 0) *line = it;
        // What was written before an exception isn't its reason, unless it says so.
        if (slice_starts(it, TRACEBACK)) {
            if (!chained(rest)) return NULL;
            continue;
        }
        if (indented(raw) && (slice_starts(raw, "  File \"") || in_frames(rest))) continue;
        const char *type = line_hint(it);
        if (!type) continue;
        *line = it;
        return type;
    }
    return NULL;
}
