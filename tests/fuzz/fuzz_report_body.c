// The body of a report: read, or refused with a reason. The reader of usual bodies makes of one what the reader of any
// body makes of it.
#include <assert.h>
#include <stdlib.h>

#include "../unit/jobs/wire_compare.h"
#include "base/mem.h"
#include "jobs/report_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_job(const struct job_report *x, const struct job_report *y)
{
    bool same = strcmp(x->job_id, y->job_id) == 0 && strcmp(x->lease, y->lease) == 0 && x->attempt == y->attempt &&
                x->n_events == y->n_events && same_text(x->refused, y->refused);
    for (int k = 0; same && k < x->n_events; k++) same = same_event(&x->events[k], &y->events[k]);
    return same;
}

// With a member that no worker writes, only the other reader takes it.
static void check_other_reader(json_t *tree, const struct report_body *b)
{
    struct report_body other;
    struct err e = {0};
    if (json_object_set_new(tree, "fuzz", json_true()) != 0) return;
    char *text = json_dumps(tree, JSON_COMPACT);
    assert(text);
    int rc = report_body_read(slice_str(text), &other, &e);
    assert(rc == 0 && other.batch == b->batch && other.n_jobs == b->n_jobs);
    for (int i = 0; rc == 0 && i < b->n_jobs; i++) assert(same_job(&b->jobs[i], &other.jobs[i]));
    report_body_release(&other);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_dup(data, size); // so that reading past the end is seen
    struct report_body b;
    struct err e = {0}, unread;
    int rc = report_body_read(slice_of(copy, size), &b, &e);
    json_t *tree = json_read_object(slice_of(copy, size), &unread);
    assert(rc == 0 ? tree != NULL : (rc == HW_EINVALID || rc == HW_EVALIDATION) && e.code == rc && e.message[0]);
    if (rc == 0) {
        if (tree) check_other_reader(tree, &b);
        report_body_release(&b);
    }
    json_decref(tree);
    free(copy);
    return 0;
}
