// One real-time client, as the files session_*.c share it.
#ifndef HW_API_SESSION_INTERNAL_H
#define HW_API_SESSION_INTERNAL_H

#include <stdbool.h>

#include "api/sessions.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "hub/hub.h"
#include "net/loop.h"
#include "proto/deflate.h"
#include "proto/engineio_session.h"
#include "proto/socketio.h"
#include "proto/ws_frame.h"
#include "proto/ws_handshake.h"

struct conn;
struct request;
struct session;

struct sessions {
    struct loop *loop;
    struct hub *hub;
    struct bus *bus;
    struct sessions_config config;
    struct eio_config eio;
    struct map by_sid;
    struct list all;           // struct session
    struct list links;         // struct ws_link
    struct deflater *deflater; // one for all: no context is taken over from message to message
    struct inflater *inflater;
    struct sessions_stats stats;
    bool stopping;
};

// The WebSocket of a session. It outlives the session for as long as its connection takes to close.
struct ws_link {
    struct list node;
    struct sessions *owner; // NULL: sessions_free was called
    struct conn *conn;
    struct session *session; // NULL: the session is over, or has forgotten this WebSocket
    bool deflate;
    struct ws_parser parser;
};

struct session_batch {
    struct loop_timer timer;
};

struct session {
    struct list node;
    struct sessions *owner;
    struct eio_session *eio;
    struct subscriber sub;
    struct ws_link *link;            // carries, or probes for the upgrade
    struct request *poll;            // pending; a reference is held
    struct sio_assembler *assembler; // only while binary attachments are awaited
    struct session_batch *batch;
    struct loop_timer timer;
    struct loop_task flush;
    const char *close_reason; // of the WebSocket's close frame; NULL: none
    int64_t connect_due_ms;   // the end of the wait for CONNECT; 0: connected
    bool over;                // closed; freed at the end of the iteration
};

static inline int64_t session_now(const struct sessions *o)
{
    return loop_now_ms(o->loop) * 1000;
}

// session_socket.c
// Takes the connection of a request over, whose handshake was found right.
void session_open_socket(struct session *s, struct request *req, const struct ws_handshake *hs);
void session_socket_send(struct ws_link *link, struct slice packet);
void session_socket_close(struct ws_link *link, unsigned code, const char *reason);
void session_socket_abandon(struct ws_link *link); // closes at once, and forgets the owner

// session_flush.c
extern const struct subscriber_ops session_subscriber_ops;
void session_flush(struct session *s);                                           // at the end of the iteration
void session_fill(struct session *s, struct ws_link *link, size_t room);         // into the WebSocket
void session_send(struct session *s, struct buf *packet);                        // Socket.IO packet; cleared
void session_write_conflated(struct buf *out, struct slice channel, uint32_t n); // the event's argument

// session_batch.c
void session_batch_wake(struct session *s);
void session_batch_flush(struct session *s);
void session_batch_free(struct session *s);

// session_events.c
void session_message(struct session *s, struct slice data, bool binary);

// sessions.c
void session_arm(struct session *s); // after whatever may have moved its next deadline
struct session *session_of_subscriber(const struct subscriber *sub);

#endif
