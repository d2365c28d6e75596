// What the files of the Socket.IO server share.
#ifndef HW_REALTIME_SIO_INTERNAL_H
#define HW_REALTIME_SIO_INTERNAL_H

#include "realtime/sio_server.h"

#define SIO_SID_CHARS 20

struct sio_server {
    struct eio_server *eio;
    struct eio_app_ops eio_ops;
    const struct sio_app_ops *ops;
    void *app;
    struct sio_server_config config;
};

// Lies in the Engine.IO client's memory.
struct sio_client {
    struct sio_socket *sockets;
    struct sio_assembler *assembler; // only while binary attachments are awaited
};

struct sio_awaited;

struct sio_socket {
    struct sio_socket *next;     // of the client
    struct eio_client *client;   // NULL: disconnected
    const char *nsp;             // "/", or its own
    struct sio_awaited *awaited; // acknowledgements
    uint32_t refs;
    uint32_t n_asked;
    char sid[SIO_SID_CHARS + 1];
    void *data[]; // ops->socket_bytes
};

static inline struct sio_server *sio_server_of(const struct eio_client *c)
{
    return eio_client_app(c);
}

static inline struct sio_client *sio_client_of(struct eio_client *c)
{
    return eio_client_data(c);
}

// sio_socket.c
struct sio_socket *sio_socket_new(struct eio_client *c, const char *nsp);
struct sio_socket *sio_socket_find(struct eio_client *c, const char *nsp);
// Takes it out of its client, tells the application, drops the client's reference.
void sio_socket_gone(struct sio_socket *s, const char *why);

// sio_ack.c
uint64_t sio_await(struct sio_socket *s, sio_ack_fn fn, void *ctx); // the id; SIO_NO_ID: too many
void sio_acknowledged(struct sio_socket *s, const struct sio_packet *p);
void sio_give_up_awaited(struct sio_socket *s);

#endif
