#include "monitor/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

// One pread of this much covers every file that the sampler reads on an ordinary machine.
#define CHUNK 16384u

void procfile_init(struct procfile *f, const char *root, const char *name)
{
    *f = (struct procfile){.path = file_join(root, name), .fd = -1};
}

static void forget_fd(struct procfile *f)
{
    if (f->fd >= 0) close(f->fd);
    f->fd = -1;
}

void procfile_release(struct procfile *f)
{
    forget_fd(f);
    free(f->path);
    f->path = NULL;
}

static bool ensure_open(struct procfile *f)
{
    if (f->fd < 0) f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return f->fd >= 0;
}

struct slice procfile_read(struct procfile *f, struct buf *out)
{
    buf_clear(out);
    if (!ensure_open(f)) return (struct slice){0};
    // Files made of records come a page at a time whatever the size asked for: read until there is no more.
    while (out->n < PROCFILE_MAX) {
        char *at = buf_reserve(out, CHUNK);
        ssize_t n = pread(f->fd, at, CHUNK, (off_t)out->n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            forget_fd(f);
            buf_clear(out);
            return (struct slice){0};
        }
        if (n == 0) break;
        out->n += (size_t)n;
    }
    return buf_slice(out);
}

bool procfile_changed(struct procfile *f)
{
    if (f->fd < 0) return true;
    struct pollfd p = {.fd = f->fd, .events = POLLPRI};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLPRI));
}
