// How long the documents of a corpus are: counted as they are written, in memory that doesn't grow with their number.
#ifndef HW_TASK_DOCUMENT_LENGTHS_H
#define HW_TASK_DOCUMENT_LENGTHS_H

#include <stdint.h>

#include "base/json.h"

struct document_lengths;

struct document_lengths *document_lengths_new(void);
void document_lengths_free(struct document_lengths *l);

void document_lengths_add(struct document_lengths *l, uint32_t tokens);

// A new object {"min","median","p95","max","histogram":[{"from","to","documents"}…]}; NULL if there are no documents.
// median and p95 are lengths that documents have (by nearest rank); null beyond 65,535 tokens, where lengths aren't
// counted one by one. The histogram's classes are powers of two, 0 by itself, without a gap between the shortest
// document's and the longest's.
json_t *document_lengths_json(const struct document_lengths *l);

#endif
