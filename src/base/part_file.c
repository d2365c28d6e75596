#include "base/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static int take(struct part_file *p, struct err *e)
{
    struct flock first_byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (p->fd < 0) return err_sys(e, errno, "can't create %s", p->path);
    if (fcntl(p->fd, F_OFD_SETLK, &first_byte) == 0) return 0;
    int rc = errno == EAGAIN || errno == EACCES ? err_set(e, HW_ECONFLICT, "another program is writing %s", p->path)
                                                : err_sys(e, errno, "can't lock %s", p->path);
    close(p->fd);
    p->fd = -1;
    return rc;
}

// Whoever wrote it may have finished between the opening and the lock: then what we hold is the finished file.
static bool still_there(const struct part_file *p)
{
    struct stat ours, there;
    return fstat(p->fd, &ours) == 0 && stat(p->path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

int part_file_begin(struct part_file *p, const char *final_path, struct err *e)
{
    struct stat st;
    *p = (struct part_file){mem_strdup(final_path), mem_printf("%s.part", final_path), -1};
    if (stat(final_path, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(e, HW_EINVALID, "%s is %s", final_path, S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
    for (;;) {
        int rc = take(p, e);
        if (rc) return rc;
        if (still_there(p)) break;
        close(p->fd);
        p->fd = -1;
    }
    return ftruncate(p->fd, 0) == 0 ? 0 : err_sys(e, errno, "can't write %s", p->path);
}

int part_file_commit(struct part_file *p, struct err *e)
{
    int rc = file_commit(p->path, p->final_path, e);
    if (!rc) {
        close(p->fd);
        p->fd = -1;
    }
    return rc;
}

void part_file_end(struct part_file *p)
{
    if (p->fd >= 0) {
        unlink(p->path);
        close(p->fd);
    }
    free(p->path);
    free(p->final_path);
    *p = (struct part_file){.fd = -1};
}
