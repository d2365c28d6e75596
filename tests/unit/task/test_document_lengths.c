// How long documents are: the percentiles of small sets that can be counted by hand, classes, the bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/document_lengths.h"

static void expect(struct document_lengths *l, const char *text)
{
    json_t *told = document_lengths_json(l), *wanted = json_loads(text, 0, NULL);
    assert_non_null(told);
    assert_non_null(wanted);
    assert_true(json_equal(told, wanted));
    json_decref(told);
    json_decref(wanted);
    document_lengths_free(l);
}

static void without_documents_there_is_nothing_to_tell(void **state)
{
    (void)state;
    struct document_lengths *l = document_lengths_new();
    assert_null(document_lengths_json(l));
    document_lengths_free(l);
}

static void percentiles_are_lengths_that_documents_have(void **state)
{
    (void)state;
    struct document_lengths *l = document_lengths_new();
    static const uint32_t lengths[] = {9, 1, 3, 2};
    for (int i = 0; i < 4; i++) document_lengths_add(l, lengths[i]);
    expect(l, "{\"min\":1,\"median\":2,\"p95\":9,\"max\":9,\"histogram\":[{\"from\":1,\"to\":1,\"documents\":1},"
              "{\"from\":2,\"to\":3,\"documents\":2},{\"from\":4,\"to\":7,\"documents\":0},"
              "{\"from\":8,\"to\":15,\"documents\":1}]}");
    l = document_lengths_new();
    for (uint32_t i = 1; i <= 1000; i++) document_lengths_add(l, i);
    json_t *v = document_lengths_json(l);
    assert_int_equal(json_integer_value(json_object_get(v, "median")), 500);
    assert_int_equal(json_integer_value(json_object_get(v, "p95")), 950);
    json_decref(v);
    document_lengths_free(l);
}

static void empty_documents_are_a_class_of_their_own(void **state)
{
    (void)state;
    struct document_lengths *l = document_lengths_new();
    document_lengths_add(l, 0);
    document_lengths_add(l, 0);
    document_lengths_add(l, 1);
    expect(l, "{\"min\":0,\"median\":0,\"p95\":1,\"max\":1,\"histogram\":[{\"from\":0,\"to\":0,\"documents\":2},"
              "{\"from\":1,\"to\":1,\"documents\":1}]}");
}

static void beyond_the_exact_counts_a_percentile_is_unknown(void **state)
{
    (void)state;
    struct document_lengths *l = document_lengths_new();
    document_lengths_add(l, 65535);
    document_lengths_add(l, UINT32_MAX);
    expect(l,
           "{\"min\":65535,\"median\":65535,\"p95\":null,\"max\":4294967295,\"histogram\":["
           "{\"from\":32768,\"to\":65535,\"documents\":1},{\"from\":65536,\"to\":131071,\"documents\":0},"
           "{\"from\":131072,\"to\":262143,\"documents\":0},{\"from\":262144,\"to\":524287,\"documents\":0},"
           "{\"from\":524288,\"to\":1048575,\"documents\":0},{\"from\":1048576,\"to\":2097151,\"documents\":0},"
           "{\"from\":2097152,\"to\":4194303,\"documents\":0},{\"from\":4194304,\"to\":8388607,\"documents\":0},"
           "{\"from\":8388608,\"to\":16777215,\"documents\":0},{\"from\":16777216,\"to\":33554431,\"documents\":0},"
           "{\"from\":33554432,\"to\":67108863,\"documents\":0},{\"from\":67108864,\"to\":134217727,\"documents\":0},"
           "{\"from\":134217728,\"to\":268435455,\"documents\":0},"
           "{\"from\":268435456,\"to\":536870911,\"documents\":0},"
           "{\"from\":536870912,\"to\":1073741823,\"documents\":0},"
           "{\"from\":1073741824,\"to\":2147483647,\"documents\":0},"
           "{\"from\":2147483648,\"to\":4294967295,\"documents\":1}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_documents_there_is_nothing_to_tell),
        cmocka_unit_test(percentiles_are_lengths_that_documents_have),
        cmocka_unit_test(empty_documents_are_a_class_of_their_own),
        cmocka_unit_test(beyond_the_exact_counts_a_percentile_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
