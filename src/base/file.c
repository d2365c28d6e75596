#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_sys(e, errno, "can't open %s", path);
    size_t start = out->n;
    int rc = 0;
    for (;;) {
        char *at = buf_reserve(out, 65536);
        ssize_t n = read(fd, at, 65536);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) rc = err_sys(e, errno, "can't read %s", path);
        if (n <= 0) break;
        out->n += (size_t)n;
        if (out->n - start > max) {
            rc = err_set(e, HW_ETOOBIG, "%s is longer than %zu bytes", path, max);
            break;
        }
    }
    close(fd);
    return rc;
}

int file_write_all(int fd, const void *data, size_t n, struct err *e)
{
    const char *p = data;
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR) continue;
        if (w < 0) return err_sys(e, errno, "can't write");
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int file_sync(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_sys(e, errno, "can't open %s", path);
    int rc = fsync(fd) < 0 ? err_sys(e, errno, "can't flush %s", path) : 0;
    close(fd);
    return rc;
}

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return mem_strdup(".");
    return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

int file_commit(const char *tmp, const char *final_path, struct err *e)
{
    int rc = file_sync(tmp, e);
    if (rc) return rc;
    if (rename(tmp, final_path) < 0) return err_sys(e, errno, "can't rename %s to %s", tmp, final_path);
    char *dir = parent_of(final_path);
    rc = file_sync(dir, e);
    free(dir);
    return rc;
}

static int write_beside(const char *tmp, const char *path, struct slice data, struct err *e)
{
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return err_sys(e, errno, "can't create %s", tmp);
    int rc = file_write_all(fd, data.p, data.n, e);
    if (rc) err_prefix(e, "%s", path);
    if (close(fd) < 0 && !rc) rc = err_sys(e, errno, "can't close %s", tmp);
    return rc;
}

static int write_whole(const char *path, struct slice data, bool synced, struct err *e)
{
    char *tmp = mem_printf("%s.tmp.%ld", path, (long)getpid());
    int rc = write_beside(tmp, path, data, e);
    if (!rc && synced) rc = file_commit(tmp, path, e);
    if (!rc && !synced && rename(tmp, path) < 0) rc = err_sys(e, errno, "can't rename %s to %s", tmp, path);
    if (rc) unlink(tmp);
    free(tmp);
    return rc;
}

int file_write_atomic(const char *path, struct slice data, struct err *e)
{
    return write_whole(path, data, true, e);
}

int file_replace(const char *path, struct slice data, struct err *e)
{
    return write_whole(path, data, false, e);
}

int file_mkdirs(const char *path, struct err *e)
{
    char *copy = mem_strdup(path);
    int rc = 0;
    for (char *p = copy + 1;; p++) {
        bool end = *p == 0;
        if (*p != '/' && !end) continue;
        *p = 0;
        if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
            rc = err_sys(e, errno, "can't make the folder %s", copy);
            break;
        }
        if (end) break;
        *p = '/';
    }
    struct stat st;
    if (!rc && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))) rc = err_set(e, HW_EIO, "%s is not a folder", path);
    free(copy);
    return rc;
}

static int remove_at(int dir_fd, const char *name, const char *shown, struct err *e)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT) return 0;
    if (errno != EISDIR && errno != EPERM) return err_sys(e, errno, "can't remove %s", shown);
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        int rc = err_sys(e, errno, "can't open the folder %s", shown);
        if (fd >= 0) close(fd);
        return rc;
    }
    int rc = 0;
    for (struct dirent *it; !rc && (it = readdir(d));) {
        if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0) continue;
        char *path = file_join(shown, it->d_name);
        rc = remove_at(fd, it->d_name, path, e);
        free(path);
    }
    closedir(d);
    if (!rc && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = err_sys(e, errno, "can't remove the folder %s", shown);
    return rc;
}

int file_remove_tree(const char *path, struct err *e)
{
    return remove_at(AT_FDCWD, path, path, e);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 ? -1 : (int64_t)st.st_size;
}

char *file_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    return mem_printf("%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}
