// What submit.c (the way of every submission) and submit_kinds.c (what is particular to a kind) share.
#ifndef HW_API_SUBMIT_H
#define HW_API_SUBMIT_H

#include "api/resources.h"
#include "base/id.h"
#include "jobs/kinds.h"
#include "jobs/queue.h"
#include "store/jobs_table.h"
#include "store/models_table.h"
#include "store/trainings_table.h"

enum { SUBMIT_IDS_MAX = 3 };

struct submission;
struct submit_estimate;

// A kind's part of a submission. Adding a kind is adding a rule (and a row in jobs/kinds.c).
struct submit_rule {
    const char *kind;
    const char *ids[SUBMIT_IDS_MAX]; // members of the body that name what the job works on; all required
    // On a store thread, in a read: finds what the ids name, checks the parameters against it, completes s->spec with
    // paths, sets s->output_dir, s->entity_id and s->default_name.
    int (*check)(struct submission *s, struct store_tx *tx, struct err *e);
    // In the transaction that writes the job: the entity's new row. NULL: it is there already. (The queue ties job and
    // entity, and refuses a second job on one entity.)
    int (*write_entity)(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e);
    void (*entity_json)(struct submission *s, struct jw *w); // NULL: the job is the answer
    void (*release)(struct submission *s);
    // In the read, after `check`: what the job would take; and the answer of it. NULL: it isn't told of this kind.
    int (*estimate)(struct submission *s, struct store_tx *tx, struct err *e);
    void (*estimate_json)(struct submission *s, struct jw *w);
};

// Lives in the request's memory until the answer.
struct submission {
    struct resources *api;
    struct request *req;
    const struct submit_rule *rule;
    const struct job_kind *kind;
    bool answer_job;
    bool estimating;                            // nothing is queued: the answer is what it would take
    struct submit_estimate *estimate;           // made by the rule's `estimate`; heap, or NULL
    json_t *body;                               // the request's, copied
    json_t *spec;                               // resolved parameters; the task's
    json_t *params;                             // the user's, with the ids and the defaults
    const char *ids[SUBMIT_IDS_MAX];            // in the order of rule->ids
    const char *name, *queue, *idempotency_key; // members of body; NULL: not given
    int priority, max_attempts;
    int64_t not_before;        // 0: at once
    double time_limit_seconds; // 0: none
    bool auto_retry;
    struct job_row existing; // the job that had the idempotency key before
    bool existed;
    char job_id[ID_SIZE];
    char entity_id[ID_SIZE];
    char default_name[96];
    char *output_dir;
    union { // the row that write_entity writes
        struct model_row model;
        struct dataset_row dataset;
        struct extraction_row extraction;
        struct training_row training;
    } row;
    bool row_used;
};

const struct submit_rule *submit_rule_find(const char *kind);

// ---- what checks are made of (submit_kinds.c) ----------------------------------------------------------------------

int64_t submit_i64(const struct submission *s, const char *name); // a resolved parameter
double submit_f64(const struct submission *s, const char *name);
void submit_path(struct submission *s, const char *name, const char *value); // adds a member to the task's parameters

int submit_part(const char *name, size_t most); // for "%.*s": at most so many bytes of it, and whole characters

// What the read of the row that the id names returned; one that names nothing becomes HW_EVALIDATION with its field.
int submit_missing(int rc, const char *field, const char *id, struct err *e);
// Whether its files are there, and not still on their way or never come.
int submit_check_model_files(const struct model_row *m, struct err *e);
int submit_check_dataset_file(const struct dataset_row *d, struct err *e);
// Whether rows of context_length can be cut from the dataset and run through the model.
int submit_check_tokens(struct submission *s, const struct model_row *m, const struct dataset_row *d, struct err *e);

// A kind whose entity is a training: fills what every training has of s->row.training (default_name is made before),
// and these are its other functions.
void submit_fill_training(struct submission *s);
int submit_write_training(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e);
void submit_json_training(struct submission *s, struct jw *w);
void submit_release_training(struct submission *s);

// ---- checks in files of their own ----------------------------------------------------------------------------------

int submit_check_download_model(struct submission *s, struct store_tx *tx, struct err *e);
int submit_write_model(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e);
void submit_json_model(struct submission *s, struct jw *w);
void submit_release_model(struct submission *s);
int submit_check_download_dataset(struct submission *s, struct store_tx *tx, struct err *e);
int submit_write_dataset(struct submission *s, struct store_tx *tx, const struct job_row *job, struct err *e);
void submit_json_dataset(struct submission *s, struct jw *w);
void submit_release_dataset(struct submission *s);
int submit_check_fine_tune(struct submission *s, struct store_tx *tx, struct err *e);

// ---- what a training would take (submit_estimate.c)
// ------------------------------------------------------------------

int submit_estimate_training(struct submission *s, struct store_tx *tx, struct err *e);
void submit_estimate_training_json(struct submission *s, struct jw *w);

#endif
