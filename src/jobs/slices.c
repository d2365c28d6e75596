#include "jobs/slices.h"

#include <stdbool.h>

#include "base/clock.h"
#include "jobs/schedule.h"
#include "store/store.h"

// A slice works between these; the writer is held for half of what is allowed, at most, before slices get shorter.
static const int64_t WORK_FIRST_US = 4000, WORK_MIN_US = 200, WORK_MAX_US = 10000;
static const int64_t HELD_LONG_US = 25000, HELD_SHORT_US = 12000;

struct slice_of_work {
    slice_fn fn;
    void *ctx;
    int64_t work_us;
    int64_t begun; // monotonic
    bool entered;
    bool more;
};

static int do_slice(struct store_tx *tx, void *ctx, struct err *e)
{
    struct slice_of_work *w = ctx;
    int rc;
    // What the work counts, it would count twice.
    if (w->entered) return err_set(e, HW_EUNAVAILABLE, "the database gave way to another program");
    w->entered = true;
    w->begun = clock_mono_us();
    do rc = w->fn(tx, w->ctx, e);
    while (rc == 1 && clock_mono_us() - w->begun < w->work_us);
    w->more = rc == 1;
    return rc < 0 ? rc : 0;
}

static int64_t adapt(int64_t work_us, int64_t held_us)
{
    if (held_us > HELD_LONG_US) work_us /= 2;
    if (held_us < HELD_SHORT_US) work_us += work_us / 4;
    return work_us < WORK_MIN_US ? WORK_MIN_US : work_us > WORK_MAX_US ? WORK_MAX_US : work_us;
}

int slices_run(struct schedule_run *run, struct store *s, slice_fn fn, void *ctx, struct slices *sum, struct err *e)
{
    struct slice_of_work w = {.fn = fn, .ctx = ctx, .work_us = WORK_FIRST_US, .more = true};
    int64_t held = 0;
    while (w.more) {
        if (held ? !schedule_run_pause(run, held / 2) : schedule_run_stopping(run))
            return err_set(e, HW_ECANCELLED, "the server is stopping");
        w.entered = false;
        int rc = store_write_wait(s, do_slice, &w, e);
        held = clock_mono_us() - w.begun;
        if (rc) return rc;
        sum->count++;
        if (held > sum->longest_us) sum->longest_us = held;
        w.work_us = adapt(w.work_us, held);
    }
    return 0;
}

void slices_relieve(struct store *s, int *stretches)
{
    struct store_maintenance m;
    struct err ignored;
    // What it does is the same for everybody, so a failure is left to whoever meets it next.
    if (++*stretches % 4 == 0) (void)store_move_log(s, &m, &ignored);
}

void slices_write(const struct slices *s, struct jw *w)
{
    jw_ki64(w, "slices", s->count);
    jw_kfixed(w, "longest_slice_ms", (double)s->longest_us / 1e3, 1);
}
