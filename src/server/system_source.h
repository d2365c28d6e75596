// What GET /system/metrics and /system/history answer: the newest message of each system channel, as the bus has it (so
// with the same channel, epoch, seq and ts as on the socket), and the monitor's history.
#ifndef HW_SERVER_SYSTEM_SOURCE_H
#define HW_SERVER_SYSTEM_SOURCE_H

#include "api/system.h"

struct bus;
struct monitor_thread;

struct system_source {
    struct bus *bus;                // borrowed
    struct monitor_thread *monitor; // borrowed
    int64_t interval_us;
};

// The provider borrows the source.
struct system_provider system_source_provider(struct system_source *s);

#endif
