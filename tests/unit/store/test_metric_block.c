// Blocks of archived rows: what goes in comes out, bit by bit, whatever the numbers; and whatever the bytes are,
// reading them gives rows or says what is wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "store/metric_block.h"
#include "store/packed_ints.h"

static uint64_t seed = 88172645463325252ULL;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

// Between 0 and 1, all 53 bits of it.
static double random_double(void)
{
    return (double)(random64() >> 11) / 9007199254740992.0;
}

static struct metric_row *make_rows(size_t n)
{
    struct metric_row *rows = mem_array(n, sizeof *rows);
    for (size_t i = 0; i < n; i++) {
        metric_row_init(&rows[i]);
        rows[i].step = (int64_t)i * 10;
        rows[i].timestamp = 1795650234173000 + (int64_t)i * 28000 + (int64_t)(random64() % 4) * 1000;
    }
    return rows;
}

static void free_rows(struct metric_row *rows, size_t n)
{
    struct metric_rows all = {.rows = rows, .n = (int64_t)n};
    metric_rows_release(&all);
}

// There and back; the size.
static size_t check(const struct metric_row *rows, size_t n)
{
    struct buf block = BUF_INIT;
    struct metric_rows got;
    struct err e = {0};
    metric_block_write(rows, n, &block);
    if (metric_block_read(buf_slice(&block), rows[0].layer_idx, &got, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(got.n, n);
    for (size_t i = 0; i < n; i++) assert_true(metric_row_same(&got.rows[i], &rows[i]));
    size_t size = block.n;
    metric_rows_release(&got);
    buf_release(&block);
    return size;
}

// ---- numbers --------------------------------------------------------------------------------------------------------

static void integers_of_any_size_and_order_come_back(void **state)
{
    (void)state;
    enum { MOST = 400 };
    int64_t v[MOST], got[MOST], scratch[MOST];
    for (int round = 0; round < 3000; round++) {
        size_t n = 1 + random64() % MOST;
        unsigned width = (unsigned)(random64() % 65), kind = (unsigned)(random64() % 5);
        for (size_t i = 0; i < n; i++) {
            uint64_t r = width ? random64() >> (64 - width) : 0, k = i;
            v[i] = (int64_t)(kind == 0   ? r
                             : kind == 1 ? k * k * 977 + r
                             : kind == 2 ? r << (round % 30)
                             : kind == 3 ? r - (UINT64_C(1) << 63)
                             : i < 10    ? r
                                         : (uint64_t)v[r % 10]);
        }
        struct buf b = BUF_INIT;
        packed_ints_put(&b, v, n, scratch);
        assert_int_equal(b.n, packed_ints_size(v, n, scratch));
        buf_add_str(&b, "rest");
        struct slice in = buf_slice(&b);
        assert_true(packed_ints_take(&in, got, n));
        assert_memory_equal(got, v, n * sizeof *v);
        assert_true(slice_is(in, "rest"));
        for (size_t cut = 0; cut + 4 < b.n; cut++) {
            struct slice part = slice_of(b.p, cut);
            assert_false(packed_ints_take(&part, got, n));
        }
        buf_release(&b);
    }
    const int64_t extremes[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_MIN, INT64_MAX, 1};
    struct buf b = BUF_INIT;
    packed_ints_put(&b, extremes, 7, scratch);
    struct slice in = buf_slice(&b);
    assert_true(packed_ints_take(&in, got, 7));
    assert_memory_equal(got, extremes, sizeof extremes);
    buf_release(&b);
}

static void every_kind_of_number_comes_back_bit_by_bit(void **state)
{
    (void)state;
    const double hostile[] = {0.0,
                              -0.0,
                              (double)INFINITY,
                              -(double)INFINITY,
                              (double)NAN,
                              DBL_MAX,
                              -DBL_MAX,
                              DBL_MIN,
                              5e-324,
                              -5e-324,
                              1.0 / 3,
                              0.1,
                              1e15 + 0.5,
                              9007199254740993.0,
                              1e22,
                              1e-22,
                              (double)FLT_MAX,
                              (double)FLT_MIN,
                              1.4e-45,
                              3.5e38,
                              -1,
                              1,
                              4294967296.0,
                              1e308,
                              123456.789};
    enum { N = sizeof hostile / sizeof *hostile };
    for (int round = 0; round < 2000; round++) {
        size_t n = 1 + random64() % (round % 50 ? 60 : METRIC_BLOCK_ROWS);
        struct metric_row *rows = make_rows(n);
        unsigned some = (unsigned)(random64() % N), of = 1 + (unsigned)(random64() % N);
        for (size_t i = 0; i < n; i++) {
            rows[i].loss = hostile[random64() % N];
            rows[i].loss_reconstructed = hostile[(some + random64() % of) % N];
            rows[i].l0_sparsity = (double)(float)random_double();
            rows[i].l1_sparsity = random64() % 3 ? (double)NAN : (double)(random64() % 1000) / 1e3;
            rows[i].dead_neurons = (double)(random64() % 7);
            rows[i].explained_variance = 1 - random_double() / 9;
            rows[i].learning_rate = 1e-3 * cos((double)i / 500);
            rows[i].grad_norm = ldexp(random_double(), (int)(random64() % 2000) - 1000);
            rows[i].samples_per_second = 10 * 1024e6 / (double)(27000 + random64() % 4000);
        }
        check(rows, n);
        free_rows(rows, n);
    }
}

static void rows_of_any_steps_and_texts_come_back(void **state)
{
    (void)state;
    struct metric_row *rows = make_rows(METRIC_BLOCK_ROWS);
    for (size_t i = 0; i < METRIC_BLOCK_ROWS; i++) {
        rows[i].layer_idx = 11;
        rows[i].step = INT64_MIN + (int64_t)(i * i * 3);
        rows[i].timestamp = i % 2 ? INT64_MIN : INT64_MAX;
        if (i % 3) rows[i].extra = i % 7 ? mem_printf("{\"accuracy\":%zu,\"Grüße\":\"☃\"}", i) : mem_strdup("");
    }
    rows[METRIC_BLOCK_ROWS - 1].step = INT64_MAX;
    check(rows, METRIC_BLOCK_ROWS);
    for (size_t n = 1; n < 20; n++) check(rows, n);
    free(rows[1].extra);
    rows[1].extra = mem_alloc(3000001);
    memset(rows[1].extra, 'x', 3000000);
    rows[1].extra[3000000] = 0;
    check(rows, 20);
    free_rows(rows, METRIC_BLOCK_ROWS);
}

// What numbers have in common isn't stored.
static void a_column_takes_as_many_bits_as_there_is_news_in_it(void **state)
{
    (void)state;
    enum { N = METRIC_BLOCK_ROWS };
    struct metric_row *rows = make_rows(N);
    size_t bare = check(rows, N);
    assert_true(bare < N * 3 / 8 + 60); // times: one of four milliseconds
    for (int kind = 0; kind < 5; kind++) {
        static const double bytes[] = {0, 1.25, 2.9, 1.6, 0.02};
        for (size_t i = 0; i < N; i++) {
            double v[] = {32, (double)(random64() % 1000) / 1e3, (double)(float)(1 + random_double()),
                          10 * 1024e6 / (double)(27000 + random64() % 4000), (double)i / 1e6};
            rows[i].loss = rows[i].loss_reconstructed = v[kind];
        }
        size_t size = check(rows, N) - bare;
        if ((double)size > bytes[kind] * N + 30) fail_msg("kind %d: %zu bytes for %d rows", kind, size, N);
    }
    free_rows(rows, N);
}

// ---- damage ---------------------------------------------------------------------------------------------------------

static struct metric_row *some_rows(struct buf *block)
{
    struct metric_row *rows = make_rows(40);
    for (size_t i = 0; i < 40; i++) {
        rows[i].loss = random_double();
        rows[i].l0_sparsity = i % 5 ? (double)NAN : 3;
        rows[i].extra = mem_strdup("{\"a\":1}");
    }
    metric_block_write(rows, 40, block);
    return rows;
}

static int read_it(struct slice block, char why[200])
{
    struct metric_rows got;
    struct err e = {0};
    int rc = metric_block_read(block, -1, &got, &e);
    for (int64_t i = 0; !rc && i < got.n; i++) assert_true(i == 0 || got.rows[i].step > got.rows[i - 1].step);
    if (!rc) metric_rows_release(&got);
    snprintf(why, 200, "%s", e.message);
    return rc;
}

static void damage_is_noticed(void **state)
{
    (void)state;
    struct buf block = BUF_INIT;
    char why[200];
    struct metric_row *rows = some_rows(&block);
    for (size_t n = 0; n < block.n; n++) assert_int_equal(read_it(slice_of(block.p, n), why), HW_EIO);
    for (size_t at = 0; at < block.n; at++) {
        block.p[at] ^= (char)(1 << random64() % 8);
        int rc = read_it(buf_slice(&block), why);
        assert_int_equal(rc, HW_EIO);
        if (at == 0) assert_non_null(strstr(why, "it is of version"));
        if (at > 0) assert_string_equal(why, "its checksum is wrong");
        metric_block_write(rows, 40, &block); // anew, behind itself
        buf_consume(&block, block.n / 2);
    }
    assert_int_equal(read_it(slice_of("", 0), why), HW_EIO);
    buf_release(&block);
    free_rows(rows, 40);
}

// Bytes that somebody has made: rows in order or a refusal, and no memory beyond what they can hold.
static void what_a_checksum_does_not_keep_out_is_refused_or_makes_sense(void **state)
{
    (void)state;
    struct buf block = BUF_INIT;
    char why[200];
    int refused = 0;
    struct metric_row *rows = some_rows(&block);
    char *bytes = mem_alloc(block.n);
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, block.p, block.n);
        for (int k = 0; k <= round % 4; k++) bytes[1 + random64() % (block.n - 5)] = (char)random64();
        uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)bytes, block.n - 4);
        for (int i = 0; i < 4; i++) bytes[block.n - 4 + (size_t)i] = (char)(crc >> 8 * i);
        refused += read_it(slice_of(bytes, block.n), why) != 0;
    }
    assert_true(refused > 2000);
    free(bytes);
    buf_release(&block);
    free_rows(rows, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_any_size_and_order_come_back),
        cmocka_unit_test(every_kind_of_number_comes_back_bit_by_bit),
        cmocka_unit_test(rows_of_any_steps_and_texts_come_back),
        cmocka_unit_test(a_column_takes_as_many_bits_as_there_is_news_in_it),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(what_a_checksum_does_not_keep_out_is_refused_or_makes_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
