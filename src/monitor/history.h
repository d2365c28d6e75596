// The last hour of a machine's channels, so that charts start full. Belongs to one thread (the loop's); touches no
// file.
//
// A sample of an ordinary machine takes some 60 to 100 bytes for all channels together (history_codec.h), so that an
// hour at 2 s is a few hundred KiB; whatever is recorded, memory stays below the limit given: the oldest goes first.
#ifndef HW_MONITOR_HISTORY_H
#define HW_MONITOR_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/slice.h"

#define HISTORY_KEEP_US   3600000000ll
#define HISTORY_MAX_BYTES (3u << 20)

struct history;

// `interval_us`: how often samples are taken, told to the reader. `keep_us`: how long they are kept. `max_bytes`: what
// they may take.
struct history *history_new(int64_t interval_us, int64_t keep_us, size_t max_bytes);
void history_free(struct history *h);

// Keeps a copy of `body`, the JSON object that a sample_write_…() wrote, without control characters outside of what
// JSON allows. `ts_us` is the wall clock of its publication: the `ts` of the event. 0, or HW_EINVALID if `body` is no
// object.
int history_add(struct history *h, const char *channel, int64_t ts_us, struct slice body);

// {"interval_seconds": 2, "channels": {"system/cpu": [{"ts": …, payload…}, …], …}}: what was published after
// now_us - window_us, oldest first.
void history_write_json(const struct history *h, int64_t window_us, int64_t now_us, struct jw *w);

// {"system/cpu": {"ts": …, payload…}, …}: the newest of each channel.
void history_write_latest(const struct history *h, struct jw *w);

size_t history_bytes(const struct history *h); // memory held, but for the allocator's own

#endif
