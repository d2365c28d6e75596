// What listener.c and loop.c need of conn.c, and loop.c of listener.c.
#ifndef HW_NET_CONN_INTERNAL_H
#define HW_NET_CONN_INTERNAL_H

#include <uv.h>

struct conn;
struct list;
struct loop;

// Accepts the connection that waits on `server`: NULL if it is gone again or can't be had.
struct conn *conn_accept(struct loop *l, uv_stream_t *server);
void conn_close_node(struct list *node);     // a node of loop->conns
void listener_close_node(struct list *node); // a node of loop->listeners

#endif
