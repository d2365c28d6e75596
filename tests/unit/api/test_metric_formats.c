// Rows of a curve as columns of numbers: what is at which place, and that names made up by a program have a bound.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/metric_formats.h"
#include "base/mem.h"

static struct metric_rows rows_new(int64_t n)
{
    struct metric_rows m = {.rows = mem_array((size_t)n, sizeof *m.rows), .n = n, .more_after = -1};
    for (int64_t i = 0; i < n; i++) {
        metric_row_init(&m.rows[i]);
        m.rows[i].step = i;
    }
    return m;
}

// `names` numbers, called m0, m1, …
static char *extra_of(int names)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < names; i++) buf_addf(&b, "%s\"m%d\":%d", i ? "," : "{", i, i);
    buf_add_char(&b, '}');
    return buf_detach(&b, NULL);
}

static uint32_t u32_at(const struct buf *b, size_t at)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) v |= (uint32_t)(unsigned char)b->p[at + i] << (8 * i);
    return v;
}

static void columns_lie_where_the_head_says(void **state)
{
    (void)state;
    struct metric_rows m = rows_new(3);
    struct buf out = BUF_INIT;
    struct err e = {0};
    m.rows[1].loss = 0.5;
    m.rows[2].extra = extra_of(2);
    assert_int_equal(metric_rows_write(&out, METRIC_BINARY, "trn_1", &m, &e), 0);
    assert_memory_equal(out.p, "HWMC\1\0\0\0", 8);
    assert_int_equal(u32_at(&out, 8), 6); // step, layer_idx, timestamp, loss, m0, m1
    assert_int_equal(u32_at(&out, 12), 3);
    size_t data = u32_at(&out, 24);
    assert_int_equal(u32_at(&out, 28), out.n);
    assert_int_equal(out.n - data, 5 * 24 + 16); // the layers' twelve bytes are filled up to sixteen
    double loss;
    memcpy(&loss, out.p + data + 24 + 16 + 24 + 8, sizeof loss);
    assert_float_equal(loss, 0.5, 0);
    buf_release(&out);
    metric_rows_release(&m);
}

static void names_made_up_as_it_goes_cost_no_more_than_their_bound(void **state)
{
    (void)state;
    struct metric_rows m = rows_new(50000);
    struct buf out = BUF_INIT;
    struct err e = {0};
    m.rows[7].extra = extra_of(167); // 167 · 50,000 · 8 bytes are just below 64 MiB
    assert_int_equal(metric_rows_write(&out, METRIC_BINARY, "trn_1", &m, &e), 0);
    buf_clear(&out);
    m.rows[8].extra = mem_strdup("{\"one_more\":1}");
    assert_int_equal(metric_rows_write(&out, METRIC_BINARY, "trn_1", &m, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "format");
    assert_int_equal(out.n, 0);
    assert_int_equal(metric_rows_write(&out, METRIC_CSV, "trn_1", &m, &e), 0);
    assert_non_null(strstr(buf_cstr(&out), "one_more"));
    buf_release(&out);
    metric_rows_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_lie_where_the_head_says),
        cmocka_unit_test(names_made_up_as_it_goes_cost_no_more_than_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
