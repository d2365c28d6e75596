// A small blocking Socket.IO client over WebSocket, for the command line: connects, subscribes to channels, hands out
// events, and after a break connects again and resubscribes with `since`, so that nothing is missed or the gap is
// known.
//
// One thread uses a client.
#ifndef HW_CLIENT_SIO_CLIENT_H
#define HW_CLIENT_SIO_CLIENT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

struct sio_client;

enum sio_client_event_type {
    SIO_CLIENT_NOTHING,      // the time was over
    SIO_CLIENT_EVENT,        // an event of a subscribed channel, or of the connection ("error", "conflated", …)
    SIO_CLIENT_DISCONNECTED, // the connection broke; the next calls try again by themselves
    SIO_CLIENT_CONNECTED,    // (again) connected and resubscribed
};

struct sio_client_event {
    enum sio_client_event_type type;
    const char *name;      // of EVENT
    const json_t *payload; // of EVENT; borrowed until the next call
};

// Doesn't connect yet: sio_client_next does. HW_EVALIDATION for a malformed URL.
int sio_client_new(struct sio_client **out, const char *base_url, struct err *e);
void sio_client_free(struct sio_client *c);

// Remembered and kept across reconnects. On the first subscription the server's `subscribed` event brings the snapshot.
void sio_client_subscribe(struct sio_client *c, const char *channel);
void sio_client_unsubscribe(struct sio_client *c, const char *channel);

// Waits up to timeout_ms for the next event. `wake_fd` (-1: none) makes it return SIO_CLIENT_NOTHING when readable.
struct sio_client_event sio_client_next(struct sio_client *c, int timeout_ms, int wake_fd);
// Why there is no connection, for messages; "" while connected.
const char *sio_client_error(const struct sio_client *c);

#endif
