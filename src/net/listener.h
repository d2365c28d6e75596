// Listening sockets: "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:80", "localhost:0" (0: any free port).
#ifndef HW_NET_LISTENER_H
#define HW_NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct conn;
struct loop;
struct listener;

// A connection was accepted; it reads once conn_set_owner and conn_read_resume were called. The callee may close it.
typedef void (*listener_accept_fn)(void *ctx, struct conn *c);

// Splits "host:port" ("[v6]:port", ":port" means all addresses). HW_EVALIDATION with what is accepted.
int listener_parse(struct slice text, char host[256], uint16_t *port, struct err *e);

// Binds and listens (SO_REUSEADDR, TCP_NODELAY on what is accepted). When the process runs out of descriptors a kept
// one is given up for the moment, the waiting connection is accepted and closed, and the loop doesn't spin.
// HW_ECONFLICT if the address is taken: the message says which, and what to do. Resolves names with the system's
// resolver (blocks: call it before the loop runs).
int listener_open(struct listener **out, struct loop *l, const char *address, listener_accept_fn accept, void *ctx,
                  struct err *e);
uint16_t listener_port(const struct listener *ls);
const char *listener_address(const struct listener *ls); // "127.0.0.1:8080", with the real port
// Stops accepting and frees the listener (later, by itself). NULL is fine.
void listener_close(struct listener *ls);

#endif
