#include "jobs/output_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { LEVELS = 2 }; // checkpoints/step_00000500.tmp is the deepest

// "x.tmp", "x.tmp.1234"
static bool is_temporary(const char *name)
{
    const char *at = strstr(name, ".tmp");
    if (!at || at == name) return false;
    at += 4;
    return *at == 0 || (*at == '.' && at[1] && strspn(at + 1, "0123456789") == strlen(at + 1));
}

static void note(int rc, const struct err *why, int *first, struct err *e)
{
    if (rc == 0 || *first) return;
    *first = rc;
    if (e) *e = *why;
}

// Counts what is temporary in `folder`; with `remove` it goes.
static int sweep(const char *folder, int levels, bool remove, int *first, struct err *e)
{
    struct err why = {0};
    int found = 0;
    DIR *d = opendir(folder);
    if (!d) {
        if (errno != ENOENT && errno != ENOTDIR) note(err_sys(&why, errno, "can't read %s", folder), &why, first, e);
        return 0;
    }
    for (struct dirent *it; (it = readdir(d));) {
        if (it->d_name[0] == '.') continue;
        char *path = file_join(folder, it->d_name);
        if (is_temporary(it->d_name)) {
            found++;
            if (remove) note(file_remove_tree(path, &why), &why, first, e);
        } else if (levels > 1 && (it->d_type == DT_DIR || it->d_type == DT_UNKNOWN)) {
            found += sweep(path, levels - 1, remove, first, e);
        }
        free(path);
    }
    closedir(d);
    return found;
}

int output_sweep(const char *output_dir, struct err *e)
{
    int first = 0;
    struct err why = {0};
    if (output_dir[0] != '/') return err_set(e, HW_EINVALID, "%s isn't an absolute path", output_dir);
    char *beside = mem_printf("%s.tmp", output_dir);
    note(file_remove_tree(beside, &why), &why, &first, e);
    free(beside);
    (void)sweep(output_dir, LEVELS, true, &first, e);
    return first;
}

bool output_needs_sweep(const char *output_dir)
{
    int first = 0;
    struct err e;
    char *beside = mem_printf("%s.tmp", output_dir);
    bool found = output_dir[0] == '/' && (file_exists(beside) || sweep(output_dir, LEVELS, false, &first, &e) > 0);
    free(beside);
    return found;
}
