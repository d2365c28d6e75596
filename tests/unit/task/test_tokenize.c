// The job `tokenize` from its parameters to its files: the reference digest, shards, threads, documents, its phases.
#include "tokenize_run.h"

#define DIGEST "c1af9389c6f32083733f6d27eee4da2bd7f9528ca316843d314ada85aa656aea"

static void the_sample_corpus_has_the_reference_digest(void **state)
{
    (void)state;
    struct job *j = job_new(NULL);
    job_set(j, "threads", json_integer(0));
    job_succeed(j);
    json_t *index = job_index(j);
    assert_string_equal(json_string_value(json_object_get(index, "sha256")), DIGEST);
    assert_string_equal(json_string_value(json_object_get(index, "format")), "headway-tokens");
    assert_int_equal(integer(index, "version"), 1);
    assert_int_equal(integer(index, "tokens"), 1036491);
    assert_int_equal(integer(index, "documents"), 1189);
    assert_int_equal(integer(index, "vocab_size"), 4096);
    assert_int_equal(integer(index, "separator"), 0);
    json_decref(index);
    job_free(j);
}

static void shards_and_threads_change_nothing_but_the_files(void **state)
{
    (void)state;
    struct buf first = BUF_INIT, starts = BUF_INIT;
    for (int run = 0; run < 3; run++) {
        static const int threads[] = {1, 4, 3}, shard_tokens[] = {16777216, 100000, 99999};
        struct job *j = job_new(NULL);
        job_set(j, "threads", json_integer(threads[run]));
        job_set(j, "shard_tokens", json_integer(shard_tokens[run]));
        job_succeed(j);
        json_t *index = job_index(j);
        struct buf ids = job_ids(j, index), documents = job_file(j, "documents.bin");
        assert_int_equal(json_array_size(json_object_get(index, "shards")), run ? 11 : 1);
        assert_string_equal(json_string_value(json_object_get(index, "sha256")), DIGEST);
        if (run) {
            assert_true(slice_eq(buf_slice(&ids), buf_slice(&first)));
            assert_true(slice_eq(buf_slice(&documents), buf_slice(&starts)));
            buf_release(&ids);
            buf_release(&documents);
        } else {
            first = ids;
            starts = documents;
        }
        json_decref(index);
        job_free(j);
    }
    buf_release(&first);
    buf_release(&starts);
}

static void documents_separators_and_blank_lines(void **state)
{
    (void)state;
    struct job *j = job_new("a.jsonl");
    static const char text[] =
        "\xEF\xBB\xBF{\"text\":\"a\"}\n\n  \r\n{\"n\":[1,{\"text\":2}],\"te\\u0078t\":\"b\\u0062\\ud83d\\ude42\"}\r\n"
        "{\"text\":\"\"}";
    job_write(j, text, sizeof text - 1);
    job_succeed(j);
    expect_ids(j, "0 98 0 1328 241 160 154 131 0");
    expect_starts(j, "0 2 8 9");
    job_free(j);

    j = job_new("a.jsonl");
    job_write(j, text, sizeof text - 1);
    job_set(j, "separator", json_null());
    job_set(j, "max_documents", json_integer(2));
    job_succeed(j);
    expect_ids(j, "98 1328 241 160 154 131");
    expect_starts(j, "0 1 6");
    json_t *index = job_index(j);
    assert_true(json_is_null(json_object_get(index, "separator")));
    json_decref(index);
    job_free(j);
}

static void plain_text_is_a_document_a_line(void **state)
{
    (void)state;
    struct job *j = job_new("a.txt.gz");
    job_write_gz(j, "a\r\n\nb {\n", 8);
    job_set(j, "separator", json_integer(7));
    job_succeed(j);
    expect_ids(j, "7 98 7 99 33 124");
    expect_starts(j, "0 2 6");
    job_free(j);
}

static void gzip_in_several_members_and_padded(void **state)
{
    (void)state;
    struct job *j = job_new("corpus.txt"); // told by its bytes, not its name
    job_write_gz(j, "a\nb", 3);
    struct buf all = BUF_INIT;
    struct err e;
    for (int i = 0; i < 2; i++) assert_int_equal(file_read(j->input, 1 << 20, &all, &e), 0);
    buf_add(&all, "\0\0\0\0", 4);
    job_write(j, all.p, all.n);
    buf_release(&all);
    job_succeed(j);
    expect_ids(j, "0 98 0 3336 0 99"); // "a", "ba", "b"
    job_free(j);
}

static void an_empty_corpus_is_whole_too(void **state)
{
    (void)state;
    struct job *j = job_new("a.jsonl");
    job_write(j, "", 0);
    job_succeed(j);
    expect_starts(j, "0");
    json_t *index = job_index(j);
    assert_int_equal(integer(index, "tokens"), 0);
    assert_int_equal(json_array_size(json_object_get(index, "shards")), 0);
    json_decref(index);
    job_free(j);
}

// What the result says of the documents' lengths is what documents.bin says.
static void check_lengths(struct job *j, const json_t *told)
{
    struct buf file = job_file(j, "documents.bin");
    size_t n = file.n / 8 - 1;
    uint64_t min = UINT64_MAX, max = 0, at;
    json_int_t counted = 0;
    memcpy(&at, file.p, 8);
    for (size_t i = 1; i <= n; i++) {
        uint64_t next;
        memcpy(&next, file.p + 8 * i, 8);
        if (next - at < min) min = next - at;
        if (next - at > max) max = next - at;
        at = next;
    }
    assert_int_equal(integer(told, "min"), min);
    assert_int_equal(integer(told, "max"), max);
    assert_in_range(integer(told, "median"), min, max);
    assert_in_range(integer(told, "p95"), integer(told, "median"), max);
    size_t i;
    json_t *class;
    json_array_foreach(json_object_get(told, "histogram"), i, class) counted += integer(class, "documents");
    assert_int_equal(counted, n);
    buf_release(&file);
}

// The phases of the contract in their order, progress inside them that never falls, the result last.
static void the_wire_tells_every_phase(void **state)
{
    static const struct {
        const char *name;
        double from, to;
    } phases[] = {{"loading", 0, 10},   {"tokenizer", 10, 20}, {"sampling", 20, 40},
                  {"encoding", 40, 80}, {"writing", 80, 95},   {"verifying", 95, 100}};
    (void)state;
    struct job *j = job_new(NULL);
    job_succeed(j);
    struct slice rest = buf_slice(&j->wire);
    size_t phase = 0;
    json_int_t last = 0;
    bool result = false, finished = false;
    while (rest.n) {
        json_t *v = json_read_object(slice_cut(&rest, '\n'), NULL);
        assert_non_null(v);
        assert_false(result);
        const char *type = json_string_value(json_object_get(v, "type"));
        if (strcmp(type, "phase") == 0) {
            assert_true(phase < 6 && (phase == 0 || finished));
            assert_string_equal(json_string_value(json_object_get(v, "name")), phases[phase].name);
            assert_int_equal(integer(v, "index"), phase + 1);
            assert_true(json_number_value(json_object_get(v, "from")) == phases[phase].from);
            assert_true(json_number_value(json_object_get(v, "to")) == phases[phase].to);
            phase++;
            last = 0;
        } else if (strcmp(type, "progress") == 0) {
            json_int_t done = integer(v, "done"), total = integer(v, "total");
            assert_true(done >= last && done <= total);
            finished = done == total;
            last = done;
            if (phase == 4) assert_string_equal(json_string_value(json_object_get(v, "unit")), "bytes");
        } else if (strcmp(type, "result") == 0) {
            result = true;
            assert_int_equal(integer(v, "tokens"), 1036491);
            assert_int_equal(integer(v, "documents"), 1189);
            assert_int_equal(integer(v, "vocab_size"), 4096);
            assert_int_equal(integer(v, "bytes_in"), 4136660);
            assert_true(json_number_value(json_object_get(v, "bytes_per_second")) > 0);
            check_lengths(j, json_object_get(v, "document_lengths"));
            assert_string_equal(json_string_value(json_object_get(v, "sha256")), DIGEST);
            assert_string_equal(json_string_value(json_object_get(v, "tokens_path")), j->output);
        }
        json_decref(v);
    }
    assert_true(result && finished);
    assert_int_equal(phase, 6);
    job_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_corpus_has_the_reference_digest),
        cmocka_unit_test(shards_and_threads_change_nothing_but_the_files),
        cmocka_unit_test(documents_separators_and_blank_lines),
        cmocka_unit_test(plain_text_is_a_document_a_line),
        cmocka_unit_test(gzip_in_several_members_and_padded),
        cmocka_unit_test(an_empty_corpus_is_whole_too),
        cmocka_unit_test(the_wire_tells_every_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
