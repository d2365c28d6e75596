// Jobs, trainings, extractions, datasets, models, checkpoints and workers as JSON objects: docs/api/rest.md. The same
// text goes into REST answers and events.
#ifndef HW_JOBS_JOB_JSON_H
#define HW_JOBS_JOB_JSON_H

#include "base/json.h"
#include "store/job_logs_table.h"
#include "store/jobs_table.h"
#include "store/metrics_table.h"
#include "store/models_table.h"
#include "store/trainings_table.h"
#include "store/workers_table.h"

// The members of a Job, inside an object that the caller has opened (so that it may add `resources`, `training`, …).
void job_json_members(struct jw *w, const struct job_row *r, const char *status_text);
void job_json(struct jw *w, const struct job_row *r, const char *status_text); // the whole object
// What changes while a job runs: without its params, which never do, and its result, which its end brings.
void job_update_json(struct jw *w, const struct job_row *r, const char *status_text);

void training_json(struct jw *w, const struct training_row *r);
void extraction_json(struct jw *w, const struct extraction_row *r);
void checkpoint_json(struct jw *w, const struct checkpoint_row *r);
void model_json(struct jw *w, const struct model_row *r);
void dataset_json(struct jw *w, const struct dataset_row *r);
void worker_json(struct jw *w, const struct worker_row *r, bool live);
void metric_json(struct jw *w, const struct metric_row *r);
void job_log_json(struct jw *w, const struct job_log_row *r);

#endif
