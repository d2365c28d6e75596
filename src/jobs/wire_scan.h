// Lines read in one pass, without a tree: the two kinds that come in great numbers, a training's metrics, which worker
// and server read, and a job's output. Pure.
//
// `object` is at the beginning of a line (json_scan_object, or json_scan_into within a text). True: it is one of that
// kind, with the very event that wire_event_from_json makes of it but for its `json`, which is NULL; it is released as
// any other, and the scan stands behind the line. False: it is something else, or unusual (an escape in a name, a name
// that stands twice, a value of another kind), or no JSON; nothing is to be released, and the other reader says what it
// is.
#ifndef HW_JOBS_WIRE_SCAN_H
#define HW_JOBS_WIRE_SCAN_H

#include <stdbool.h>

#include "base/json_scan.h"
#include "jobs/wire.h"

bool wire_scan_metric(struct json_scan *object, struct wire_event *out);
bool wire_scan_output(struct json_scan *object, struct wire_event *out);

#endif
