// What the files of src/events share.
#ifndef HW_EVENTS_EMITTER_INTERNAL_H
#define HW_EVENTS_EMITTER_INTERNAL_H

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "events/emitter.h"

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
void emitter_count(struct jw *w, const char *key, int64_t v);        // negative: null
void emitter_json(struct jw *w, const char *key, struct slice json); // empty: null
void emitter_failure(struct jw *w, const struct ev_failure *f);      // its four members; the progress is the caller's

// How exact a live reading is. What is stored, and what REST answers, keeps every digit.
enum {
    EV_MEASURE_DIGITS = 7, // loss and the like: tasks compute in 32-bit floats, which hold seven
    EV_RATE_DIGITS = 4,    // rates are estimates over a few seconds
    EV_ETA_DECIMALS = 1,
};
static inline void emitter_measure(struct jw *w, const char *key, double v)
{
    jw_ksig(w, key, v, EV_MEASURE_DIGITS);
}
static inline void emitter_rate(struct jw *w, const char *key, double v)
{
    jw_ksig(w, key, v, EV_RATE_DIGITS);
}
static inline void emitter_eta(struct jw *w, const char *key, double v)
{
    jw_kfixed(w, key, v, EV_ETA_DECIMALS);
}

#endif
