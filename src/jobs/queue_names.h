// Names of queues, and the set of them that a worker serves. Pure.
#ifndef HW_JOBS_QUEUE_NAMES_H
#define HW_JOBS_QUEUE_NAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define QUEUE_DEFAULT "default"

enum { QUEUE_NAME_MAX = 64, QUEUES_MAX = 16 };

// Names in the order in which they were given, each once. All zero: none.
struct queue_names {
    char name[QUEUES_MAX][QUEUE_NAME_MAX + 1];
    int n;
};

// 1 to 64 characters of [A-Za-z0-9_.-].
bool queue_name_ok(struct slice name);
// Reads "default,long": 1 to 16 names. HW_EVALIDATION with the field "queues" says what is accepted.
int queue_names_parse(struct slice list, struct queue_names *out, struct err *e);
bool queue_names_has(const struct queue_names *q, const char *name);
// "default,long", which queue_names_parse reads.
void queue_names_format(const struct queue_names *q, struct buf *out);

#endif
