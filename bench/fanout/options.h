// What one run of the load generator does.
#ifndef FANOUT_OPTIONS_H
#define FANOUT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum protocol { SOCKETIO, PLAIN }; // PLAIN: the channel is in the URL, an event is a text frame
enum pace {
    PACE_RATE,   // so many messages a second
    PACE_WINDOW, // so many in flight: the next goes out when an older one has arrived at every client
    PACE_HTTP,   // each connection posts again as soon as it has its answer
};

struct options {
    uint16_t port;
    pid_t pid; // the server: whose processor time and memory are measured
    enum protocol protocol;
    const char *post_path, *batch_path;
    uint32_t clients, channels, connections; // clients are spread over channels, channels over publishing connections
    uint32_t connecting;                     // at most so many at once
    uint32_t stuck;                          // the first so many stop to read after they have subscribed
    uint32_t warmup, messages;
    uint32_t bytes;
    uint32_t batch; // messages a request; 1: single posts
    enum pace pace;
    double pace_value;
    double idle_s;  // how long the processor time without messages is measured
    double limit_s; // the whole run
    bool deflate;
    const char *event;
};

// Ends the program with a sentence if they can't be what was meant.
void options_read(struct options *o, int argc, char **argv);

#endif
