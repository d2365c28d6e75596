#include "task/output_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static bool is_empty_folder(const char *path)
{
    DIR *d = opendir(path);
    if (!d) return false;
    int entries = 0;
    while (readdir(d)) entries++;
    closedir(d);
    return entries <= 2; // "." and ".."
}

static bool may_replace(const char *path, const char *index_file)
{
    char *index = file_join(path, index_file);
    bool ours = file_exists(index);
    free(index);
    return ours || is_empty_folder(path);
}

int output_folder_begin(const char *tmp, const char *final_path, const char *index_file, struct err *e)
{
    if (file_exists(final_path) && !may_replace(final_path, index_file))
        return err_field(e, HW_ECONFLICT, "output_dir", "%.300s is there already, and holds something else",
                         final_path);
    int rc = file_remove_tree(tmp, e);
    return rc ? rc : file_mkdirs(tmp, e);
}

int output_folder_commit(const char *tmp, const char *final_path, struct err *e)
{
    // Between the two steps there is no output: a crash there costs a repetition, never a half-written folder.
    int rc = file_remove_tree(final_path, e);
    return rc ? rc : file_commit(tmp, final_path, e);
}

static bool is_temporary(const char *name)
{
    size_t n = strlen(name);
    return strstr(name, ".tmp.") || (n >= 4 && strcmp(name + n - 4, ".tmp") == 0);
}

int output_folder_clean(const char *folder, struct err *e)
{
    DIR *dir = opendir(folder);
    if (!dir) return err_sys(e, errno, "can't read %s", folder);
    int rc = 0;
    for (struct dirent *d; !rc && (d = readdir(dir));) {
        if (!is_temporary(d->d_name)) continue;
        char *path = file_join(folder, d->d_name);
        rc = file_remove_tree(path, e);
        free(path);
    }
    closedir(dir);
    return rc;
}
