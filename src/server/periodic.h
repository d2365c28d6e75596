// Which periodic tasks the server has: a table. Adding one is adding a row.
#ifndef HW_SERVER_PERIODIC_H
#define HW_SERVER_PERIODIC_H

#include <stdint.h>

#include "base/err.h"

struct archival;
struct buf;
struct loop;
struct monitor_thread;
struct periodic;
struct schedule;
struct store;

// Makes the schedule; nothing runs before periodic_start. The monitor only shows itself there. Borrows all.
int periodic_new(struct periodic **out, struct loop *l, struct store *store, struct archival *archival,
                 struct monitor_thread *monitor, double monitor_interval_seconds, int64_t history_retention_days,
                 struct err *e);
struct schedule *periodic_schedule(struct periodic *p);

void periodic_start(struct periodic *p); // what was missed while no server ran is caught up
void periodic_stop(struct periodic *p);  // nothing new; what runs is told
void periodic_join(struct periodic *p);  // after the loop has ended, before the store is closed
void periodic_free(struct periodic *p);  // after loop_free

// A training was deleted: the task that removes its rows runs now, or once more if it is running. On the loop's thread.
void periodic_ask_removal(struct periodic *p);

// Runs by outcome and the time of the last success, in Prometheus' text format.
void periodic_metrics(struct periodic *p, struct buf *out);

#endif
