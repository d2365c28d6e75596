// Socket.IO 5 for an application, on an Engine.IO server of its own: namespaces, events, acknowledgements in both
// directions, binary attachments.
//
// One client may be connected to several namespaces; each such connection is a `struct sio_socket`. A socket is
// counted: the library holds one reference while it is connected, and the application takes one (sio_socket_ref)
// wherever it keeps the pointer beyond the call, as it must to answer an event later:
//
//     static void event(struct sio_socket *s, const struct sio_packet *p)
//     {
//         struct question *q = ask(…, answered);
//         q->socket = sio_socket_ref(s);
//         q->id = p->id;                                   // SIO_NO_ID: no acknowledgement is wanted
//     }
//     static void answered(struct question *q)             // later, on the loop's thread
//     {
//         sio_socket_ack(q->socket, q->id, answer, NULL, 0);   // nothing happens if it has disconnected meanwhile
//         sio_socket_unref(q->socket);
//     }
//
// All on the thread of the server's loop.
#ifndef HW_REALTIME_SIO_SERVER_H
#define HW_REALTIME_SIO_SERVER_H

#include "base/err.h"
#include "proto/socketio.h"
#include "realtime/eio_server.h"

struct sio_server;
struct sio_socket;

struct sio_server_config {
    struct eio_server_config eio;
    int64_t connect_timeout_ms;  // a client that is in no namespace for so long is closed
    size_t max_attachment_bytes; // of an event's attachments together
};
#define SIO_SERVER_CONFIG_DEFAULT ((struct sio_server_config){EIO_SERVER_CONFIG_DEFAULT, 45000, 1000000})

// What the application does. All but `event` may be NULL.
struct sio_app_ops {
    size_t socket_bytes; // zeroed memory kept with each socket for the application: sio_socket_data
    // Is there such a namespace ("/", "/admin")? If not, the client is told "Invalid namespace". NULL: "/" alone.
    bool (*has_namespace)(void *app, const char *nsp);
    // May this client connect? `auth` is what it sent along (an object, or NULL), borrowed. A negative code refuses:
    // the client is told the sentence in `e`. Nothing can be sent yet.
    int (*admit)(struct sio_socket *s, const json_t *auth, struct err *e);
    // It is connected and was told so.
    void (*connected)(struct sio_socket *s, const json_t *auth);
    // An event, borrowed for the call; p->id is what sio_socket_ack takes. The socket may be disconnected within.
    void (*event)(struct sio_socket *s, const struct sio_packet *p);
    // The last call: the client left the namespace, was disconnected from it, or is gone (`why` says so in a few
    // words). Of a client that is gone all subscriptions are left already.
    void (*disconnected)(struct sio_socket *s, const char *why);
    // The client goes on on another loop, with another server of the same application: let go of what of this socket
    // belongs to this loop. False: it can't now. NULL: nothing does.
    bool (*moving)(struct sio_socket *s);
    // As in struct eio_app_ops; `batched` goes to the socket of the main namespace.
    void (*batched)(struct sio_socket *s);
    void (*conflated)(struct slice channel, uint32_t n, struct buf *packet);
};

// Borrows all but the configuration.
struct sio_server *sio_server_new(struct loop *l, struct hub *hub, const struct sio_server_config *config,
                                  const struct sio_app_ops *ops, void *app);
// The Engine.IO server below, for its routes, statistics and stop.
struct eio_server *sio_server_eio(const struct sio_server *s);
void sio_server_free(struct sio_server *s); // see eio_server_free; sockets still referenced live on, disconnected

// ---- one socket ----------------------------------------------------------------------------------------------------

struct sio_socket *sio_socket_ref(struct sio_socket *s);
void sio_socket_unref(struct sio_socket *s);

bool sio_socket_connected(const struct sio_socket *s);
const char *sio_socket_nsp(const struct sio_socket *s);
const char *sio_socket_id(const struct sio_socket *s); // what the client was told as its sid
void *sio_socket_data(struct sio_socket *s);
// The two below are NULL once it has disconnected.
void *sio_socket_app(const struct sio_socket *s);
// The client's subscriber: for joining channels. What is published goes out as it is, so it must be events of the main
// namespace (hub/msg.h).
struct subscriber *sio_socket_subscriber(struct sio_socket *s);

// Sends an event. `args`: JSON values separated by commas, empty: none; taken as they are. Objects
// {"_placeholder":true,"num":i} in it stand for blobs[i]; `n_blobs` is 0 for an event without binary. Does nothing once
// it has disconnected.
void sio_socket_emit(struct sio_socket *s, const char *event, struct slice args, const struct slice *blobs,
                     unsigned n_blobs);
// The same, and asks for an acknowledgement: fn(ctx, s, p) is called once, with the client's ACK, or with p NULL when
// the socket disconnects before. 0, or (fn is not called) HW_EUNAVAILABLE: disconnected, HW_ETOOBIG: too many are
// waited for.
typedef void (*sio_ack_fn)(void *ctx, struct sio_socket *s, const struct sio_packet *p);
#define SIO_MAX_AWAITED_ACKS 1000
int sio_socket_ask(struct sio_socket *s, const char *event, struct slice args, const struct slice *blobs,
                   unsigned n_blobs, sio_ack_fn fn, void *ctx);
// Acknowledges the event of that id, now or later; SIO_NO_ID does nothing.
void sio_socket_ack(struct sio_socket *s, uint64_t id, struct slice args, const struct slice *blobs, unsigned n_blobs);

// Disconnects it from its namespace: the client is told, `disconnected` is called before this returns.
void sio_socket_disconnect(struct sio_socket *s);
// Closes the client with all its sockets.
void sio_socket_close_client(struct sio_socket *s);

// ---- for echoing and forwarding ------------------------------------------------------------------------------------

// The arguments of an event or acknowledgement as `args` above takes them; appended.
void sio_packet_args(const struct sio_packet *p, struct buf *out);
// Its attachments; at most SIO_MAX_ATTACHMENTS, borrowed. The number.
unsigned sio_packet_blobs(const struct sio_packet *p, struct slice out[SIO_MAX_ATTACHMENTS]);

#endif
