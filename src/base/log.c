#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

void log_at(enum log_level level, const char *component, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if ((int)level < atomic_load(&threshold)) return;
    char line[1024], ts[CLOCK_RFC3339_SIZE];
    clock_format(clock_now_us(), ts);
    int n = snprintf(line, sizeof line, "%s %-5s %-8s ", ts, names[level], component);
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    va_end(ap);
    size_t len = (size_t)n + (m > 0 ? (size_t)m : 0);
    if (len > sizeof line - 2) len = sizeof line - 2;
    line[len++] = '\n';
    // One write a line, so that lines of several processes on one terminal stay whole. Nobody to tell if it fails.
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
}
