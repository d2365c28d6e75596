// Builds everything a server consists of and wires it together: the one file that names concrete backends.
//
// Two apps can live in one process, each with its loop.
#ifndef HW_SERVER_APP_H
#define HW_SERVER_APP_H

#include "server/settings.h"

struct app;
struct loop;

// Opens store, bus, hub and queue, listens. Nothing is served before the loop runs. On an error nothing stays open.
int app_new(struct app **out, struct loop *l, const struct settings *s, struct err *e);
const char *app_url(const struct app *a); // "http://127.0.0.1:8080", with the real port

// Stops in order: no new connections, sockets are told, requests under way finish, worker and monitor end. done(ctx) is
// called on the loop's thread; then the loop may be stopped. Calling it again hurries: what is left is closed at once.
void app_stop(struct app *a, void (*done)(void *ctx), void *ctx);
// After the loop has ended: flushes and closes the store, frees everything. The loop is the caller's, freed before this
// (app_close_store has been called then).
void app_close_store(struct app *a); // between the end of the loop and loop_free: its callbacks still run in loop_free
void app_free(struct app *a);

#endif
