// One member of a JSON object in a line of JSONL, without building the object.
//
// The whole line is checked (RFC 8259, with every string's escapes); only the text that is asked for is unescaped.
#ifndef HW_TASK_CORPUS_JSON_H
#define HW_TASK_CORPUS_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

// Finds the string member `field` of the object that `line` (valid UTF-8) holds. `text` points into the line, or into
// `scratch` (cleared first) if the string has escapes. HW_EINVALID says what is wrong and in which column (bytes, from
// 1): no JSON, no object, the member missing, twice there or no string, half a surrogate pair.
int corpus_json_text(struct slice line, struct slice field, struct buf *scratch, struct slice *text, struct err *e);

#endif
