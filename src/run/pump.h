// Carries a program's output to where its caller's goes, byte by byte the same, on a thread of its own; a tap gets a
// copy.
#ifndef HW_RUN_PUMP_H
#define HW_RUN_PUMP_H

#include "base/err.h"
#include "run/tap.h"

struct pump;

// `from` is owned from here on, and read without blocking; `to` and `tap` are borrowed. When nobody reads `to` any
// more, `from` is closed, so that the program learns of it as it would without us.
int pump_start(struct pump **out, int from, int to, struct tap *tap, struct err *e);
// The program has ended: carries what it left, then frees. What a process that it left behind writes later is nobody's.
void pump_finish(struct pump *p);

#endif
