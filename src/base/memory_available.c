#include "base/memory_available.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

// The number in a file of one number; infinity for "max" and for a file that isn't there.
static double number_in(const char *path)
{
    struct buf text = BUF_INIT;
    double v = INFINITY;
    if (file_read(path, 4096, &text, NULL) == 0 && text.n && text.p[0] >= '0' && text.p[0] <= '9')
        v = strtod(buf_cstr(&text), NULL);
    buf_release(&text);
    return v;
}

// The value of "key value" on a line of its own; 0 if there is none.
static double stat_in(const char *path, const char *key)
{
    struct buf text = BUF_INIT;
    double v = 0;
    if (file_read(path, 1 << 20, &text, NULL) == 0) {
        struct slice rest = buf_slice(&text);
        while (rest.n) {
            struct slice line = slice_cut(&rest, '\n');
            unsigned long long number;
            if (slice_is(slice_cut(&line, ' '), key) && slice_u64(line, &number)) v = (double)number;
        }
    }
    buf_release(&text);
    return v;
}

double memory_available(void)
{
    struct buf text = BUF_INIT;
    double available = INFINITY;
    if (file_read("/proc/meminfo", 1 << 20, &text, NULL) == 0) {
        const char *line = strstr(buf_cstr(&text), "MemAvailable:");
        if (line) available = strtod(line + strlen("MemAvailable:"), NULL) * 1024;
    }
    buf_release(&text);
    // Under a control group's limit (in a container its folder is the root of what one sees) cached file pages count as
    // used, but are given back when memory is wanted.
    double left = number_in("/sys/fs/cgroup/memory.max") - number_in("/sys/fs/cgroup/memory.current") +
                  stat_in("/sys/fs/cgroup/memory.stat", "active_file") +
                  stat_in("/sys/fs/cgroup/memory.stat", "inactive_file");
    return isfinite(left) && left < available ? left : available;
}
