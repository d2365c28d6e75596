#include "run/environment.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"

extern char **environ;

enum { ARGUMENTS_BYTES = 32 << 10, NAME_BYTES = 80, KEY = 24 };

static bool replaced(const char *entry, const struct environment *x)
{
    static const char *const names[] = {"HEADWAY_FD=", "HEADWAY_URL=", "HEADWAY_JOB_ID=", "HEADWAY_ATTEMPT="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0) return true;
    return x->gpu && strncmp(entry, "CUDA_VISIBLE_DEVICES=", 21) == 0;
}

char **environment_make(const struct environment *x)
{
    size_t n = 0, at = 0;
    while (environ[n]) n++;
    char **env = mem_array(n + 5, sizeof *env);
    if (x->wire_fd >= 0) env[at++] = mem_printf("HEADWAY_FD=%d", x->wire_fd);
    env[at++] = mem_printf("HEADWAY_URL=%s", x->server_url);
    if (x->job_id) env[at++] = mem_printf("HEADWAY_JOB_ID=%s", x->job_id);
    if (x->gpu) env[at++] = mem_printf("CUDA_VISIBLE_DEVICES=%s", x->gpu);
    for (size_t i = 0; i < n; i++)
        if (!replaced(environ[i], x)) env[at++] = mem_strdup(environ[i]);
    return env;
}

void environment_free(char **env)
{
    for (size_t i = 0; env[i]; i++) free(env[i]);
    free(env);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

// "python3 train.py --lr 0.1"
static void write_name(struct jw *w, char *const *argv, const char *name)
{
    struct buf text = BUF_INIT;
    buf_add_str(&text, name ? name : base_name(argv[0]));
    for (int i = 1; !name && argv[i] && text.n < NAME_BYTES; i++) buf_addf(&text, " %s", argv[i]);
    size_t max = name ? (size_t)2 * NAME_BYTES : NAME_BYTES, n = text.n < max ? text.n : max;
    while (n < text.n && n && ((unsigned char)text.p[n] & 0xc0) == 0x80) n--; // no half a character
    jw_key(w, "name");
    jw_slice(w, slice_of(text.p, n));
    buf_release(&text);
}

static void write_arguments(struct jw *w, char *const *argv)
{
    size_t left = ARGUMENTS_BYTES;
    jw_key(w, "command");
    jw_arr(w);
    for (int i = 0; argv[i]; i++) {
        size_t n = strlen(argv[i]);
        if (n > left) {
            jw_str(w, "…");
            break;
        }
        jw_slice(w, slice_of(argv[i], n));
        left -= n;
    }
    jw_arr_end(w);
}

void environment_job(struct buf *out, char *const *argv, const char *name, const char *gpu)
{
    char cwd[PATH_MAX], key[KEY + 1];
    struct jw w;
    id_token(key, KEY);
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "kind", "command");
    write_name(&w, argv, name);
    jw_key(&w, "params");
    jw_obj(&w);
    write_arguments(&w, argv);
    if (getcwd(cwd, sizeof cwd)) {
        jw_key(&w, "cwd");
        jw_slice(&w, slice_str(cwd));
    }
    if (gpu) jw_kstr(&w, "gpu", gpu);
    jw_obj_end(&w);
    jw_kstr(&w, "resource_class", gpu ? "gpu" : "cpu");
    jw_kstr(&w, "idempotency_key", key);
    jw_obj_end(&w);
}
