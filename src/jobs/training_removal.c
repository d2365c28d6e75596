#include "jobs/training_removal.h"

#include "jobs/schedule.h"
#include "jobs/slices.h"
#include "store/store.h"
#include "store/training_removal.h"

enum { PIECES_BETWEEN_LOGS = 40 };

struct removing {
    struct training_removal r;
    int table, pieces;
    bool more, over;
    int64_t trainings, rows;
    int stretches;
    struct slices slices;
};

static int next(struct store_tx *tx, void *ctx, struct err *e)
{
    struct removing *m = ctx;
    return training_removal_next(tx, m->r.key, &m->r, e);
}

static int remove_rows(struct store_tx *tx, void *ctx, struct err *e)
{
    struct removing *m = ctx;
    int rc = training_removal_rows(tx, &m->r, m->table, e);
    m->more = rc == 1;
    return m->more && ++m->pieces % PIECES_BETWEEN_LOGS == 0 ? 0 : rc;
}

static int finish(struct store_tx *tx, void *ctx, struct err *e)
{
    struct removing *m = ctx;
    return training_removal_finish(tx, &m->r, &m->over, e);
}

// One table after the other: no transaction of these has a part in both databases.
static int remove_all(struct schedule_run *run, struct store *store, struct removing *m, struct err *e)
{
    for (m->table = 0; m->table < training_removal_tables(); m->table++) {
        training_removal_begin_table(&m->r);
        do {
            int rc = slices_run(run, store, remove_rows, m, &m->slices, e);
            if (rc) return rc;
            slices_relieve(store, &m->stretches);
        } while (m->more);
    }
    return store_write_wait(store, finish, m, e);
}

int training_removal_task(struct schedule_run *run, void *store, struct err *e)
{
    struct removing m = {0};
    int rc;
    // By key, and each until it is gone: one that is deleted meanwhile has a greater one, or is asked for by a run of
    // its own.
    while ((rc = store_read_wait(store, next, &m, e)) == 0) {
        m.over = false;
        while (!rc && !m.over) rc = remove_all(run, store, &m, e);
        m.rows += m.r.rows;
        if (rc) break;
        m.trainings++;
    }
    if (rc == HW_ENOTFOUND) {
        err_clear(e);
        rc = 0;
    }
    struct jw *w = schedule_run_result(run);
    jw_ki64(w, "trainings", m.trainings);
    jw_ki64(w, "rows", m.rows);
    slices_write(&m.slices, w);
    return rc;
}
