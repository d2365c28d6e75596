// Asks the task program what lies at a path: the server itself opens no model file, so a malformed one can't hurt it.
#ifndef HW_API_INSPECT_H
#define HW_API_INSPECT_H

#include "base/json.h"

// what: "model" or "dataset". Blocks (up to 30 s). The description, the caller's; or NULL with the program's own
// message in `e` (HW_EVALIDATION, field "path").
json_t *inspect_path(const char *task_program, const char *what, const char *path, struct err *e);

#endif
