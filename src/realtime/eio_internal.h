// What the files of the Engine.IO server share.
#ifndef HW_REALTIME_EIO_INTERNAL_H
#define HW_REALTIME_EIO_INTERNAL_H

#include "base/list.h"
#include "base/map.h"
#include "http/router.h"
#include "hub/hub.h"
#include "net/loop.h"
#include "proto/deflate.h"
#include "proto/ws_frame.h"
#include "realtime/eio_server.h"

struct request;

struct eio_server {
    struct loop *loop;
    struct hub *hub;
    const struct eio_app_ops *ops;
    void *app;
    struct eio_server_config config;
    struct eio_config session_config;
    struct map by_sid;
    struct list all;           // struct eio_client
    struct list links;         // struct eio_link
    struct deflater *deflater; // one for all: no context is taken over from message to message
    struct inflater *inflater;
    struct route route;
    struct eio_server_stats stats;
    struct eio_census own; // this server's clients
    eio_place_fn place;
    void *place_ctx;
    eio_upgraded_fn upgraded;
    void *upgraded_ctx;
    bool stopping;
};

// The WebSocket of a client. It outlives the client for as long as its connection takes to close.
struct eio_link {
    struct list node;
    struct eio_server *server; // NULL: eio_server_free was called
    struct conn *conn;
    struct eio_client *client; // NULL: the client is gone, or has forgotten this WebSocket
    struct ws_parser parser;
    bool deflate;
};

// Ten thousand of these lie idle: what is rarely needed is allocated when it is.
struct eio_client {
    struct list node;
    struct eio_server *server;
    struct eio_session *session;
    struct subscriber sub;
    struct eio_link *link; // carries, or probes for the upgrade
    struct request *poll;  // pending; a reference is held
    struct loop_timer timer;
    struct loop_task flush;
    const char *close_reason; // of the WebSocket's close frame; NULL: none
    int64_t deadline_ms;      // 0: none
    bool posting;             // the body of a POST is awaited
    bool upgraded;            // in this iteration
    bool over;                // closed; freed at the end of the iteration
    max_align_t data[];       // ops->client_bytes
};

static inline int64_t eio_now_us(const struct eio_server *s)
{
    return loop_now_ms(s->loop) * 1000;
}

// eio_client.c
struct eio_client *eio_client_new(struct eio_server *s);
void eio_client_free(struct eio_client *c);
// Into the server's tables and counts, or out of them.
void eio_client_enter(struct eio_client *c, struct eio_server *s);
void eio_client_exit(struct eio_client *c);
void eio_client_arm(struct eio_client *c); // after whatever may have moved its next deadline
// Answers the pending poll, if there is one.
void eio_client_answer_poll(struct eio_client *c, int status, struct slice payload);

// eio_link.c
// Gives the client a WebSocket: its transport, or the one it upgrades to.
void eio_link_open(struct eio_client *c, struct conn *conn, const struct ws_handshake *hs, struct slice rest);
void eio_link_send(struct eio_link *link, struct slice packet);
void eio_link_close(struct eio_link *link, unsigned code, const char *reason);
extern const struct conn_events eio_link_events;
void eio_link_free(struct eio_link *link);
void eio_link_abandon(struct eio_link *link); // closes at once, and forgets the server

// eio_flush.c
extern const struct subscriber_ops eio_subscriber_ops;
void eio_flush(struct eio_client *c);                                    // at the end of the iteration
void eio_fill(struct eio_client *c, struct eio_link *link, size_t room); // into the WebSocket

#endif
