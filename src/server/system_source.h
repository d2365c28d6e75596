// What the calls below /system answer: the newest message of each of a machine's channels, as the bus has it (so with
// the same channel, epoch, seq and ts as on the socket), and the machine's history; and where a worker's readings go.
#ifndef HW_SERVER_SYSTEM_SOURCE_H
#define HW_SERVER_SYSTEM_SOURCE_H

#include "api/system.h"

struct bus;
struct machines;

struct system_source {
    struct bus *bus;           // borrowed
    struct machines *machines; // borrowed
    int64_t interval_us;
};

// The provider borrows the source.
struct system_provider system_source_provider(struct system_source *s);

#endif
