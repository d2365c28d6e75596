// Writes the minutes that the monitor has gathered into the store: one small transaction a minute.
#ifndef HW_SERVER_SYSTEM_RECORDER_H
#define HW_SERVER_SYSTEM_RECORDER_H

#include <stdbool.h>

struct minute;
struct store;

struct system_recorder {
    struct store *store; // borrowed
    bool failing;        // the last one couldn't be stored, which has been logged
};

// For struct monitor_minutes; `recorder` is a struct system_recorder, which must live until the store is closed and
// what it posted was run. On the loop's thread.
void system_recorder_keep(void *recorder, const char *host, const struct minute *m);

#endif
