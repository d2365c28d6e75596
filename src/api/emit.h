// POST /api/internal/ws/emit {channel, event, data}: a program on this host publishes an event. 201 {seq}.
// POST /api/internal/ws/emit/batch: many, one a line (NDJSON). 201 {accepted, seqs, errors?}.
//
// Both answer only loopback peers that came through no proxy, and refuse the channels that are reserved for the server
// (system/, hosts/, admin/).
#ifndef HW_API_EMIT_H
#define HW_API_EMIT_H

struct emitter;
struct router;

void emit_routes(struct router *r, struct emitter *em); // borrowed for the router's life

#endif
