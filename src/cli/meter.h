// One bar for one long piece of work, on standard error if that is a terminal; elsewhere nothing. Also hears a Ctrl-C.
#ifndef HW_CLI_METER_H
#define HW_CLI_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
    int interrupt; // readable once it was asked to stop; -1: nobody can ask
    bool tty, drawn;
    const char *what;
    int64_t begun_us, drawn_us; // monotonic
};

void meter_begin(struct meter *m);
// backup_watch's function (`ctx` is the meter): false once a Ctrl-C has come.
bool meter_step(void *ctx, const char *what, int64_t done, int64_t total);
void meter_end(struct meter *m); // takes the bar away

#endif
