// Engine.IO 4 for an application: clients come by long polling, by WebSocket, or by the upgrade from one to the other,
// and exchange messages, text or binary. The table of sessions, the heartbeat, the gathered output and its bounds are
// here; what the messages mean is the application's. Socket.IO is one such application: sio_server.h.
//
// A server belongs to one loop and one hub and is used on that loop's thread alone; nothing is shared between servers,
// so that a process may have several (other paths, other applications, other threads).
//
// Output: what is sent, and what is published to channels the client joined, waits in the client's outbox as references
// to messages (hub/msg.h) until the end of the loop's iteration, and goes out with one write a socket. A client that
// lets more than the hub's bound wait is closed ("slow consumer").
#ifndef HW_REALTIME_EIO_SERVER_H
#define HW_REALTIME_EIO_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "hub/hub.h"
#include "proto/engineio_session.h"

struct conn;
struct eio_client;
struct eio_server;
struct loop;
struct router;
struct ws_handshake;

struct eio_server_config {
    int64_t ping_interval_ms, ping_timeout_ms;
    int64_t upgrade_timeout_ms; // from the opening of the probing WebSocket to the upgrade
    size_t max_payload;         // bytes of a message, and of a POST
    size_t max_clients;         // more: 503
    struct eio_census *census;  // counts the clients of several servers against max_clients together; NULL: alone
    size_t deflate_threshold;   // bytes from which text messages are compressed where the client offers it; 0: never
};
#define EIO_SERVER_CONFIG_DEFAULT ((struct eio_server_config){25000, 20000, 10000, 1000000, 65536, NULL, 1024})

// Shared by servers on several threads; zeroed is none.
struct eio_census {
    atomic_size_t clients;
};

// What the application does. All but `message` and `closed` may be NULL.
struct eio_app_ops {
    size_t client_bytes; // zeroed memory kept with each client for the application: eio_client_data
    void (*opened)(struct eio_client *c);
    // Borrowed for the call. The client may be closed within.
    void (*message)(struct eio_client *c, struct slice data, bool binary);
    // The last call; what was sent and not yet written is given up, subscriptions are left already. The client's memory
    // lives on to the end of the iteration.
    void (*closed)(struct eio_client *c, enum eio_close why);
    // The outbox of the batched subscriptions (hub.h) got its first message: the application takes it out and sends it.
    void (*batched)(struct eio_client *c);
    // The client goes on on another loop, with another server of the same kind: let go of what belongs to this loop.
    // False: it can't now. NULL: nothing does.
    bool (*moving)(struct eio_client *c);
    // Appends the packet ("4…") that says that `n` messages of the channel were merged into the next. NULL: it isn't
    // said.
    void (*conflated)(struct slice channel, uint32_t n, struct buf *packet);
};

// Borrows all but the configuration.
struct eio_server *eio_server_new(struct loop *l, struct hub *hub, const struct eio_server_config *config,
                                  const struct eio_app_ops *ops, void *app);
// Serves `path` ("/engine.io"), and guards it (router.h). The path outlives the router, the server all requests.
void eio_server_routes(struct router *r, const char *path, struct eio_server *s);
// Opens a client on a connection of this server's loop that nobody owns: its WebSocket handshake was checked (`hs`,
// ws_handshake_check) and is answered here; `rest` came behind it. What eio_server_routes does with a handshake, for
// connections that are handed over from elsewhere.
void eio_server_adopt(struct eio_server *s, struct conn *c, const struct ws_handshake *hs, struct slice rest);

// Where a client that comes by WebSocket shall live: asked with its connection, which nobody owns. True: it was taken
// to another loop (conn_detach, then eio_server_adopt there). False: it stays here.
typedef bool (*eio_place_fn)(void *ctx, struct conn *c, const struct ws_handshake *hs, struct slice rest);
void eio_server_set_place(struct eio_server *s, eio_place_fn place, void *ctx);

// ---- moving a client that began by polling and has upgraded ---------------------------------------------------------

// Asked once, at the end of the iteration in which it upgraded. True: it was moved (eio_client_move_out), and is this
// server's no more.
typedef bool (*eio_upgraded_fn)(void *ctx, struct eio_client *c);
void eio_server_set_upgraded(struct eio_server *s, eio_upgraded_fn upgraded, void *ctx);

// A client between two servers: its WebSocket's descriptor, its session, what is queued for it.
struct eio_moving {
    struct eio_client *client;
    int fd;
    struct subscriber_channels channels;
};
// On its loop. False: it stays, because something of it is under way.
bool eio_client_move_out(struct eio_client *c, struct eio_moving *out);
// On the loop of another server with the same application; the client is `s`'s from here on, or closed if its socket
// can't be had.
void eio_client_move_in(struct eio_server *s, struct eio_moving *m);
// Instead of that, while the server it came from is still there and its loop doesn't run: ends it.
void eio_client_move_drop(struct eio_moving *m);

struct eio_server_stats {
    size_t clients, websockets;
    uint64_t opened, slow_consumers;
    uint64_t sent_bytes;              // of messages, as frames or in polling payloads
    uint64_t raw_bytes, packed_bytes; // of messages that were compressed, each once, before and after
};
size_t eio_server_clients(const struct eio_server *s); // any thread
void eio_server_stats(const struct eio_server *s, struct eio_server_stats *out);

// Refuses new clients (503) and closes those there are: each is told by an Engine.IO close.
void eio_server_stop(struct eio_server *s);
// Before loop_free: ends what is left at once, with `closed` for each client. The hub must still be there.
void eio_server_free(struct eio_server *s);

// ---- one client ----------------------------------------------------------------------------------------------------

void *eio_client_data(struct eio_client *c);
void *eio_client_app(const struct eio_client *c); // as given to eio_server_new
struct loop *eio_client_loop(const struct eio_client *c);
const char *eio_client_sid(const struct eio_client *c);
// For joining channels and for what is published: messages that go to many clients are pushed there.
struct subscriber *eio_client_subscriber(struct eio_client *c);

// A message; copied. Nothing happens once the client is closed.
void eio_client_send(struct eio_client *c, struct slice data, bool binary);
// A text packet as it goes out ("4…", EIO_MESSAGE before the message); taken, the buffer is empty afterwards.
void eio_client_send_packet(struct eio_client *c, struct buf *packet);
// Closes it: what was sent before goes out first, as far as the transport takes it; then the client is told. `closed`
// is called before this returns.
void eio_client_close(struct eio_client *c);
// Closes it by itself after that time, unless this is called again; 0: never.
void eio_client_set_deadline(struct eio_client *c, int64_t delay_ms);

#endif
