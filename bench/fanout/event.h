// The text of the n-th message, and what a receiver can tell from it: a training's progress as in docs/api, followed by
// a checksum, so that a message that arrives changed, cut or mixed with another is seen whatever the server did to it.
// Every number is written in the one way that C, JavaScript and Python agree on: a server may parse and write it again.
#ifndef FANOUT_EVENT_H
#define FANOUT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_NAME     "training:progress"
#define EVENT_MIN      300
#define EVENT_MAX      (16 * 1024)
#define CHANNEL_SIZE   64
#define EVENT_BODY_MAX (EVENT_MAX + 256)

// "trainings/trn_0007/progress"
void event_channel(uint32_t channel, char out[CHANNEL_SIZE]);
// The JSON object alone, `bytes` long (EVENT_MIN to EVENT_MAX). Returns `bytes`.
size_t event_write(char out[EVENT_MAX], uint64_t n, size_t bytes);
// What is posted: {"channel":…,"event":…,"data":{…}}. Returns its length.
size_t event_write_body(char out[EVENT_BODY_MAX], const char *name, uint32_t channel, uint64_t n, size_t bytes);

enum event_read {
    EVENT_NONE,  // another packet
    EVENT_FINE,  // *n is its number
    EVENT_WRONG, // an event, but not as it was sent
};
// From whatever the server put around it. `bytes` is the length it was written with.
enum event_read event_read(const char *text, size_t len, size_t bytes, uint64_t *n);

#endif
