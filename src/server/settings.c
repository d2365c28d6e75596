#include "server/settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "jobs/queue_names.h"
#include "jobs/repo_names.h"
#include "net/listener.h"

enum type { TEXT, INTEGER, NUMBER, FLAG };

// ---- texts that aren't free ---------------------------------------------------------------------------------------

static bool is_address(const char *value)
{
    char host[256];
    uint16_t port;
    return listener_parse(slice_str(value), host, &port, NULL) == 0;
}

// Each class once; how many places there may be is the worker's business too, which says the same.
static bool is_slots(const char *value)
{
    static const char *const classes[] = {"cpu", "gpu", "io"};
    bool seen[3] = {false};
    struct slice rest = slice_str(value);
    if (rest.n == 0) return false;
    while (rest.n) {
        struct slice count = slice_cut(&rest, ','), name = slice_trim(slice_cut(&count, '='));
        unsigned long long places;
        int class = -1;
        for (int i = 0; i < 3; i++)
            if (slice_is(name, classes[i])) class = i;
        if (class < 0 || seen[class] || !slice_u64(slice_trim(count), &places) || places > 1024) return false;
        seen[class] = true;
    }
    return true;
}

static bool is_queues(const char *value)
{
    struct queue_names names;
    return queue_names_parse(slice_str(value), &names, NULL) == 0;
}

static bool is_database(const char *value)
{
    static const char *const schemes[] = {"sqlite:", "postgresql://", "postgres://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i]);
        if (strncmp(value, schemes[i], n) == 0 && value[n]) return true;
    }
    return false;
}

static bool is_endpoint(const char *value)
{
    return repo_endpoint_ok(slice_str(value));
}

static bool is_not_empty(const char *value)
{
    return *value != 0;
}

// ---- the table ----------------------------------------------------------------------------------------------------

static const struct setting {
    const char *env;
    enum type type;
    size_t offset;
    const char *def; // NULL: none
    double lo, hi;
    const char *accepted; // for messages and help; NULL: from the bounds
    const char *help;
    bool (*ok)(const char *value); // TEXT: may it be this? NULL: anything
} table[] = {
#define AT(field) offsetof(struct settings, field)
    {"HEADWAY_LISTEN", TEXT, AT(listen), "127.0.0.1:8080", 0, 0, "HOST:PORT", "where to listen; port 0: any free one",
     is_address},
    {"HEADWAY_DATA", TEXT, AT(data), "./headway-data", 0, 0, "FOLDER",
     "database, logs, datasets, activations, trainings", is_not_empty},
    {"HEADWAY_ALLOWED_ORIGINS", TEXT, AT(allowed_origins), "", 0, 0, "ORIGIN,ORIGIN…",
     "web origins beside our own that may connect and write", NULL},
    {"HEADWAY_ALLOWED_HOSTS", TEXT, AT(allowed_hosts), "", 0, 0, "NAME,NAME…",
     "names beside the addresses listened on by which the server may be called", NULL},
    {"HEADWAY_NO_WORKER", FLAG, AT(no_worker), NULL, 0, 0, "true or false", "start no worker beside the server", NULL},
    {"HEADWAY_SLOTS", TEXT, AT(slots), "cpu=1,gpu=0,io=4", 0, 0, "cpu=N,gpu=N,io=N",
     "the local worker's places by resource class", is_slots},
    {"HEADWAY_QUEUES", TEXT, AT(queues), QUEUE_DEFAULT, 0, 0, "NAME,NAME…", "queues that the local worker serves",
     is_queues},
    {"HEADWAY_TASK", TEXT, AT(task_program), NULL, 0, 0, "PATH",
     "the task program (default: headway-task beside this one)", is_not_empty},
    {"HEADWAY_IO_THREADS", INTEGER, AT(io_threads), "0", 0, 16, NULL,
     "threads that carry real-time clients; 0: one a core, at most 4", NULL},
    {"HEADWAY_LEASE_SECONDS", INTEGER, AT(lease_seconds), "15", 1, 3600, NULL,
     "a job whose worker is silent for so long is stalled", NULL},
    {"HEADWAY_NVML", TEXT, AT(nvml_library), NULL, 0, 0, "PATH", "NVIDIA's management library (default: the system's)",
     NULL},
    {"HEADWAY_VERBOSE", FLAG, AT(verbose), NULL, 0, 0, "true or false", "log more", NULL},
    {"DATABASE_URL", TEXT, AT(database_url), NULL, 0, 0, "sqlite:PATH or postgresql://USER@HOST/DATABASE",
     "default: SQLite in the data folder", is_database},
    {"DATABASE_POOL_SIZE", INTEGER, AT(pool_size), "20", 1, 1000, NULL, "connections kept to a database server", NULL},
    {"DATABASE_MAX_OVERFLOW", INTEGER, AT(max_overflow), "40", 0, 1000, NULL, "connections beyond these when busy",
     NULL},
    {"REDIS_WS_URL", TEXT, AT(redis_url), NULL, 0, 0, "not set", "the bus for several instances", NULL},
    {"HF_ENDPOINT", TEXT, AT(hub), REPO_ENDPOINT_DEFAULT, 0, 0, "http://HOST or https://HOST, with no slash at the end",
     "the hub that models and datasets are downloaded from", is_endpoint},
    {"SYSTEM_MONITOR_INTERVAL_SECONDS", NUMBER, AT(monitor_interval_seconds), "2", 0.1, 3600, NULL,
     "time between readings of the machine", NULL},
    {"TRAINING_METRIC_ARCHIVE_DAYS", INTEGER, AT(archive_days), "30", 1, 36500, NULL,
     "metrics older than this are moved to the archive", NULL},
    {"PROGRESS_HISTORY_RETENTION_DAYS", INTEGER, AT(history_retention_days), "90", 1, 36500, NULL,
     "how long progress snapshots are kept", NULL},
    {"PROGRESS_HISTORY_STEP_PERCENT", INTEGER, AT(history_step_percent), "5", 1, 100, NULL,
     "progress between two snapshots", NULL},
    {"PROGRESS_HISTORY_INTERVAL_SECONDS", INTEGER, AT(history_interval_seconds), "60", 1, 86400, NULL,
     "time between two snapshots", NULL},
    {"WEBSOCKET_BATCH_INTERVAL_MS", INTEGER, AT(batch_interval_ms), "0", 0, 10000, NULL,
     "gathers events for clients that ask for batches; 0: off", NULL},
    {"WEBSOCKET_COMPRESSION_THRESHOLD", INTEGER, AT(compression_threshold), "1024", 0, 1e9, NULL,
     "bytes from which a message is compressed; 0: none", NULL},
#undef AT
};

enum { COUNT = sizeof table / sizeof *table };

static void option_name(const struct setting *t, char out[64])
{
    const char *from = strncmp(t->env, "HEADWAY_", 8) == 0 ? t->env + 8 : t->env;
    size_t i = 0;
    for (; from[i] && i < 63; i++) out[i] = from[i] == '_' ? '-' : (char)tolower((unsigned char)from[i]);
    out[i] = 0;
}

static int refuse(const struct setting *t, const char *value, struct err *e)
{
    if (t->accepted)
        return err_field(e, HW_EVALIDATION, t->env, "%s is \"%s\"; accepted is %s", t->env, value, t->accepted);
    return err_field(e, HW_EVALIDATION, t->env, "%s is \"%s\"; accepted is a %s from %.10g to %.10g", t->env, value,
                     t->type == INTEGER ? "whole number" : "number", t->lo, t->hi);
}

static int assign(struct settings *s, const struct setting *t, const char *value, struct err *e)
{
    void *at = (char *)s + t->offset;
    char *end;
    errno = 0;
    switch (t->type) {
    case TEXT: {
        char **text = at;
        if (t->ok && !t->ok(value)) return refuse(t, value, e);
        free(*text);
        *text = mem_strdup(value);
        return 0;
    }
    case INTEGER: {
        long long v = strtoll(value, &end, 10);
        if (!*value || *end || errno || (double)v < t->lo || (double)v > t->hi) return refuse(t, value, e);
        *(int64_t *)at = v;
        return 0;
    }
    case NUMBER: {
        double v = strtod(value, &end);
        if (!*value || *end || errno || !(v >= t->lo && v <= t->hi)) return refuse(t, value, e);
        *(double *)at = v;
        return 0;
    }
    case FLAG: {
        bool yes = strcmp(value, "true") == 0 || strcmp(value, "1") == 0 || strcmp(value, "yes") == 0;
        bool no = strcmp(value, "false") == 0 || strcmp(value, "0") == 0 || strcmp(value, "no") == 0;
        if (!yes && !no) return refuse(t, value, e);
        *(bool *)at = yes;
        return 0;
    }
    }
    return refuse(t, value, e);
}

static int read_environment(struct settings *s, struct err *e)
{
    for (size_t i = 0; i < COUNT; i++) {
        const char *value = getenv(table[i].env);
        if (!value || !*value) value = table[i].def; // set to nothing is not set
        int rc = value ? assign(s, &table[i], value, e) : 0;
        if (rc) return rc;
    }
    return 0;
}

static const struct setting *find_option(const char *name, size_t n)
{
    for (size_t i = 0; i < COUNT; i++) {
        char option[64];
        option_name(&table[i], option);
        if (strlen(option) == n && strncmp(option, name, n) == 0) return &table[i];
    }
    return NULL;
}

static int read_options(struct settings *s, int *argc, char **argv, bool *help, struct err *e)
{
    int left = 1;
    for (int i = 1; i < *argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0) {
            *help = true;
            continue;
        }
        if (strncmp(a, "--", 2) != 0) {
            argv[left++] = argv[i];
            continue;
        }
        const char *eq = strchr(a, '=');
        const struct setting *t = find_option(a + 2, eq ? (size_t)(eq - a - 2) : strlen(a + 2));
        if (!t) {
            argv[left++] = argv[i]; // the caller's own, or unknown: it says so
            continue;
        }
        const char *value = eq ? eq + 1 : t->type == FLAG ? "true" : i + 1 < *argc ? argv[++i] : NULL;
        if (!value) return err_field(e, HW_EVALIDATION, t->env, "%s needs a value", a);
        int rc = assign(s, t, value, e);
        if (rc) return rc;
    }
    *argc = left;
    argv[left] = NULL;
    return 0;
}

// The task program lies beside this one.
static int default_task_program(struct settings *s, struct err *e)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) return err_sys(e, errno, "can't find this program's own path");
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    s->task_program = mem_printf("%s/headway-task", path);
    return 0;
}

static int make_absolute(char **path, struct err *e)
{
    char cwd[PATH_MAX];
    if ((*path)[0] == '/') return 0;
    if (!getcwd(cwd, sizeof cwd)) return err_sys(e, errno, "can't tell the current folder");
    const char *tail = strncmp(*path, "./", 2) == 0 ? *path + 2 : *path;
    char *full = mem_printf("%s/%s", cwd, tail);
    free(*path);
    *path = full;
    return 0;
}

int settings_load(struct settings *s, int *argc, char **argv, bool *help, struct err *e)
{
    *s = (struct settings){0};
    *help = false;
    int rc = read_environment(s, e);
    if (!rc) rc = read_options(s, argc, argv, help, e);
    if (!rc) rc = make_absolute(&s->data, e);
    if (!rc && !s->task_program) rc = default_task_program(s, e);
    if (!rc && s->redis_url && *s->redis_url)
        rc = err_field(
            e, HW_EUNSUPPORTED, "REDIS_WS_URL",
            "REDIS_WS_URL is \"%s\": this version runs as one instance with the bus in its own process; unset it",
            s->redis_url);
    if (!rc && !s->database_url) s->database_url = mem_printf("sqlite:%s/headway.db", s->data);
    if (rc) settings_release(s);
    return rc;
}

void settings_release(struct settings *s)
{
    for (size_t i = 0; i < COUNT; i++)
        if (table[i].type == TEXT) free(*(char **)((char *)s + table[i].offset));
    *s = (struct settings){0};
}

bool settings_describe(size_t i, const char **env, char option[64], const char **def, const char **help)
{
    if (i >= COUNT) return false;
    *env = table[i].env;
    option_name(&table[i], option);
    *def = table[i].def;
    *help = table[i].help;
    return true;
}

void settings_print_help(FILE *to)
{
    for (size_t i = 0; i < COUNT; i++) {
        char option[64], left[128];
        option_name(&table[i], option);
        const char *value = table[i].type == FLAG ? "" : table[i].accepted ? table[i].accepted : "N";
        snprintf(left, sizeof left, "--%s %s", option, value);
        fprintf(to, "  %-42s %s", left, table[i].help);
        if (table[i].def && *table[i].def) fprintf(to, " (%s)", table[i].def);
        fprintf(to, "\n");
    }
}

// An address with a user, or with parameters, as databases take them.
static bool may_hold_password(const char *text)
{
    return strstr(text, "://") && strpbrk(text, "@?");
}

void settings_write(struct jw *w, const struct settings *s)
{
    jw_arr(w);
    for (size_t i = 0; i < COUNT; i++) {
        const void *at = (const char *)s + table[i].offset;
        jw_obj(w);
        jw_kstr(w, "name", table[i].env);
        switch (table[i].type) {
        case TEXT: {
            const char *text = *(char *const *)at;
            jw_kstr(w, "value", text && may_hold_password(text) ? NULL : text);
            break;
        }
        case INTEGER: jw_ki64(w, "value", *(const int64_t *)at); break;
        case NUMBER: jw_kf64(w, "value", *(const double *)at); break;
        case FLAG: jw_kbool(w, "value", *(const bool *)at); break;
        }
        jw_kstr(w, "default", table[i].def);
        jw_kstr(w, "help", table[i].help);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}
