// Events that other programs publish: one JSON object {"channel", "event", "data"?} each. Pure: bytes in, an event or a
// refusal out.
#ifndef HW_EVENTS_EXTERNAL_H
#define HW_EVENTS_EXTERNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "hub/msg.h"

// Of one event. Four of the largest fit into what may wait for one client (1 MiB), so that publishing ends no
// connection.
#define EXTERNAL_EVENT_BYTES (256 << 10)

struct external_event {
    struct slice channel, event; // valid names
    struct slice data; // a JSON object without white space around it, the members that the server gives not in it
    enum msg_class cls;
};

// Zeroed memory is one; what it holds is used again for the next event.
struct external_scratch {
    struct buf channel, event, names, data;
};

// Reads one event. Its slices point into `text` or `scratch`, and are good until the next call with the same scratch.
//  HW_ETOOBIG      longer than EXTERNAL_EVENT_BYTES
//  HW_EINVALID     not JSON, or no object
//  HW_EVALIDATION  a member is missing, wrong, or there twice; `e` names it
//  HW_EFORBIDDEN   the channel is the server's own: system/…, hosts/…, admin/…
int external_event_read(struct slice text, struct external_event *out, struct external_scratch *scratch, struct err *e);
void external_scratch_release(struct external_scratch *scratch);

#endif
