// A fixed team of threads that runs one function at a time, all members at once: the parallel loops of the training.
#ifndef HW_ML_TEAM_H
#define HW_ML_TEAM_H

#include "base/err.h"

struct team;

// `size` members, the caller of team_run among them: size - 1 threads are started. NULL with `e` filled if one can't
// be.
struct team *team_new(int size, struct err *e);
void team_free(struct team *t); // joins the threads; NULL is fine

int team_size(const struct team *t);
int team_default_size(void); // CPUs this process may use

// Runs fn(ctx, member) for member 0 .. size - 1, each on a thread of its own (0 on the caller's), and returns when all
// have. One caller at a time. What the members wrote is visible to the caller afterwards.
void team_run(struct team *t, void (*fn)(void *ctx, int member), void *ctx);

#endif
