// What jobs are for, made with them as the API makes it: a training, a dataset, an extraction.
#ifndef HW_TESTS_QUEUE_ENTITIES_H
#define HW_TESTS_QUEUE_ENTITIES_H

#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

static inline int make_training(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    const char *layers = ctx;
    struct training_row t;
    training_row_init(&t);
    memcpy(t.id, job->entity_id, sizeof t.id);
    t.status = mem_strdup("queued");
    t.layers = mem_strdup(layers);
    t.total_steps = 1000;
    t.params = mem_strdup("{}");
    t.created_at = job->created_at;
    int rc = training_row_insert(tx, &t, e);
    training_row_release(&t);
    return rc;
}

static inline int make_dataset(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    (void)ctx;
    struct dataset_row d;
    dataset_row_init(&d);
    memcpy(d.id, job->entity_id, sizeof d.id);
    d.name = mem_strdup("corpus");
    d.path = mem_strdup("/corpus.jsonl");
    d.status = mem_strdup("ready");
    d.created_at = job->created_at;
    int rc = dataset_row_insert(tx, &d, e);
    dataset_row_release(&d);
    return rc;
}

static inline int make_extraction(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    (void)ctx;
    struct extraction_row x;
    extraction_row_init(&x);
    memcpy(x.id, job->entity_id, sizeof x.id);
    snprintf(x.model_id, sizeof x.model_id, "mdl_1");
    x.status = mem_strdup("queued");
    x.created_at = job->created_at;
    int rc = extraction_row_insert(tx, &x, e);
    extraction_row_release(&x);
    return rc;
}

// Submits a training over `layers` (a JSON array) and claims it.
static inline void begin_training(struct fixture *f, char *layers, struct held *h)
{
    char worker[ID_SIZE];
    struct queue_submission s = {.kind = "train_sae",
                                 .resource_class = "cpu",
                                 .entity_type = "training",
                                 .entity_id = "trn_1",
                                 .params = SLICE_LIT("{\"batch_size\":64}"),
                                 .spec = SLICE_LIT("{\"batch_size\":64,\"total_steps\":1000}"),
                                 .determinate = true,
                                 .also = make_training,
                                 .also_ctx = layers};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    register_worker(f, worker);
    claim_one(f, worker, h);
}

#endif
