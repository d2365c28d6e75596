#include "jobs/maintenance_history.h"

#include "jobs/schedule.h"
#include "jobs/slices.h"
#include "store/history_table.h"
#include "store/system_history_table.h"

static const int64_t DAY_US = 86400LL * 1000000;

enum { ROWS_AT_ONCE = 20 };

struct removal {
    int64_t (*remove)(struct store_tx *tx, int64_t before, int limit, struct err *e);
    int64_t before, removed;
};

static int remove_rows(struct store_tx *tx, void *ctx, struct err *e)
{
    struct removal *r = ctx;
    int64_t n = r->remove(tx, r->before, ROWS_AT_ONCE, e);
    if (n < 0) return (int)n;
    r->removed += n;
    return n >= ROWS_AT_ONCE;
}

static int run_removal(struct schedule_run *run, const struct history_retention *h, struct removal *r, struct err *e)
{
    struct slices s = {0};
    r->before = schedule_run_started_at(run) - h->days * DAY_US;
    int rc = slices_run(run, h->store, remove_rows, r, &s, e);
    struct jw *w = schedule_run_result(run);
    jw_ki64(w, "removed", r->removed);
    slices_write(&s, w);
    return rc;
}

int maintenance_progress_history(struct schedule_run *run, void *retention, struct err *e)
{
    return run_removal(run, retention, &(struct removal){.remove = history_rows_remove}, e);
}

int maintenance_system_history(struct schedule_run *run, void *retention, struct err *e)
{
    return run_removal(run, retention, &(struct removal){.remove = system_minutes_remove}, e);
}
