#include "base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { SAYS_MAX = 4096 };

int lockfile_take(const char *path, const char *says, int *fd, struct err *e)
{
    int rc;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) return err_sys(e, errno, "can't open %s", path);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(*fd, F_OFD_SETLK, &whole) < 0)
        rc = errno == EAGAIN || errno == EACCES ? err_set(e, HW_ECONFLICT, "%s is locked", path)
                                                : err_sys(e, errno, "can't lock %s", path);
    else if (ftruncate(*fd, 0) < 0)
        rc = err_sys(e, errno, "can't write %s", path);
    else
        rc = file_write_all(*fd, says, strlen(says), e);
    if (rc) {
        close(*fd);
        *fd = -1;
    }
    return rc;
}

bool lockfile_held(const char *path, struct buf *says)
{
    buf_clear(says);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    // Looks without taking it, so that nobody who starts at this moment is turned away by a mere question.
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (held) {
        ssize_t n = pread(fd, buf_reserve(says, SAYS_MAX), SAYS_MAX, 0);
        if (n > 0) says->n += (size_t)n;
    }
    close(fd);
    return held;
}
