// Real-time clients: Engine.IO 4 / Socket.IO 5 at /socket.io/, by long polling, WebSocket, and the upgrade from one to
// the other. A client subscribes to channels of the hub; what it missed comes from the bus's history.
//
// All on one loop's thread.
#ifndef HW_API_SESSIONS_H
#define HW_API_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

struct bus;
struct hub;
struct loop;
struct router;
struct sessions;

struct sessions_config {
    int64_t ping_interval_ms, ping_timeout_ms;
    int64_t connect_timeout_ms; // from the opening to the Socket.IO CONNECT
    size_t max_payload;         // bytes of a message, and of a POST
    size_t max_clients;         // more: 503
    size_t deflate_threshold;   // bytes from which messages are compressed where the client offers it; 0: never
    uint32_t batch_interval_ms; // for subscriptions with batch: true; 0: off
};
#define SESSIONS_CONFIG_DEFAULT ((struct sessions_config){25000, 20000, 45000, 1000000, 65536, 1024, 0})

// Borrows all three. The bus's deliver must lead to hub_deliver(hub, m).
struct sessions *sessions_new(struct loop *l, struct hub *hub, struct bus *bus, struct sessions_config config);
void sessions_routes(struct router *r, struct sessions *s);

struct sessions_stats {
    size_t clients, websockets;
    uint64_t opened, slow_consumers;
};
void sessions_stats(const struct sessions *s, struct sessions_stats *out);

// Refuses new clients (503) and closes those there are: each is told by an Engine.IO close.
void sessions_stop(struct sessions *s);
// Before loop_free: ends what is left at once. The hub and the bus must still be there.
void sessions_free(struct sessions *s);

#endif
