// One Engine.IO 4 session on the server's side, as a state machine: events in, callbacks out. It knows no socket, no
// request and no clock (`now` is monotonic time in microseconds, given with each event).
//
// Transports: long polling, WebSocket, and the upgrade from one to the other:
//
//     client                                 server
//     GET  transport=polling             →   0{"sid":…}                    eio_session_new, eio_session_poll
//     ws   transport=websocket&sid=…     →                                 eio_session_ws_open
//     ws   2probe                        →   ws 3probe; pending poll: 6    eio_session_ws_message
//     ws   5                             →   everything goes by ws now     callback writable, route EIO_ROUTE_WS
//
// What the upper layer sends never passes through the session, so a message shared by many clients is never copied for
// one of them. The owner keeps its own (bounded) outbox and asks where it may go:
//
//     void flush(struct client *c)            // from callback writable, and whenever the outbox gets something to send
//     {
//         switch (eio_session_route(c->session)) {
//         case EIO_ROUTE_HOLD: return; // no poll is waiting: keep it (and conflate it) in the outbox
//         case EIO_ROUTE_WS:           // each text as one WebSocket text frame, all with one writev
//         case EIO_ROUTE_POLL:         // one HTTP response, as below
//         }
//     }
//
// The body of a poll's answer is eio_session_poll_control(c->session), which is "" or "0{…}" or "2", and the outbox's
// texts ("42[…]") with EIO_SEPARATOR between, as far as struct eio_payload lets them fit; eio_session_poll_answered
// then says that it was answered.
//
// Ownership: the owner frees the session, never from within a callback. After callback `closed` every event is ignored.
// Strings and slices given to callbacks are borrowed for the call. Callbacks may call back into the session.
#ifndef HW_PROTO_ENGINEIO_SESSION_H
#define HW_PROTO_ENGINEIO_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/engineio.h"

struct eio_config {
    int64_t ping_interval_us;
    int64_t ping_timeout_us;
    int64_t upgrade_timeout_us; // from the opening of the probing WebSocket to its "5"
    size_t max_payload;         // bytes: of a POST body, and told to the client
};
#define EIO_CONFIG_DEFAULT ((struct eio_config){25000000, 20000000, 10000000, 1000000})

enum eio_close {
    EIO_CLOSED_BY_CLIENT,  // close packet
    EIO_CLOSED_BY_SERVER,  // eio_session_close
    EIO_TRANSPORT_CLOSED,  // the WebSocket, or the connection of a pending poll, went away
    EIO_PING_TIMEOUT,      // no pong in time
    EIO_PARSE_ERROR,       // malformed packet, or one that the client may not send
    EIO_OVERLAP,           // a second poll or POST while one was under way
    EIO_PAYLOAD_TOO_LARGE, // POST above max_payload
};
const char *eio_close_name(enum eio_close why); // "ping timeout", in the words of the reference server where it has any

struct eio_session_ops {
    // A message of the client: text without its "4", or binary.
    void (*message)(void *ctx, struct slice data, bool binary);
    // Write a small control packet as a WebSocket text frame (copy it).
    void (*ws_send)(void *ctx, struct slice packet);
    // Close the WebSocket with this close code. The session has forgotten it.
    void (*ws_close)(void *ctx, unsigned code);
    // Answer the pending poll: 200 with this payload, or 400 without. The session has forgotten it.
    void (*poll_answer)(void *ctx, int status, struct slice payload);
    // There may be something to send: flush as shown above, at once or at the end of the loop's iteration.
    void (*writable)(void *ctx);
    // The session is over; called once, last, after the transports were told.
    void (*closed)(void *ctx, enum eio_close why);
};

enum eio_route {
    EIO_ROUTE_HOLD,
    EIO_ROUTE_POLL,
    EIO_ROUTE_WS,
    EIO_ROUTE_CLOSED,
};

struct eio_session;

// `config`, `ops` and `ctx` are borrowed. The sid is copied (at most EIO_SID_SIZE - 1 bytes; id_token(…, 20) makes a
// good one).
struct eio_session *eio_session_new(const struct eio_config *config, const char *sid, int64_t now,
                                    const struct eio_session_ops *ops, void *ctx);
// It goes on under another configuration, borrowed as well.
void eio_session_set_config(struct eio_session *s, const struct eio_config *config);
void eio_session_free(struct eio_session *s); // NULL is fine; no callback
const char *eio_session_sid(const struct eio_session *s);
enum eio_transport eio_session_transport(const struct eio_session *s); // what carries messages now

// ---- events ---------------------------------------------------------------------------------------------------------

// A polling GET came, the handshake's included. 200: it is pending (and may have been answered already, by way of
// callback writable); keep the request until then. 400: answer EIO_BAD_REQUEST; either the session has left polling, or
// this was a second poll, which closes the session.
int eio_session_poll(struct eio_session *s, int64_t now);
// The pending poll's connection closed before it was answered.
void eio_session_poll_gone(struct eio_session *s);
// A POST came, complete. Answer with the status returned: 200 (body "ok"), 400 (EIO_BAD_REQUEST) or 413.
int eio_session_post(struct eio_session *s, struct slice body, int64_t now);
// A POST came while another was under way: closes the session.
void eio_session_post_overlap(struct eio_session *s);

// A WebSocket was opened for this session: on a new session it is the transport and gets the open packet; on a polling
// one it probes for an upgrade. False: refused, close it (it never belonged to the session).
bool eio_session_ws_open(struct eio_session *s, int64_t now);
void eio_session_ws_message(struct eio_session *s, struct slice data, bool binary, int64_t now);
void eio_session_ws_closed(struct eio_session *s); // it closed or broke

// When the next tick is due (monotonic microseconds); and the tick, which may come early or late.
int64_t eio_session_due(const struct eio_session *s);
void eio_session_tick(struct eio_session *s, int64_t now);

// Closes from the server's side: the client is told.
void eio_session_close(struct eio_session *s);

// ---- output ---------------------------------------------------------------------------------------------------------

enum eio_route eio_session_route(const struct eio_session *s);
// At EIO_ROUTE_POLL: the session's own packets for the head of the payload, separators between them included; often
// empty.
struct slice eio_session_poll_control(const struct eio_session *s);
// The owner has answered the pending poll, poll_control included.
void eio_session_poll_answered(struct eio_session *s);

#endif
