// A loop that runs on a thread of its own.
#ifndef HW_NET_LOOP_THREAD_H
#define HW_NET_LOOP_THREAD_H

#include "base/err.h"

struct loop;
struct loop_thread;

// Makes the loop and starts its thread, named `name` (15 characters). HW_EIO, with the reason.
int loop_thread_start(struct loop_thread **out, const char *name, struct err *e);
struct loop *loop_thread_loop(const struct loop_thread *t);
// Stops the loop and waits for its thread; what was posted before and didn't run yet is run by loop_thread_free.
void loop_thread_join(struct loop_thread *t);
// After loop_thread_join: loop_free, on the caller's thread. NULL is fine.
void loop_thread_free(struct loop_thread *t);

#endif
