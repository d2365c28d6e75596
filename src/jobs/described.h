// What the task program says of files on disk (docs/api/tasks.md, "inspect"), into the row of what they are. The same
// for files that were imported and for those that were downloaded. Pure.
#ifndef HW_JOBS_DESCRIBED_H
#define HW_JOBS_DESCRIBED_H

#include "base/json.h"
#include "store/models_table.h"

// Members that the description lacks become "not known". The row's other fields stay.
void model_describe(struct model_row *m, const json_t *description);
void dataset_describe(struct dataset_row *d, const json_t *description);

#endif
