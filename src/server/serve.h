// A server from start to end in this process.
#ifndef HW_SERVER_SERVE_H
#define HW_SERVER_SERVE_H

#include "server/settings.h"

// Listens, prints "Headway is at http://…/" on standard output, serves until SIGTERM, SIGINT or SIGHUP, then stops in
// order: no new connections, requests under way finish, sockets are told, the worker ends, the store is flushed.
// Signals belong to it meanwhile.
int serve_run(const struct settings *s, struct err *e);

#endif
