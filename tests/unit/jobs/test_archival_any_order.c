// Writes, cuts, moves, packing and bringing back in any order, cut off anywhere: the curve stays what was written.
#include "archived_curve.h"

enum { WORLD_STEPS = 1700, WORLD_LAYERS = 2 };

struct world {
    struct fixture f;
    struct one o;
    uint64_t seed;
    struct {
        bool there;
        int64_t at;
        double loss;
    } truth[WORLD_LAYERS][WORLD_STEPS + 1];
};

static uint64_t draw(struct world *w, uint64_t below)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return w->seed % below;
}

static void world_put(struct world *w)
{
    struct one o = w->o;
    o.layer = (int)draw(w, WORLD_LAYERS);
    o.from = 1 + (int64_t)draw(w, WORLD_STEPS);
    o.to = o.from + (int64_t)draw(w, draw(w, 3) ? 700 : 10);
    if (o.to > WORLD_STEPS) o.to = WORLD_STEPS;
    o.at = w->f.wall - (int64_t)draw(w, 60) * DAY;
    o.loss = (double)draw(w, 1000) * 1e4 / 3;
    write_it(&w->f, put, &o);
    for (int64_t step = o.from; step <= o.to; step++) {
        w->truth[o.layer][step].there = true;
        w->truth[o.layer][step].at = o.at;
        w->truth[o.layer][step].loss = o.loss + (double)(step * 7919 % 1000);
    }
}

static void world_cut(struct world *w)
{
    struct one o = w->o;
    o.layer = (int)draw(w, WORLD_LAYERS);
    o.from = (int64_t)draw(w, WORLD_STEPS);
    write_it(&w->f, cut, &o);
    for (int64_t step = o.from + 1; step <= WORLD_STEPS; step++) w->truth[o.layer][step].there = false;
}

// As far as a server came that was killed then.
static int restore_some(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    int layer = -2;
    int64_t step = 0, n = 1;
    int rc = metric_restore_begin(tx, o->key, o->at, e);
    for (int64_t i = 0; !rc && n > 0 && i < o->rows; i++) {
        n = metric_restore_copy(tx, o->key, &layer, &step, e);
        if (n < 0) rc = (int)n;
    }
    return rc;
}

// A part of it, page by page.
static void world_page(struct world *w)
{
    struct one o = w->o;
    o.from = (int64_t)draw(w, WORLD_STEPS);
    o.to = o.from + (int64_t)draw(w, 1000);
    o.rows = 50 + (int64_t)draw(w, 400);
    int64_t step = o.from, wanted = 0, seen = 0;
    for (; step <= o.to && step <= WORLD_STEPS; step++) wanted += w->truth[0][step].there + w->truth[1][step].there;
    for (bool more = true; more;) {
        read_it(&w->f, read_range, &o);
        for (int64_t i = 0; i < o.got.n; i++) {
            const struct metric_row *r = &o.got.rows[i];
            assert_true(r->step >= o.from && r->step <= o.to && w->truth[r->layer_idx][r->step].there);
            assert_true(r->loss == w->truth[r->layer_idx][r->step].loss);
        }
        assert_true(o.got.n <= o.rows);
        seen += o.got.n;
        more = o.got.more_after >= 0;
        o.from = o.got.more_after + 1;
        metric_rows_release(&o.got);
    }
    assert_int_equal(seen, wanted);
}

static void world_check(struct world *w)
{
    world_page(w);
    struct metric_rows got = all_of(&w->f);
    int64_t n = 0, all = 0;
    for (int64_t step = 1; step <= WORLD_STEPS; step++) {
        for (int layer = 0; layer < WORLD_LAYERS; layer++) {
            if (!w->truth[layer][step].there) continue;
            all++;
            assert_true(n < got.n);
            const struct metric_row *r = &got.rows[n++];
            if (r->step != step || r->layer_idx != layer || r->timestamp != w->truth[layer][step].at ||
                r->loss != w->truth[layer][step].loss)
                fail_msg("step %lld of layer %d isn't what it was", (long long)step, layer);
        }
    }
    assert_int_equal(n, got.n);
    metric_rows_release(&got);
    struct one ages_now = {.at = w->f.wall}, some = w->o;
    read_it(&w->f, ages, &ages_now);
    for (int i = 0; i < METRIC_AGES; i++) all -= ages_now.ages.live[i] + ages_now.ages.archived[i];
    assert_int_equal(all, 0);
    some.layer = (int)draw(w, WORLD_LAYERS);
    some.max_points = 40;
    read_it(&w->f, read_points, &some);
    for (int64_t i = 0; i < some.got.n; i++) {
        const struct metric_row *r = &some.got.rows[i];
        assert_true(w->truth[some.layer][r->step].there && r->loss == w->truth[some.layer][r->step].loss);
    }
    metric_rows_release(&some.got);
}

static void world_turn(struct world *w)
{
    struct one o = w->o;
    w->f.wall += (int64_t)(1 + draw(w, 40)) * SECOND;
    switch (draw(w, 16)) {
    case 0:
    case 1:
    case 2: world_put(w); break;
    case 3:
        if (draw(w, 2)) world_cut(w);
        break;
    case 4: // copied, and killed
        o.at = w->f.wall - 30 * DAY;
        write_it(&w->f, forget, &o); // as a run does first
        write_it(&w->f, copy, &o);
        if (draw(w, 2)) write_it(&w->f, delete_copied, &o);
        break;
    case 5:
        o.at = w->f.wall;
        o.rows = (int64_t)draw(w, 30);
        write_it(&w->f, restore_some, &o);
        break;
    case 6:
        if (draw(w, 2)) (void)restore_it(&w->f, draw(w, 2) ? "trn_a" : NULL);
        break;
    case 7: w->f.wall += (int64_t)draw(w, 3) * HOUR; break;
    case 8: w->f.wall += (int64_t)draw(w, 40) * DAY; break;
    default: (void)run_it(&w->f); break;
    }
}

static void whatever_happens_in_whatever_order_the_curve_stays_what_was_written(void **state)
{
    (void)state;
    const char *seed = getenv("HEADWAY_ARCHIVAL_SEED");
    struct schedule_task t;
    int64_t most_packed = 0;
    struct world *w = mem_zalloc(sizeof *w);
    w->seed = 88172645463325252ULL + (uint64_t)(seed ? atoll(seed) : 0);
    begin(&w->f, &t);
    w->o = (struct one){.id = "trn_a"};
    write_it(&w->f, make_training, &w->o);
    for (int i = 0; i < 400; i++) {
        world_turn(w);
        world_check(w);
        int64_t packed = in_blocks(&w->f);
        if (packed > most_packed) most_packed = packed;
    }
    assert_true(most_packed > WORLD_STEPS / 2);
    end(&w->f);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_in_whatever_order_the_curve_stays_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
