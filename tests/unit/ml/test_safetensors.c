// safetensors files: what is written comes back; what is malformed is refused, with the place; no prefix of a file
// crashes.
#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "ml/half.h"
#include "model_copy.h"

// Header and data as the bytes of a file.
static struct buf file_of(const char *header, size_t data)
{
    struct buf b = BUF_INIT;
    uint64_t n = strlen(header);
    buf_add(&b, &n, sizeof n);
    buf_add_str(&b, header);
    for (size_t i = 0; i < data; i++) buf_add_char(&b, (char)i);
    return b;
}

// The bytes in memory of exactly their size, so that a read beyond them is noticed by a sanitizer.
static int parse(struct slice bytes, struct err *e)
{
    char *exact = mem_alloc(bytes.n ? bytes.n : 1);
    if (bytes.n) memcpy(exact, bytes.p, bytes.n);
    struct safetensors *s;
    *e = (struct err){0};
    int rc = safetensors_parse(slice_of(exact, bytes.n), "small.safetensors", &s, e);
    if (rc == 0) {
        for (size_t i = 0; i < safetensors_count(s); i++) {
            const struct st_tensor *t = safetensors_at(s, i);
            volatile unsigned char sum = 0;
            for (size_t k = 0; k < t->size; k++) sum = (unsigned char)(sum + ((const unsigned char *)t->data)[k]);
        }
    } else {
        assert_null(s);
    }
    safetensors_close(s);
    free(exact);
    return rc;
}

#define TWO_TENSORS                                                                                                    \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"                                              \
    "\"b\":{\"dtype\":\"BF16\",\"shape\":[5],\"data_offsets\":[24,34]},\"__metadata__\":{\"k\":\"v\"}}"

static void tensors_are_found_where_they_lie(void **state)
{
    (void)state;
    struct buf b = file_of(TWO_TENSORS, 34);
    struct safetensors *s;
    struct err e = {0};
    assert_int_equal(safetensors_parse(buf_slice(&b), "x", &s, &e), 0);
    assert_int_equal(safetensors_count(s), 2);
    const struct st_tensor *t = safetensors_get(s, "b");
    assert_non_null(t);
    assert_int_equal(t->dtype, ST_BF16);
    assert_int_equal(t->rank, 1);
    assert_int_equal(t->count, 5);
    assert_int_equal(t->size, 10);
    assert_int_equal(t->offset, 8 + strlen(TWO_TENSORS) + 24);
    assert_int_equal(*(const unsigned char *)t->data, 24);
    assert_string_equal(safetensors_metadata(s, "k"), "v");
    assert_null(safetensors_metadata(s, "l"));
    assert_null(safetensors_get(s, "c"));
    int64_t shape[2] = {3, 2};
    assert_int_equal(safetensors_need(s, "a", 2, shape, &t, &e), HW_EINVALID);
    assert_string_equal(e.message, "x: tensor a has the shape [2, 3]; [3, 2] is wanted");
    assert_int_equal(safetensors_need(s, "c", 2, shape, &t, &e), HW_EINVALID);
    assert_string_equal(e.message, "x: there is no tensor c");
    safetensors_close(s);
    buf_release(&b);
}

static void a_file_cut_off_anywhere_is_an_error(void **state)
{
    (void)state;
    struct buf b = file_of(TWO_TENSORS, 34);
    struct err e;
    for (size_t n = 0; n < b.n; n++) {
        int rc = parse(slice_of(b.p, n), &e);
        if (rc != HW_EEOF || !strstr(e.message, "small.safetensors: truncated: "))
            fail_msg("%zu of %zu bytes: %d, %s", n, b.n, rc, e.message);
    }
    assert_int_equal(parse(buf_slice(&b), &e), 0);
    assert_int_equal(parse(slice_of(b.p, b.n - 1), &e), HW_EEOF);
    size_t header = 8 + strlen(TWO_TENSORS);
    char want[200];
    snprintf(want, sizeof want,
             "small.safetensors: truncated: tensor b needs bytes %zu to %zu of the file, which has %zu", header + 24,
             header + 34, header + 33);
    assert_string_equal(e.message, want);
    buf_add_char(&b, 'x');
    assert_int_equal(parse(buf_slice(&b), &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "1 bytes too many"));
    buf_release(&b);
}

static void files_cut_off_on_disk_are_errors_too(void **state)
{
    (void)state;
    char *dir = temp_folder(), *path = file_join(dir, "m.safetensors");
    struct buf b = file_of(TWO_TENSORS, 34);
    struct safetensors *s;
    struct err e = {0};
    for (size_t n = 0; n < b.n; n += 7) {
        assert_int_equal(file_write_atomic(path, slice_of(b.p, n), &e), 0);
        assert_int_equal(safetensors_open(path, &s, &e), HW_EEOF);
        assert_null(s);
        assert_non_null(strstr(e.message, path));
    }
    assert_int_equal(safetensors_open(dir, &s, &e), HW_EINVALID);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(safetensors_open(path, &s, &e), HW_ENOTFOUND);
    buf_release(&b);
    free(path);
    temp_folder_remove(dir);
}

static void a_header_that_lies_is_refused_by_tensor(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *says;
    } cases[] = {
        {"[]", 0, "must begin with {"},
        {"{", 0, "JSON"},
        {"{\"a\":1}", 0, "tensor a must be described by an object"},
        {"{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4, "dtype must be a string"},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "tensor a: unknown dtype F33"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape must be an array"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "dimension 0"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "dimension 0"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "9 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4,
         "larger than any file"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0,
         "larger than any file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "shape [2] of F32 is 8 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "there is a hole"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
         6, "they overlap"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
         4, "they overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9223372036854775806,9223372036854775807]}}", 4,
         "hole"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]}}", 4, "JSON"},
        {"{\"a\":{},\"a\":{}}", 0, "JSON"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ must be an object"},
        {"{\"__metadata__\":{\"n\":1}}", 0, "__metadata__: n must be a string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = file_of(cases[i].header, cases[i].data);
        struct err e;
        int rc = parse(buf_slice(&b), &e);
        if (rc != HW_EINVALID || !strstr(e.message, cases[i].says) || !strstr(e.message, "small.safetensors"))
            fail_msg("%s: %d, %s", cases[i].header, rc, e.message);
        buf_release(&b);
    }
    struct err e;
    assert_int_equal(parse(SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\x7f{}"), &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "9223372036854775807 bytes long"));
}

static void empty_tensors_and_scalars_are_fine(void **state)
{
    (void)state;
    struct buf b = file_of("{\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                           "\"e\":{\"dtype\":\"F32\",\"shape\":[3,0,4294967296,4294967296],\"data_offsets\":[0,0]},"
                           "\"f\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[4,4]}}",
                           4);
    struct err e;
    if (parse(buf_slice(&b), &e) != 0) fail_msg("%s", e.message);
    buf_release(&b);
}

static void numbers_of_any_float_type_come_as_f32(void **state)
{
    (void)state;
    static const char header[] = "{\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
                                 "\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]},"
                                 "\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[24,30]},"
                                 "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[30,34]},"
                                 "\"i\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[34,35]}}"; // data unaligned
    struct buf b = file_of(header, 0);
    double d[2] = {1.5, -1e300};
    float f[2] = {0.1f, -2};
    uint16_t h[3] = {0x3C00, 0x0001, 0xFC00}, bf[2] = {0x3F80, 0xC049};
    buf_add(&b, d, sizeof d), buf_add(&b, f, sizeof f), buf_add(&b, h, sizeof h), buf_add(&b, bf, sizeof bf);
    buf_add_char(&b, 1);
    struct safetensors *s;
    struct err e = {0};
    if (safetensors_parse(buf_slice(&b), "x", &s, &e) != 0) fail_msg("%s", e.message);
    float out[3];
    assert_int_equal(safetensors_f32(safetensors_get(s, "d"), 0, 2, out, &e), 0);
    assert_true(out[0] == 1.5f && isinf(out[1]) && out[1] < 0);
    assert_int_equal(safetensors_f32(safetensors_get(s, "f"), 1, 1, out, &e), 0);
    assert_true(out[0] == -2.0f);
    assert_int_equal(safetensors_f32(safetensors_get(s, "h"), 0, 3, out, &e), 0);
    assert_true(out[0] == 1.0f && out[1] == 0x1p-24f && isinf(out[2]));
    assert_int_equal(safetensors_f32(safetensors_get(s, "b"), 0, 2, out, &e), 0);
    assert_true(out[0] == 1.0f && out[1] == -3.140625f);
    assert_int_equal(safetensors_f32(safetensors_get(s, "i"), 0, 1, out, &e), HW_EUNSUPPORTED);
    assert_non_null(strstr(e.message, "tensor i is I8"));
    safetensors_close(s);
    buf_release(&b);
}

static void sixteen_bit_floats_round_to_nearest_even(void **state)
{
    (void)state;
    // All values of 16 bits survive the way to 32 and back.
    for (uint32_t u = 0; u < 65536; u++) {
        uint16_t h = (uint16_t)u;
        if (!isnan(half_to_f32(h))) assert_int_equal(half_from_f32(half_to_f32(h)), h);
        if (isnan(half_to_f32(h))) assert_true(isnan(half_to_f32(half_from_f32(half_to_f32(h)))));
        if (!isnan(bf16_to_f32(h))) assert_int_equal(bf16_from_f32(bf16_to_f32(h)), h);
        if (isnan(bf16_to_f32(h))) assert_true(isnan(bf16_to_f32(bf16_from_f32(bf16_to_f32(h)))));
    }
    // Half-way between two neighbours: the even one; a little above: the upper one.
    for (uint32_t u = 0; u < 0x7BFF; u++) {
        float lo = half_to_f32((uint16_t)u), hi = half_to_f32((uint16_t)(u + 1)), mid = (lo + hi) / 2;
        assert_int_equal(half_from_f32(mid), u + (u & 1));
        assert_int_equal(half_from_f32(nextafterf(mid, INFINITY)), u + 1);
        assert_int_equal(half_from_f32(-nextafterf(mid, 0)), u | 0x8000);
    }
    for (uint32_t u = 0; u < 0x7F7F; u++) {
        double lo = bf16_to_f32((uint16_t)u), hi = bf16_to_f32((uint16_t)(u + 1));
        float mid = (float)((lo + hi) / 2);
        assert_int_equal(bf16_from_f32(mid), u + (u & 1));
        assert_int_equal(bf16_from_f32(nextafterf(mid, INFINITY)), u + 1);
    }
    assert_int_equal(half_from_f32(65519.996f), 0x7BFF);
    assert_int_equal(half_from_f32(65520.0f), 0x7C00);
    assert_int_equal(bf16_from_f32(3.4e38f), 0x7F80);
}

static void what_is_written_comes_back(void **state)
{
    (void)state;
    char *dir = temp_folder(), *path = file_join(dir, "w.safetensors");
    struct st_writer *w = st_writer_new(path);
    st_writer_metadata(w, "format", "pt");
    st_writer_metadata(w, "quote\"d", "l\nine");
    int64_t shape[2] = {3, 5}, one[1] = {7000};
    assert_int_equal(st_writer_declare(w, "first", ST_F32, 2, shape), 0);
    assert_int_equal(st_writer_declare(w, "half", ST_F16, 1, one), 1);
    assert_int_equal(st_writer_declare(w, "brain", ST_BF16, 1, one), 2);
    float *x = mem_array(7000, sizeof *x);
    for (size_t i = 0; i < 7000; i++) x[i] = (float)i * 0.25f - 800;
    struct err e = {0};
    assert_int_equal(st_writer_append_f32(w, x, 10, &e), 0);
    assert_int_equal(st_writer_append_f32(w, x, 6, &e), HW_EINVALID); // the tensor ends before
    assert_int_equal(st_writer_append_f32(w, x + 10, 5, &e), 0);
    assert_int_equal(st_writer_append_f32(w, x, 7000, &e), 0);
    assert_false(file_exists(path));
    assert_int_equal(st_writer_finish(w, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "28060 bytes of data were declared, 14060 written"));
    assert_int_equal(st_writer_append_f32(w, x, 7000, &e), 0);
    assert_int_equal(st_writer_append(w, x, 1, &e), HW_EINVALID);
    if (st_writer_finish(w, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(file_size(path), st_writer_file_size(w));
    st_writer_free(w);

    struct safetensors *s;
    if (safetensors_open(path, &s, &e) != 0) fail_msg("%s", e.message);
    assert_string_equal(safetensors_metadata(s, "quote\"d"), "l\nine");
    float *y = mem_array(7000, sizeof *y);
    const struct st_tensor *t;
    assert_int_equal(safetensors_need(s, "first", 2, shape, &t, &e), 0);
    assert_int_equal(safetensors_f32(t, 0, 15, y, &e), 0);
    assert_memory_equal(x, y, 15 * sizeof *x);
    assert_int_equal(safetensors_f32(safetensors_get(s, "half"), 0, 7000, y, &e), 0);
    for (size_t i = 0; i < 7000; i++) assert_true(y[i] == half_to_f32(half_from_f32(x[i])));
    assert_int_equal(safetensors_f32(safetensors_get(s, "brain"), 0, 7000, y, &e), 0);
    for (size_t i = 0; i < 7000; i++) assert_true(y[i] == bf16_to_f32(bf16_from_f32(x[i])));
    safetensors_close(s);
    free(x), free(y), free(path);
    temp_folder_remove(dir);
}

static void a_writer_given_up_leaves_nothing(void **state)
{
    (void)state;
    char *dir = temp_folder(), *path = file_join(dir, "w.safetensors");
    struct st_writer *w = st_writer_new(path);
    int64_t shape[1] = {4};
    st_writer_declare(w, "x", ST_U8, 1, shape);
    struct err e = {0};
    assert_int_equal(st_writer_append(w, "ab", 2, &e), 0);
    st_writer_free(w);
    assert_int_equal(rmdir(dir), 0); // which works on empty folders only
    w = st_writer_new(path);
    st_writer_declare(w, "x", ST_U8, 1, shape);
    assert_int_equal(st_writer_start(w, &e), HW_ENOTFOUND);
    assert_non_null(strstr(e.message, path));
    st_writer_free(w);
    free(path), free(dir);
}

struct piece {
    struct st_writer *w;
    size_t first;
    int rc;
};

static void *put_odd_rows(void *arg)
{
    struct piece *p = arg;
    struct err e;
    for (size_t row = p->first; row < 1000 && !p->rc; row += 3) {
        uint32_t data[4];
        for (size_t k = 0; k < 4; k++) data[k] = (uint32_t)(row * 4 + k);
        p->rc = st_writer_put(p->w, 1, row * sizeof data, data, sizeof data, &e);
    }
    return NULL;
}

static void threads_may_write_at_their_places(void **state)
{
    (void)state;
    char *dir = temp_folder(), *path = file_join(dir, "w.safetensors");
    struct st_writer *w = st_writer_new(path);
    int64_t none[1] = {0}, shape[2] = {1000, 4};
    st_writer_declare(w, "none", ST_U8, 1, none);
    st_writer_declare(w, "x", ST_U32, 2, shape);
    struct err e = {0};
    assert_int_equal(st_writer_start(w, &e), 0);
    struct piece pieces[3];
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        pieces[i] = (struct piece){w, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, put_odd_rows, &pieces[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(pieces[i].rc, 0);
    }
    assert_int_equal(st_writer_put(w, 1, 15999, "ab", 2, &e), HW_EINVALID);
    assert_int_equal(st_writer_put(w, 1, UINT64_MAX, "ab", 2, &e), HW_EINVALID);
    if (st_writer_finish(w, &e) != 0) fail_msg("%s", e.message);
    st_writer_free(w);
    struct safetensors *s;
    assert_int_equal(safetensors_open(path, &s, &e), 0);
    const struct st_tensor *t = safetensors_get(s, "x");
    for (size_t i = 0; i < 4000; i++) {
        uint32_t v;
        memcpy(&v, (const char *)t->data + i * sizeof v, sizeof v);
        assert_int_equal(v, i);
    }
    safetensors_close(s);
    free(path);
    temp_folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_found_where_they_lie),
        cmocka_unit_test(a_file_cut_off_anywhere_is_an_error),
        cmocka_unit_test(files_cut_off_on_disk_are_errors_too),
        cmocka_unit_test(a_header_that_lies_is_refused_by_tensor),
        cmocka_unit_test(empty_tensors_and_scalars_are_fine),
        cmocka_unit_test(numbers_of_any_float_type_come_as_f32),
        cmocka_unit_test(sixteen_bit_floats_round_to_nearest_even),
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(a_writer_given_up_leaves_nothing),
        cmocka_unit_test(threads_may_write_at_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
