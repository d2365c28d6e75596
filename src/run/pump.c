#include "run/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

enum { READ_SIZE = 256 << 10 };
// A pseudo-terminal holds less than that.
enum { TERMINAL_HOLDS = 128 << 10 };

struct pump {
    int from, to, stop_fd;
    atomic_bool ending; // the program has ended
    struct tap *tap;
    pthread_t thread;
};

// Waits for a descriptor that somebody has made non-blocking.
static bool await(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k > 0) p += k, n -= (size_t)k;
        if (k < 0 && errno == EAGAIN && await(fd)) continue;
        if (k < 0 && errno != EINTR) return false;
    }
    return true;
}

// Waits until there is something to read; false: the program has ended, and there is nothing.
static bool more(const struct pump *p)
{
    struct pollfd fds[2] = {{.fd = p->from, .events = POLLIN}, {.fd = p->stop_fd, .events = POLLIN}};
    int rc;
    do rc = poll(fds, 2, -1);
    while (rc < 0 && errno == EINTR);
    return rc > 0 && fds[0].revents;
}

// At most: what the program wrote and nobody has read yet is no more when it ends.
static size_t may_hold(int fd)
{
    int pipe = fcntl(fd, F_GETPIPE_SZ);
    return pipe > 0 ? (size_t)pipe : TERMINAL_HOLDS;
}

static void *run(void *arg)
{
    struct pump *p = arg;
    char *bytes = mem_alloc(READ_SIZE);
    size_t left = may_hold(p->from);
    while (left) {
        bool ending = atomic_load(&p->ending);
        ssize_t n = read(p->from, bytes, READ_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            if (more(p)) continue;
            break;
        }
        if (n <= 0) break; // a pseudo-terminal that nobody holds any more says EIO
        if (!write_all(p->to, bytes, (size_t)n)) break;
        tap_put(p->tap, slice_of(bytes, (size_t)n));
        // A process that the program left behind may hold the other end and go on writing.
        if (ending) left -= (size_t)n < left ? (size_t)n : left;
    }
    free(bytes);
    close(p->from);
    return NULL;
}

int pump_start(struct pump **out, int from, int to, struct tap *tap, struct err *e)
{
    struct pump *p = mem_zalloc(sizeof *p);
    p->from = from;
    p->to = to;
    p->tap = tap;
    int flags = fcntl(from, F_GETFL);
    int rc = flags < 0 || fcntl(from, F_SETFL, flags | O_NONBLOCK) < 0 ? err_sys(e, errno, "can't set up a pipe") : 0;
    p->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!rc && p->stop_fd < 0) rc = err_sys(e, errno, "eventfd");
    if (!rc) {
        int sys = pthread_create(&p->thread, NULL, run, p);
        if (sys) rc = err_sys(e, sys, "can't start a thread");
    }
    if (rc) {
        if (p->stop_fd >= 0) close(p->stop_fd);
        close(from);
        free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void pump_finish(struct pump *p)
{
    if (!p) return;
    uint64_t one = 1;
    atomic_store(&p->ending, true);
    ssize_t ignored = write(p->stop_fd, &one, sizeof one); // an empty counter takes it
    (void)ignored;
    pthread_join(p->thread, NULL);
    close(p->stop_fd);
    free(p);
}
