// Reads what sample_write_report wrote. The bytes come from outside: whatever they are, a sample that was read holds
// nothing that the contract of the channels doesn't allow.
#ifndef HW_MONITOR_SAMPLE_READ_H
#define HW_MONITOR_SAMPLE_READ_H

#include "base/err.h"
#include "base/slice.h"
#include "monitor/sample.h"

#define SAMPLE_REPORT_BYTES (256 << 10)

// Which parts of a sample are there.
enum sample_part {
    SAMPLE_CPU = 1,
    SAMPLE_MEMORY = 2,
    SAMPLE_DISK = 4,
    SAMPLE_NETWORK = 8,
    SAMPLE_GPUS = 16,
    SAMPLE_ALL = 31,
};

// 0: `out` is filled, and released by the caller; its host is NULL. A member that is missing or null is a reading that
// was not taken, one that isn't known here is passed over, and so is a host. Otherwise nothing is to be released:
// HW_ETOOBIG, HW_EINVALID (no JSON object), HW_EVALIDATION with the member's name, such as "disk.devices[2].name".
int sample_read_report(struct slice text, struct sample *out, unsigned *parts, struct err *e);

#endif
