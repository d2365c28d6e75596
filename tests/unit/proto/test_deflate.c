// Compression of single messages: what goes in comes out, each message standing alone, within limits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/mem.h"
#include "proto/deflate.h"

static void fill(char *p, size_t n, unsigned seed, unsigned alphabet)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245u + 12345u;
        p[i] = (char)((seed >> 16) % alphabet);
    }
}

static void messages_come_back_at_every_level_and_window(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 5, 1024, 65535, 65536, 200000};
    char *data = mem_alloc(200000);
    struct inflater *inf = inflater_new();
    for (int level = 1; level <= 9; level += 4)
        for (int window = 9; window <= 15; window += 3) {
            struct deflater *def = deflater_new(level, window);
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                fill(data, sizes[i], (unsigned)i, i % 2 ? 256 : 4);
                struct buf out = BUF_INIT;
                struct slice back;
                buf_add_str(&out, "kept");
                deflater_message(def, slice_of(data, sizes[i]), &out);
                assert_memory_equal(out.p, "kept", 4);
                assert_int_equal(inflater_message(inf, slice_of(out.p + 4, out.n - 4), 200000, &back), 0);
                assert_int_equal(back.n, sizes[i]);
                if (back.n) assert_memory_equal(back.p, data, back.n);
                buf_release(&out);
            }
            deflater_free(def);
        }
    inflater_free(inf);
    free(data);
}

static void every_message_stands_alone(void **state)
{
    (void)state;
    struct deflater *def = deflater_new(6, DEFLATE_WINDOW_BITS);
    struct slice text = SLICE_LIT("42[\"training:progress\",{\"channel\":\"trainings/trn_1/progress\"}]");
    struct buf first = BUF_INIT, second = BUF_INIT;
    deflater_message(def, text, &first);
    deflater_message(def, text, &second);
    // With context takeover the second would be a mere reference to the first.
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    struct inflater *inf = inflater_new();
    struct slice back;
    assert_int_equal(inflater_message(inf, buf_slice(&second), 1000, &back), 0);
    assert_true(slice_eq(back, text));
    inflater_free(inf);
    deflater_free(def);
    buf_release(&first);
    buf_release(&second);
}

// A progress event of some 2 KiB, whose numbers have all their digits, comes to less than 45 % of its bytes.
static void an_event_of_2_kib_is_worth_compressing(void **state)
{
    (void)state;
    struct buf text = BUF_INIT, out = BUF_INIT;
    unsigned x = 1;
    buf_add_str(&text,
                "42[\"training:progress\",{\"channel\":\"trainings/trn_01hq3k9v7x2m4n6p8r0s/progress\",\"epoch\":"
                "\"m5x1c9q2\",\"seq\":812,\"ts\":\"2026-01-02T03:04:05.678Z\",\"layers\":[");
    for (int i = 0; i < 20; i++) {
        buf_addf(&text, "%s{\"layer_idx\":%d", i ? "," : "", i);
        for (int k = 0; k < 2; k++) {
            x = x * 1103515245u + 12345u;
            buf_addf(&text, ",\"%s\":%.17g", k ? "l0_sparsity" : "loss", (double)(x >> 8) / 16777216.0);
        }
        buf_addf(&text, ",\"dead_neurons\":%u}", x >> 20);
    }
    buf_add_str(&text, "]}]");
    assert_in_range(text.n, 1800, 2300);
    struct deflater *def = deflater_new(DEFLATE_LEVEL, DEFLATE_WINDOW_BITS);
    deflater_message(def, buf_slice(&text), &out);
    if (out.n * 100 >= text.n * 45) fail_msg("%zu of %zu bytes", out.n, text.n);
    deflater_free(def);
    buf_release(&text);
    buf_release(&out);
}

// A client whose window is as small as the one agreed on can read what the server sends.
static void the_agreed_window_is_enough(void **state)
{
    (void)state;
    size_t n = 50000;
    char *data = mem_alloc(n), *back = mem_alloc(n);
    fill(data, n / 2, 7, 256);
    memcpy(data + n / 2, data, n / 2); // tempts the compressor to look 25,000 bytes back
    struct deflater *def = deflater_new(9, DEFLATE_WINDOW_BITS);
    struct buf out = BUF_INIT;
    deflater_message(def, slice_of(data, n), &out);
    z_stream z = {0};
    assert_int_equal(inflateInit2(&z, -DEFLATE_WINDOW_BITS), Z_OK);
    z.next_in = (Bytef *)out.p;
    z.avail_in = (uInt)out.n;
    for (size_t at = 0; at < n; at += 100) { // little room at a time makes zlib use its window
        z.next_out = (Bytef *)back + at;
        z.avail_out = 100;
        assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
    }
    assert_memory_equal(back, data, n);
    inflateEnd(&z);
    deflater_free(def);
    buf_release(&out);
    free(data);
    free(back);
}

static void limits_are_exact(void **state)
{
    (void)state;
    struct deflater *def = deflater_new(6, 15);
    struct inflater *inf = inflater_new();
    char *zeros = mem_zalloc(10000000);
    struct buf bomb = BUF_INIT;
    struct slice back;
    deflater_message(def, slice_of(zeros, 10000000), &bomb);
    assert_true(bomb.n < 20000);
    assert_int_equal(inflater_message(inf, buf_slice(&bomb), 10000000, &back), 0);
    assert_int_equal(inflater_message(inf, buf_slice(&bomb), 9999999, &back), HW_ETOOBIG);
    assert_int_equal(back.n, 0);
    assert_int_equal(inflater_message(inf, buf_slice(&bomb), 0, &back), HW_ETOOBIG);
    assert_int_equal(inflater_message(inf, SLICE_LIT("\x00"), 0, &back), 0);
    buf_release(&bomb);
    free(zeros);
    inflater_free(inf);
    deflater_free(def);
}

static void broken_data_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    struct inflater *inf = inflater_new();
    struct slice back;
    struct slice broken[] = {
        SLICE_LIT(""),                             // not even an empty block
        SLICE_LIT("\xff"),                         // block type 3
        SLICE_LIT("\x00\x05\x00\xfa\xffHel"),      // a stored block cut off
        SLICE_LIT("\xf2\x48\xcd\xc9"),             // a coded block cut off
        SLICE_LIT("\x00\x05\x00\x00\x00Hell"),     // length and its complement differ
        SLICE_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00"), // a final block without the empty one that must follow
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_int_equal(inflater_message(inf, broken[i], 1000, &back), HW_EPROTOCOL);
        assert_int_equal(inflater_message(inf, SLICE_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), 1000, &back), 0);
        assert_true(slice_is(back, "Hello"));
    }
    inflater_free(inf);
}

// Cut anywhere, the same bytes come out, or the same error after the same bytes.
static void pieces_change_nothing(void **state)
{
    (void)state;
    enum { N = 3000 };
    char data[N];
    fill(data, N, 5, 7);
    struct deflater *def = deflater_new(6, 12);
    struct buf whole = BUF_INIT;
    deflater_message(def, slice_of(data, N), &whole);
    struct inflater *inf = inflater_new();
    static const size_t limits[] = {N, N - 1, 100};
    for (size_t l = 0; l < 3; l++)
        for (int broken = 0; broken < 2; broken++) {
            size_t n = broken ? whole.n - 20 : whole.n;
            for (size_t step = 1; step <= n; step += step < 40 ? 1 : 97) {
                inflater_begin(inf);
                int rc = 0;
                for (size_t at = 0; rc == 0 && at < n; at += step)
                    rc = inflater_feed(inf, slice_of(whole.p + at, n - at < step ? n - at : step), limits[l]);
                struct slice plain = inflater_plain(inf);
                assert_memory_equal(plain.p, data, plain.n < N ? plain.n : N);
                if (rc == 0) rc = inflater_end(inf, limits[l]);
                plain = inflater_plain(inf);
                if (l == 2 || (l == 1 && !broken)) {
                    assert_int_equal(rc, HW_ETOOBIG);
                    assert_int_equal(plain.n, limits[l] + 1);
                } else {
                    assert_int_equal(rc, broken ? HW_EPROTOCOL : 0);
                    if (!broken) assert_int_equal(plain.n, N);
                }
            }
        }
    inflater_free(inf);
    deflater_free(def);
    buf_release(&whole);
}

// "abcabc…", a final block; padding; then a block that refers to what the final one held.
static void the_window_outlives_a_final_block(void **state)
{
    (void)state;
    static const char text[] = "training:progress,training:status_changed,training:completed";
    struct buf out = BUF_INIT;
    z_stream z = {0};
    for (int part = 0; part < 2; part++) {
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        if (part) assert_int_equal(deflateSetDictionary(&z, (const Bytef *)text, sizeof text - 1), Z_OK);
        z.next_in = (Bytef *)(uintptr_t)text;
        z.avail_in = sizeof text - 1;
        z.next_out = (Bytef *)buf_reserve(&out, 200);
        z.avail_out = 200;
        assert_int_equal(deflate(&z, part ? Z_SYNC_FLUSH : Z_FINISH), part ? Z_OK : Z_STREAM_END);
        out.n += 200 - z.avail_out;
        if (part) assert_true(200 - z.avail_out < 20); // mere references
        deflateEnd(&z);
    }
    struct inflater *inf = inflater_new();
    struct slice back;
    assert_int_equal(inflater_message(inf, slice_of(out.p, out.n - 4), 1000, &back), 0);
    assert_int_equal(back.n, 2 * (sizeof text - 1));
    assert_memory_equal(back.p, text, sizeof text - 1);
    assert_memory_equal(back.p + sizeof text - 1, text, sizeof text - 1);
    // But not into another message, whoever sent that.
    assert_int_equal(inflater_message(inf, slice_of(out.p + out.n - 10, 6), 1000, &back), HW_EPROTOCOL);
    inflater_free(inf);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back_at_every_level_and_window),
        cmocka_unit_test(every_message_stands_alone),
        cmocka_unit_test(the_agreed_window_is_enough),
        cmocka_unit_test(an_event_of_2_kib_is_worth_compressing),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(broken_data_is_refused_and_leaves_no_trace),
        cmocka_unit_test(pieces_change_nothing),
        cmocka_unit_test(the_window_outlives_a_final_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
