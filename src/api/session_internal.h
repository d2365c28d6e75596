// One client of Headway's real-time application, as the files session_*.c share it: a socket of the main namespace,
// with a `struct session` in its memory.
#ifndef HW_API_SESSION_INTERNAL_H
#define HW_API_SESSION_INTERNAL_H

#include "api/sessions.h"
#include "hub/hub.h"
#include "net/loop.h"
#include "realtime/sio_server.h"

struct sessions {
    struct loop *loop;
    struct fanout_shard *shard;
    struct sio_server *sio;
    uint32_t batch_interval_ms;
};

struct session_batch {
    struct loop_timer timer;
    struct sessions *owner;
};

struct session {
    uint32_t asking;             // subscriptions that wait for their answer
    struct session_batch *batch; // made when the first message waits in a batch
};

static inline struct session *session_of(struct sio_socket *s)
{
    return sio_socket_data(s);
}

// session_events.c
void session_event(struct sio_socket *s, const struct sio_packet *p);
void session_write_conflated(struct buf *out, struct slice channel, uint32_t n); // the event's argument

// session_batch.c
void session_batch_wake(struct sio_socket *s);
void session_batch_flush(struct sio_socket *s);
void session_batch_free(struct sio_socket *s);

#endif
