// Choosing the active features: against sorting, and with ties.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ml/rng.h"
#include "ml/select.h"

enum { MAX = 2100 };

struct fixture {
    float v[MAX], bias[MAX], value[MAX + SELECT_PAD];
    uint32_t index[MAX + SELECT_PAD];
};

// Checks one result against the definition: rank of each element by (value, then lower index first).
static void check(struct fixture *x, int n, int k, int got)
{
    int expected = 0;
    for (int i = 0; i < n; i++) {
        float vi = x->v[i] + x->bias[i];
        if (!(vi > 0)) continue;
        int before = 0;
        for (int j = 0; j < n; j++) {
            float vj = x->v[j] + x->bias[j];
            before += vj > vi || (vj == vi && j < i);
        }
        if (before >= k) continue;
        assert_true(expected < got);
        assert_int_equal(x->index[expected], i);
        assert_true(x->value[expected] == vi);
        expected++;
    }
    assert_int_equal(got, expected);
}

static void chosen_are_the_largest_in_order(void **state)
{
    struct fixture *x = *state;
    static const int sizes[] = {1, 2, 15, 16, 17, 100, 1024, 2047};
    struct rng r;
    rng_seed(&r, 1, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int n = sizes[s];
        struct select_scratch *scratch = select_scratch_new(n);
        for (int row = 0; row < 12; row++) {
            // Rows of very different scale follow each other, so that the guess from the last row is often wrong.
            float scale = row % 4 == 3 ? 1e-3f : row % 4 == 2 ? 50.0f : 1.0f;
            for (int i = 0; i < n; i++) {
                x->v[i] = scale * (float)rng_normal(&r);
                x->bias[i] = scale * 0.1f * (float)rng_normal(&r);
            }
            int k = 1 + (int)rng_below(&r, (uint64_t)n);
            if (row % 2 && k > 32) k = 32;
            check(x, n, k, select_topk(scratch, x->v, x->bias, n, k, x->index, x->value));
            check(x, n, n, select_positive(x->v, x->bias, n, x->index, x->value));
        }
        select_scratch_free(scratch);
    }
}

static void of_equal_values_the_first_are_chosen(void **state)
{
    struct fixture *x = *state;
    struct rng r;
    rng_seed(&r, 2, 0);
    struct select_scratch *scratch = select_scratch_new(300);
    for (int row = 0; row < 50; row++) {
        for (int i = 0; i < 300; i++) {
            x->v[i] = (float)rng_below(&r, 4) - 1.0f; // -1, 0, 1, 2
            x->bias[i] = 0;
        }
        int k = 1 + (int)rng_below(&r, 200);
        check(x, 300, k, select_topk(scratch, x->v, x->bias, 300, k, x->index, x->value));
    }
    for (int i = 0; i < 300; i++) x->v[i] = 7;
    check(x, 300, 40, select_topk(scratch, x->v, x->bias, 300, 40, x->index, x->value));
    select_scratch_free(scratch);
}

static void nothing_positive_chooses_nothing(void **state)
{
    struct fixture *x = *state;
    for (int i = 0; i < 64; i++) x->v[i] = i % 2 ? -1.0f : 0.0f, x->bias[i] = 0;
    x->v[5] = NAN;
    struct select_scratch *scratch = select_scratch_new(64);
    assert_int_equal(select_topk(scratch, x->v, x->bias, 64, 8, x->index, x->value), 0);
    assert_int_equal(select_positive(x->v, x->bias, 64, x->index, x->value), 0);
    x->v[40] = INFINITY;
    assert_int_equal(select_topk(scratch, x->v, x->bias, 64, 8, x->index, x->value), 1);
    assert_int_equal(x->index[0], 40);
    select_scratch_free(scratch);
}

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_are_the_largest_in_order),
        cmocka_unit_test(of_equal_values_the_first_are_chosen),
        cmocka_unit_test(nothing_positive_chooses_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
