// How many jobs of each resource class this worker may run at once, and how many of those places are free.
// Any thread may call.
#ifndef HW_WORKER_SLOTS_H
#define HW_WORKER_SLOTS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

enum { SLOT_CLASSES_MAX = 3 };

struct slots;

// "gpu=1,cpu=2,io=4": a class that isn't named has no place; HW_EVALIDATION says what is accepted.
int slots_new(struct slots **out, const char *spec, struct err *e);
void slots_free(struct slots *s);

void slots_write_total(struct slots *s, struct jw *w);      // {"gpu":1,"cpu":2,"io":4}
int slots_classes(const struct slots *s);                   // how many classes there are
int slots_total(const struct slots *s, int i);              // places of class i, free or not
const char *slots_class_name(const struct slots *s, int i); // of class i
// Waits until class i has a free place, or slots_close was called; its free places. 0: closed.
int slots_wait_free(struct slots *s, int i);
bool slots_take(struct slots *s, const char *resource_class); // false: none is free, or no such class
void slots_give(struct slots *s, const char *resource_class);
void slots_close(struct slots *s);

#endif
