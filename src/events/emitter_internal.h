// What the files of src/events share.
#ifndef HW_EVENTS_EMITTER_INTERNAL_H
#define HW_EVENTS_EMITTER_INTERNAL_H

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "events/emitter.h"
#include "events/reading.h"

struct emitter {
    struct bus *bus;
    struct buf body; // of the event being written; its memory is used again for the next
    struct jw w;
};

// Begins a payload: the object is open.
struct jw *emitter_begin(struct emitter *em);
// Sends what was written (the object closed) to "entity/id/type".
int64_t emitter_send(struct emitter *em, const char *entity, const char *id, const char *type, const char *event,
                     enum msg_class cls);
// {id_key: id, "job_id"} as `event` on {entity}/{id}/progress, as a state: whoever subscribes later is told it behind
// what was last reported; and on operations.
int64_t emitter_deleted(struct emitter *em, const char *entity, const char *id_key, const char *id, const char *event,
                        const char *job_id);
void emitter_count(struct jw *w, const char *key, int64_t v);        // negative: null
void emitter_json(struct jw *w, const char *key, struct slice json); // empty: null
void emitter_failure(struct jw *w, const struct ev_failure *f);      // its four members; the progress is the caller's

#endif
