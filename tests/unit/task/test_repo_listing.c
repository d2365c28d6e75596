// What a hub says of a revision, and which of its files are wanted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "task/repo_listing.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GIT "0123456789ABCDEF0123456789abcdef01234567"

// A listing of files of 10 bytes each.
static struct repo_listing of(const char *const *names, size_t n)
{
    struct repo_listing l;
    struct buf b = BUF_INIT;
    buf_addf(&b, "{\"sha\":\"%s\",\"siblings\":[", GIT);
    for (size_t i = 0; i < n; i++) buf_addf(&b, "%s{\"rfilename\":\"%s\",\"size\":10}", i ? "," : "", names[i]);
    buf_addf(&b, "]}");
    assert_int_equal(repo_listing_read(buf_slice(&b), &l, NULL), 0);
    buf_release(&b);
    return l;
}
#define OF(...) of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void holds(struct repo_listing *l, const char *want)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < l->n; i++) buf_addf(&b, "%s%s", i ? " " : "", l->files[i].name);
    assert_string_equal(buf_cstr(&b), want);
    buf_release(&b);
    repo_listing_release(l);
}

static void sizes_and_hashes(void **state)
{
    (void)state;
    struct repo_listing l;
    struct err e = {0};
    struct slice body = slice_str(
        "{\"sha\":\"" GIT "\",\"more\":1,\"siblings\":["
        "{\"rfilename\":\"a\",\"size\":3,\"blobId\":\"" GIT "\"},"
        "{\"rfilename\":\"b\",\"size\":1,\"blobId\":\"" GIT "\",\"lfs\":{\"sha256\":\"" SHA "\",\"size\":900}},"
        "{\"rfilename\":\"c\"},"
        "{\"rfilename\":\"d\",\"size\":-4,\"blobId\":\"nonsense\"},"
        "{\"rfilename\":\"e\",\"size\":1,\"blobId\":\"0123456789abcdef0123456789abcdef0123456x\"}]}");
    assert_int_equal(repo_listing_read(body, &l, &e), 0);
    assert_string_equal(l.commit, "0123456789abcdef0123456789abcdef01234567");
    assert_int_equal(l.n, 5);
    assert_int_equal(l.files[0].size, 3);
    assert_int_equal(l.files[0].digest_kind, DIGEST_GIT);
    assert_string_equal(l.files[0].digest, l.commit);
    assert_int_equal(l.files[1].size, 900); // not the pointer's
    assert_int_equal(l.files[1].digest_kind, DIGEST_SHA256);
    assert_string_equal(l.files[1].digest, SHA);
    assert_int_equal(l.files[2].size, -1);
    assert_int_equal(l.files[3].size, -1);
    assert_string_equal(l.files[3].digest, "");
    assert_string_equal(l.files[4].digest, ""); // as long as a hash, and none: nothing of it is kept
    assert_int_equal(repo_listing_size(&l), -1);
    repo_listing_release(&l);
}

static void what_is_no_listing(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "[]",
        "<html>",
        "{}",
        "{\"siblings\":{}}",
        "{\"siblings\":[1]}",
        "{\"siblings\":[{\"rfilename\":7}]}",
        "null",
        "{\"siblings\":[{\"rfilename\":\"a\\u0000b\"}]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct repo_listing l;
        struct err e = {0};
        if (repo_listing_read(slice_str(bodies[i]), &l, &e) != HW_EPROTOCOL) fail_msg("%s is taken", bodies[i]);
        assert_true(e.message[0]);
        repo_listing_release(&l);
    }
}

static void a_model_is_its_configuration_weights_and_tokenizer(void **state)
{
    (void)state;
    struct repo_listing l =
        OF("vocab.json", "added_tokens.json", "model.safetensors", "pytorch_model.bin", "config.json", "README.md",
           "onnx/model.safetensors", "tokenizer.json", "flax_model.msgpack");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", NULL, NULL), 0);
    assert_int_equal(repo_listing_size(&l), 50);
    holds(&l, "config.json added_tokens.json model.safetensors tokenizer.json vocab.json");
    l = OF("config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
           "model.safetensors.index.json");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", NULL, NULL), 0);
    holds(&l,
          "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json");
}

static void a_model_that_can_not_be_read(void **state)
{
    (void)state;
    struct err e = {0};
    struct repo_listing l = OF("config.json", "pytorch_model.bin");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", NULL, &e), HW_EVALIDATION);
    assert_non_null(strstr(e.message, "a form that Headway doesn't read"));
    repo_listing_release(&l);
    l = OF("model.safetensors");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", NULL, &e), HW_EVALIDATION);
    assert_non_null(strstr(e.message, "no config.json"));
    repo_listing_release(&l);
    l = OF("config.json", "a\\\\b.safetensors");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", NULL, &e), HW_EVALIDATION);
    repo_listing_release(&l);
}

static void named_files_alone(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *files = json_pack("[s,s]", "sub/b.bin", "a.txt");
    struct repo_listing l = OF("config.json", "sub/b.bin", "a.txt");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", files, &e), 0);
    holds(&l, "a.txt sub/b.bin");
    l = OF("config.json", "a.txt");
    assert_int_equal(repo_listing_keep_model(&l, "x/y", files, &e), HW_ENOTFOUND);
    assert_string_equal(e.field, "files");
    assert_non_null(strstr(e.message, "sub/b.bin"));
    repo_listing_release(&l);
    json_decref(files);
}

static void a_dataset_is_of_one_split(void **state)
{
    (void)state;
    const char *split = NULL;
    struct repo_listing l = OF("data/train-2.jsonl", "data/train-1.jsonl", "data/test-1.jsonl", "README.txt");
    assert_int_equal(repo_listing_keep_dataset(&l, "x/y", &split, NULL), 0);
    assert_string_equal(split, "train");
    holds(&l, "data/train-1.jsonl data/train-2.jsonl");
    split = "test";
    l = OF("train.jsonl", "test.jsonl.gz");
    assert_int_equal(repo_listing_keep_dataset(&l, "x/y", &split, NULL), 0);
    holds(&l, "test.jsonl.gz");
    split = NULL;
    l = OF("b.txt", "a.txt", "LICENSE.txt", "notes.md");
    assert_int_equal(repo_listing_keep_dataset(&l, "x/y", &split, NULL), 0);
    assert_string_equal(split, "");
    holds(&l, "a.txt b.txt");
}

static void datasets_that_can_not_be_read(void **state)
{
    (void)state;
    struct err e = {0};
    const char *split = NULL;
    struct repo_listing l = OF("data/train-0.parquet");
    assert_int_equal(repo_listing_keep_dataset(&l, "x/y", &split, &e), HW_EVALIDATION);
    assert_non_null(strstr(e.message, ".parquet"));
    repo_listing_release(&l);
    l = OF("a.jsonl", "b.jsonl.gz");
    assert_int_equal(repo_listing_keep_dataset(&l, "x/y", &split, &e), HW_EVALIDATION);
    assert_non_null(strstr(e.message, "different forms"));
    repo_listing_release(&l);
    split = "validation";
    l = OF("train.jsonl");
    assert_int_equal(repo_listing_keep_dataset(&l, "x/y", &split, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "split");
    repo_listing_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_hashes),
        cmocka_unit_test(what_is_no_listing),
        cmocka_unit_test(a_model_is_its_configuration_weights_and_tokenizer),
        cmocka_unit_test(a_model_that_can_not_be_read),
        cmocka_unit_test(named_files_alone),
        cmocka_unit_test(a_dataset_is_of_one_split),
        cmocka_unit_test(datasets_that_can_not_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
