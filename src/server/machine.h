// One machine as the server shows it: what comes of a reading of it is published on its channels, kept for an hour, and
// gathered into minutes. The server's own has the channels system/…, any other hosts/{host}/….
//
// Belongs to the loop's thread; a reading may be made on any.
#ifndef HW_SERVER_MACHINE_H
#define HW_SERVER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/history.h"
#include "monitor/minute.h"
#include "monitor/recent.h"
#include "monitor/sample_read.h"

struct emitter;
struct machine;
struct machine_reading;

// Takes each minute that has ended; called on the loop's thread, the minute is borrowed for the call.
struct monitor_minutes {
    void (*keep)(void *ctx, const char *host, const struct minute *m);
    void *ctx;
};

// The JSON of the parts of a sample that are there (enum sample_part), and its main readings. `at_us`: wall clock.
struct machine_reading *machine_reading_new(const struct sample *s, unsigned parts, int64_t at_us,
                                            sample_job_of_group job_of_group, void *ctx);
void machine_reading_free(struct machine_reading *r);
bool machine_reading_has_gpus(const struct machine_reading *r);

// `own`: the server's. `host` of another is part of its channels' names: [A-Za-z0-9_.:-].
struct machine *machine_new(struct emitter *em, struct monitor_minutes minutes, const char *host, bool own,
                            int64_t interval_us);
void machine_free(struct machine *m);                                                 // the minute under way is lost
void machine_end_minute(struct machine *m);                                           // no reading will come any more
void machine_take(struct machine *m, struct machine_reading *r, int64_t now_mono_us); // takes the reading

const char *machine_host(const struct machine *m);
const char *machine_gpu_reason(const struct machine *m); // "" if there is a GPU
const struct history *machine_history(const struct machine *m);
const struct recent *machine_recent(const struct machine *m); // the main readings of the last hour

enum { MACHINE_CHANNEL_SIZE = 160 };
// The name of the i-th channel of its last reading: the four of every machine, then those of its GPUs. False: no more.
bool machine_channel(const struct machine *m, int i, char channel[MACHINE_CHANNEL_SIZE]);

// How long ago, on the monotonic clock, its last reading was taken; -1: there was none. A reading that came within
// three intervals says that it is live.
int64_t machine_age_us(const struct machine *m, int64_t now_mono_us);
bool machine_live(const struct machine *m, int64_t now_mono_us);
void machine_write(const struct machine *m, int64_t now_mono_us, struct jw *w); // an item of GET /system/hosts

#endif
