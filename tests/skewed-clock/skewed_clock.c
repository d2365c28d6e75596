// A wall clock that is wrong, for tests: preloaded (LD_PRELOAD) into a worker it adds HEADWAY_CLOCK_SKEW seconds to
// what the system says the time is. Clocks that only measure how long something takes are left alone.
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static long skew(void)
{
    const char *text = getenv("HEADWAY_CLOCK_SKEW");
    return text ? strtol(text, NULL, 10) : 0;
}

EXPORT int clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);
    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) ts->tv_sec += skew();
    return rc;
}

EXPORT int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    struct timespec ts;
    int rc = clock_gettime(CLOCK_REALTIME, &ts);
    if (rc == 0) *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return rc;
}

EXPORT time_t time(time_t *out)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts); // can't fail for this clock
    if (out) *out = ts.tv_sec;
    return ts.tv_sec;
}
