// Names of a hub's repositories, revisions and files: what may be asked for, and what may become a path here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/repo_names.h"

static void each(const char *const *names, size_t n, bool (*ok)(struct slice), bool want)
{
    for (size_t i = 0; i < n; i++)
        if (ok(slice_str(names[i])) != want) fail_msg("\"%s\" is %s", names[i], want ? "refused" : "taken");
}
#define EACH(ok, want, ...)                                                                                            \
    do {                                                                                                               \
        static const char *const names[] = {__VA_ARGS__};                                                              \
        each(names, sizeof names / sizeof *names, ok, want);                                                           \
    } while (0)

static void repositories(void **state)
{
    (void)state;
    EACH(repo_id_ok, true, "gpt2", "openai-community/gpt2", "EleutherAI/pythia-70m-deduped", "a_b/c.d");
    EACH(repo_id_ok, false, "", "/", "a/", "/a", "a//b", "a/b/c", "..", "../a", "a/..", ".git/a", "a b", "a/b?x",
         "a%2Fb", "ä", "-a/b", "a\nb");
}

static void revisions(void **state)
{
    (void)state;
    EACH(repo_revision_ok, true, "main", "v1.0", "refs/pr/3", "e7da7f221d5bf496a48136c0cd264e630fe9fcc8");
    EACH(repo_revision_ok, false, "", "a b", "../main", "a/../b", "main?", "main#", "a//b", "main/");
}

static void files(void **state)
{
    (void)state;
    EACH(repo_file_ok, true, "config.json", "data/train-00000-of-00002.jsonl", "Über uns.txt", "a..b", "...");
    EACH(repo_file_ok, false, "", "/etc/passwd", "..", "../x", "a/../b", "a/..", "./a", "a//b", "a/", "a\\b", "a\nb",
         "a\x7f", "\x01", "x.part", "d/x.part", "x.part.json", "x.tmp");
    char longest[REPO_FILE_MAX + 2];
    memset(longest, 'a', sizeof longest);
    assert_false(repo_file_ok(slice_of(longest, 256))); // one part of it is longer than a file's name can be
    for (size_t i = 100; i < sizeof longest; i += 101) longest[i] = '/';
    assert_true(repo_file_ok(slice_of(longest, REPO_FILE_MAX)));
    assert_false(repo_file_ok(slice_of(longest, REPO_FILE_MAX + 1)));
}

static void endpoints(void **state)
{
    (void)state;
    EACH(repo_endpoint_ok, true, "https://huggingface.co", "http://127.0.0.1:8080", "https://hub.example/hf",
         "http://[::1]:80");
    EACH(repo_endpoint_ok, false, "", "huggingface.co", "ftp://x", "file:///etc", "https://", "https://x/",
         "https://u:p@x", "https://x?y", "https://x y", "http://:80");
}

static void splits(void **state)
{
    (void)state;
    struct slice train = SLICE_LIT("train");
    static const char *const of[] = {"train.jsonl", "data/train-00000-of-00002.jsonl", "train/x.txt",
                                     "x_Train.jsonl.gz"};
    static const char *const other[] = {"trained.jsonl", "test.jsonl", "strain.txt", "training/x.txt", ""};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) assert_true(repo_file_in_split(slice_str(of[i]), train));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_false(repo_file_in_split(slice_str(other[i]), train));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repositories), cmocka_unit_test(revisions), cmocka_unit_test(files),
        cmocka_unit_test(endpoints),    cmocka_unit_test(splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
