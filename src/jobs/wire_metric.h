// Metric lines read in one pass, without a tree: they are most of what a training writes, and each is read twice, by
// the worker and by the server. Pure.
#ifndef HW_JOBS_WIRE_METRIC_H
#define HW_JOBS_WIRE_METRIC_H

#include <stdbool.h>

#include "base/json_scan.h"
#include "jobs/wire.h"

// `object` is at the beginning of a line (json_scan_object, or json_scan_into within a text). True: it is a metric,
// with the very event that wire_event_from_json makes of it but for its `json`, which is NULL; it is released as any
// other, and the scan stands behind the line. False: it is something else, or unusual (an escape in a name, a name that
// stands twice, a value of another kind), or no JSON; nothing is to be released, and the other reader says what it is.
bool wire_metric_read(struct json_scan *object, struct wire_event *out);

#endif
