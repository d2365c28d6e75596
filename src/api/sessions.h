// Headway's real-time application at /socket.io/: a client subscribes to channels of the hub, gets their events, and
// what it missed from the bus's history (fanout/fanout.h). Transports and packets are realtime/sio_server.h's.
//
// All on one loop's thread; several loops have one each.
#ifndef HW_API_SESSIONS_H
#define HW_API_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "realtime/sio_server.h"

struct fanout_shard;
struct hub;
struct loop;
struct router;
struct sessions;

struct sessions_config {
    struct sio_server_config sio;
    uint32_t batch_interval_ms; // for subscriptions with batch: true; 0: off
};
// No event of ours takes attachments; a few are put up with.
#define SESSIONS_CONFIG_DEFAULT ((struct sessions_config){{EIO_SERVER_CONFIG_DEFAULT, 45000, 100000}, 0})

// Borrows all three; the shard is of this loop and this hub.
struct sessions *sessions_new(struct loop *l, struct hub *hub, struct fanout_shard *shard,
                              const struct sessions_config *config);
void sessions_routes(struct router *r, struct sessions *s);
struct eio_server *sessions_eio(const struct sessions *s);
void sessions_stats(const struct sessions *s, struct eio_server_stats *out);

// Refuses new clients (503) and closes those there are: each is told by an Engine.IO close.
void sessions_stop(struct sessions *s);
// Before loop_free: ends what is left at once. The hub and the shard must still be there.
void sessions_free(struct sessions *s);

#endif
