#include "cli/args.h"

#include <string.h>

static const struct arg_spec *find(const struct arg_spec *specs, const char *name, size_t n)
{
    for (const struct arg_spec *s = specs; s->name; s++)
        if (strlen(s->name) == n && strncmp(s->name, name, n) == 0) return s;
    return NULL;
}

// The known option that begins alike, for the message; NULL if none does.
static const char *similar(const struct arg_spec *specs, const char *name, size_t n)
{
    for (size_t len = n; len >= 2; len--)
        for (const struct arg_spec *s = specs; s->name; s++)
            if (strncmp(s->name, name, len) == 0) return s->name;
    return NULL;
}

static int unknown(const struct arg_spec *specs, const char *arg, size_t n, struct err *e)
{
    const char *like = similar(specs, arg + 2, n);
    return err_set(e, HW_EINVALID, "there is no option %s%s%s%s", arg, like ? "; did you mean --" : "",
                   like ? like : "", like ? "?" : "");
}

int args_parse(int *argc, char **argv, const struct arg_spec *specs, bool *help, struct err *e)
{
    int left = 1;
    bool ended = false;
    for (int i = 1; i < *argc; i++) {
        char *a = argv[i];
        if (ended || a[0] != '-' || a[1] == 0) {
            argv[left++] = a;
            continue;
        }
        if (strcmp(a, "--") == 0) {
            ended = true;
            continue;
        }
        if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0) {
            *help = true;
            continue;
        }
        if (a[1] != '-') return err_set(e, HW_EINVALID, "there is no option %s", a);
        const char *eq = strchr(a, '=');
        size_t n = eq ? (size_t)(eq - a - 2) : strlen(a + 2);
        const struct arg_spec *s = find(specs, a + 2, n);
        if (!s) return unknown(specs, a, n, e);
        if (s->flag) {
            if (eq) return err_set(e, HW_EINVALID, "--%s takes no value", s->name);
            *s->flag = true;
        } else if (eq) {
            *s->value = eq + 1;
        } else {
            if (i + 1 >= *argc) return err_set(e, HW_EINVALID, "--%s needs a value (%s)", s->name, s->value_name);
            *s->value = argv[++i];
        }
    }
    *argc = left;
    argv[left] = NULL;
    return 0;
}

void args_print(FILE *to, const struct arg_spec *specs)
{
    for (const struct arg_spec *s = specs; s->name; s++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", s->name, s->value_name ? " " : "", s->value_name ? s->value_name : "");
        fprintf(to, "  %-34s %s\n", left, s->help);
    }
}
