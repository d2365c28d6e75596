// Reading a corpus: the JSON scanner against Jansson, batches of whole lines, what `inspect dataset` says.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "task/corpus.h"
#include "task/corpus_json.h"
#include "task/task.h"

// Both readers on one line: the same text, or both refuse.
static void compare(struct slice line)
{
    struct buf scratch = BUF_INIT;
    struct slice text = {0};
    struct err e = {0};
    json_error_t je;
    if (!utf8_valid(line.p, line.n)) return; // checked before, by corpus_next
    // An allocation of exactly the line's size, so that reading beyond it is seen.
    char *exact = mem_dup(line.p, line.n);
    int rc = corpus_json_text(slice_of(exact, line.n), SLICE_LIT("text"), &scratch, &text, &e);
    json_t *v = json_loadb(line.p, line.n, JSON_ALLOW_NUL, &je);
    const json_t *member = json_object_get(v, "text");
    if (rc == 0) {
        // Jansson alone refuses numbers that its types can't hold.
        if (!v && strstr(je.text, "too big") == NULL && strstr(je.text, "overflow") == NULL)
            fail_msg("only Jansson refuses %.*s: %s", SLICE_FMT(line), je.text);
        if (v) {
            assert_true(json_is_string(member));
            assert_true(slice_eq(text, slice_of(json_string_value(member), json_string_length(member))));
        }
    } else if (json_is_string(member) && !strstr(e.message, "twice") && !strstr(e.message, "is no string")) {
        fail_msg("only Headway refuses %.*s: %s", SLICE_FMT(line), e.message);
    }
    json_decref(v);
    buf_release(&scratch);
    free(exact);
}

#define ESCAPES                                                                                                        \
    " { \"id\" : [ 1 , -2.5e+3, {\"a\":{}}, [] ] , \"text\" : "                                                        \
    "\"a\\n\\\"b\\\\\\/\\b\\f\\r\\t\\u00e9\\ud83d\\ude42\" } "

static void the_scanner_agrees_with_jansson(void **state)
{
    static const char *const lines[] = {
        "{\"text\":\"plain\"}",
        ESCAPES,
        "{\"a\":true,\"b\":false,\"c\":null,\"text\":\"\"}",
        "{\"te\\u0078t\":\"escaped name\",\"d\":0.5,\"e\":1E9,\"f\":-0}",
        "{\"a\":[[[[[[[[{\"text\":\"inner\"}]]]]]]]],\"text\":\"outer\\u0000zero\"}",
        "{\"x\":{\"y\":[{},{\"z\":[1,2,3]}]},\"text\":\"wörld 你好 🙂 long enough to be scanned by the word\"}",
        "{}",
        "[\"text\"]",
        "\"text\"",
        "{\"text\":\"\\udc00\"}",
        "{\"text\":\"\\ud800\\u0041\"}",
        "{\"text\":\"a\",\"n\":01}",
        "{\"text\":\"a\",\"n\":1.}",
        "{\"text\":\"a\",\"n\":.5}",
        "{\"text\":\"a\",}",
        "{\"text\":\"tab\there\"}",
    };
    static const char spice[] = "{}[]\",:\\u0e+-.tfn 9d8\t\x7F\x01";
    (void)state;
    uint32_t seed = 1;
    struct buf line = BUF_INIT;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        compare(slice_str(lines[i]));
        for (size_t n = 0; n < strlen(lines[i]); n++) compare(slice_of(lines[i], n));
        for (int k = 0; k < 4000; k++) {
            buf_clear(&line);
            buf_add_str(&line, lines[i]);
            for (int change = 0; change <= k % 3; change++) {
                seed = seed * 1664525 + 1013904223;
                size_t at = (seed >> 8) % line.n;
                line.p[at] = spice[(seed >> 4) % (sizeof spice - 1)];
            }
            compare(buf_slice(&line));
        }
    }
    buf_release(&line);
}

static void deep_nesting_is_bounded(void **state)
{
    (void)state;
    struct buf line = BUF_INIT, scratch = BUF_INIT;
    struct slice text;
    struct err e = {0};
    for (int depth = 511; depth <= 514; depth++) {
        buf_clear(&line);
        buf_add_str(&line, "{\"a\":");
        for (int i = 0; i < depth; i++) buf_add_char(&line, '[');
        for (int i = 0; i < depth; i++) buf_add_char(&line, ']');
        buf_add_str(&line, ",\"text\":\"x\"}");
        int rc = corpus_json_text(buf_slice(&line), SLICE_LIT("text"), &scratch, &text, &e);
        assert_int_equal(rc, depth <= 512 ? 0 : HW_EINVALID);
    }
    assert_non_null(strstr(e.message, "nested too deeply"));
    buf_release(&line);
    buf_release(&scratch);
}

// ---- files

struct folder {
    char *dir, *path;
};

static struct folder folder_with(const char *name, const void *data, size_t n)
{
    const char *tmp = getenv("TMPDIR");
    struct err e;
    struct folder f = {.dir = mem_printf("%s/headway-test-XXXXXX", tmp && *tmp ? tmp : "/tmp")};
    assert_non_null(mkdtemp(f.dir));
    f.path = file_join(f.dir, name);
    assert_int_equal(file_write_atomic(f.path, slice_of(data, n), &e), 0);
    return f;
}

static void folder_remove(struct folder *f)
{
    struct err e;
    assert_int_equal(file_remove_tree(f->dir, &e), 0);
    free(f->dir);
    free(f->path);
}

static void batches_of_any_size_hold_whole_lines_and_all_of_them(void **state)
{
    (void)state;
    struct buf text = BUF_INIT;
    for (int i = 0; i < 500; i++)
        buf_addf(&text, "line %d %.*s\n", i, i % 70,
                 "......................................."
                 "...............................");
    buf_add_str(&text, "the last one has no end");
    struct folder f = folder_with("a.txt", text.p, text.n);
    for (size_t want = 1; want < 40000; want = want * 3 + 1) {
        struct err e = {0};
        struct corpus *c = corpus_open(f.path, CORPUS_AUTO, &e);
        assert_non_null(c);
        struct buf batch = BUF_INIT, all = BUF_INIT;
        int rc;
        while ((rc = corpus_read(c, want, &batch, &e)) > 0) {
            buf_add_slice(&all, buf_slice(&batch));
            assert_true(all.n == text.n || batch.p[batch.n - 1] == '\n');
            assert_true(batch.n < 2 * want + 100);
        }
        assert_int_equal(rc, 0);
        assert_int_equal(corpus_done(c), (int64_t)text.n);
        assert_true(slice_eq(buf_slice(&all), buf_slice(&text)));
        buf_release(&batch);
        buf_release(&all);
        corpus_free(c);
    }
    folder_remove(&f);
    buf_release(&text);
}

static void a_line_that_is_too_long_is_named(void **state)
{
    (void)state;
    size_t n = CORPUS_LINE_MAX + 4096;
    char *text = mem_alloc(n);
    memset(text, 'x', n);
    memcpy(text, "one\ntwo\n", 8);
    struct folder f = folder_with("a.txt", text, n);
    struct err e = {0};
    struct corpus *c = corpus_open(f.path, CORPUS_AUTO, &e);
    struct buf batch = BUF_INIT;
    int rc;
    while ((rc = corpus_read(c, 1 << 20, &batch, &e)) > 0) continue;
    assert_int_equal(rc, HW_ETOOBIG);
    assert_non_null(strstr(e.message, "line 3 is longer"));
    buf_release(&batch);
    corpus_free(c);
    folder_remove(&f);
    free(text);
}

static void inspecting_the_sample(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *v = inspect_dataset("sample/corpus/kjv.jsonl.gz", &e);
    if (!v) fail_msg("%s", e.message);
    assert_string_equal(json_string_value(json_object_get(v, "format")), "jsonl");
    assert_true(json_is_true(json_object_get(v, "compressed")));
    assert_int_equal(json_integer_value(json_object_get(v, "size_bytes")), 1217764);
    assert_string_equal(json_string_value(json_object_get(v, "text_field")), "text");
    const char *first = json_string_value(json_array_get(json_object_get(v, "sample_documents"), 0));
    assert_non_null(first);
    assert_memory_equal(first, "In the beginning God created", 28);
    json_decref(v);
}

static void expect_inspected(const char *name, const char *data, const char *format, const char *field,
                             const char *first)
{
    struct folder f = folder_with(name, data, strlen(data));
    struct err e = {0};
    json_t *v = inspect_dataset(f.path, &e);
    if (!v) fail_msg("%s: %s", name, e.message);
    assert_string_equal(json_string_value(json_object_get(v, "format")), format);
    if (field)
        assert_string_equal(json_string_value(json_object_get(v, "text_field")), field);
    else
        assert_true(json_is_null(json_object_get(v, "text_field")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(v, "sample_documents"), 0)), first);
    json_decref(v);
    folder_remove(&f);
}

static void inspecting_other_files(void **state)
{
    (void)state;
    expect_inspected("a.txt", "\nhello\nworld\n", "text", NULL, "hello");
    expect_inspected("a.data", " {\"content\":\"x\",\"title\":\"longer than x\"}\n", "jsonl", "content", "x");
    expect_inspected("a.ndjson", "{\"id\":\"7\",\"story\":\"once upon\"}\n", "jsonl", "story", "once upon");
    expect_inspected("a.data", "no object", "text", NULL, "no object");
    static const struct {
        const char *name, *data, *why;
    } bad[] = {{"a.jsonl", "", "no document"},
               {"a.jsonl", "{\"text\":", "line 1: not valid JSON"},
               {"a.jsonl", "{\"n\":1}\n", "no member that is a string"},
               {"a.jsonl", "{\"text\":\"x\"}\n{\"text\":3}\n", "line 2"},
               {"a.txt", "caf\xE9\n", "line 1: not UTF-8"},
               {"a.parquet", "PAR1", ".parquet"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct folder f = folder_with(bad[i].name, bad[i].data, strlen(bad[i].data));
        struct err e = {0};
        assert_null(inspect_dataset(f.path, &e));
        if (!strstr(e.message, bad[i].why) || !strstr(e.message, f.path)) fail_msg("%s: %s", bad[i].why, e.message);
        folder_remove(&f);
    }
    struct err e = {0};
    assert_null(inspect_dataset("no/such/file.jsonl", &e));
    assert_int_equal(e.code, HW_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_agrees_with_jansson),
        cmocka_unit_test(deep_nesting_is_bounded),
        cmocka_unit_test(batches_of_any_size_hold_whole_lines_and_all_of_them),
        cmocka_unit_test(a_line_that_is_too_long_is_named),
        cmocka_unit_test(inspecting_the_sample),
        cmocka_unit_test(inspecting_other_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
