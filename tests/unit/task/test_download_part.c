// A file that is being downloaded: it gets its name whole or not at all, and goes on where it was left.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "task/download_part.h"

// "hello world": its SHA-256, and Git's name of it.
static const struct repo_file sha = {(char *)(uintptr_t) "hello", 11, DIGEST_SHA256,
                                     "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"};
static const struct repo_file git = {(char *)(uintptr_t) "hello", 11, DIGEST_GIT,
                                     "95d09f2b10159347eece71399a7e2e907ea3df4f"};

static int make_folder(void **state)
{
    char *folder = mem_strdup("/tmp/headway-part-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    int rc = file_remove_tree(*state, NULL);
    free(*state);
    return rc;
}

static void expect_text(const char *path, const char *want)
{
    struct buf b = BUF_INIT;
    assert_int_equal(file_read(path, 100, &b, NULL), 0);
    assert_string_equal(buf_cstr(&b), want);
    buf_release(&b);
}

static void goes_on_where_it_was_left(void **state)
{
    char *path = file_join(*state, "hello"), *part = mem_printf("%s.part", path),
         *note = mem_printf("%s.part.json", path);
    struct download_part *p;
    struct err e = {0};
    assert_int_equal(part_open(&p, path, &sha, NULL, NULL, &e), 0);
    assert_int_equal(part_bytes(p), 0);
    assert_int_equal(part_restart(p, "\"v1\"", &e), 0);
    assert_int_equal(part_add(p, "hello ", 6, &e), 0);
    assert_int_equal(part_commit(p, &e), HW_EUNAVAILABLE); // too short
    assert_non_null(strstr(e.message, "after 6 of 11 bytes"));
    part_close(p);
    assert_false(file_exists(path));
    assert_int_equal(part_found(path, &sha), 6);

    assert_int_equal(part_open(&p, path, &sha, NULL, NULL, &e), 0);
    assert_int_equal(part_bytes(p), 6);
    assert_string_equal(part_etag(p), "\"v1\"");
    assert_int_equal(part_add(p, "world", 5, &e), 0);
    assert_int_equal(part_add(p, "!", 1, &e), HW_EPROTOCOL); // more than there is
    assert_int_equal(part_commit(p, &e), 0);
    part_close(p);
    expect_text(path, "hello world");
    assert_false(file_exists(part) || file_exists(note));
    assert_int_equal(part_is_whole(path, &sha, NULL, NULL, &e), 1);
    assert_int_equal(part_is_whole(path, &git, NULL, NULL, &e), 1);
    free(path);
    free(part);
    free(note);
}

static void a_part_of_another_file_is_not_gone_on_with(void **state)
{
    char *path = file_join(*state, "hello");
    struct repo_file other = sha;
    struct download_part *p;
    assert_int_equal(part_open(&p, path, &sha, NULL, NULL, NULL), 0);
    assert_int_equal(part_add(p, "hello ", 6, NULL), 0);
    part_close(p);
    other.digest[0] = '0';
    assert_int_equal(part_found(path, &other), 0);
    assert_int_equal(part_open(&p, path, &other, NULL, NULL, NULL), 0);
    assert_int_equal(part_bytes(p), 0);
    part_close(p);
    free(path);
}

static void never_again_37_a_part_that_is_too_long_begins_anew(void **state)
{
    char *path = file_join(*state, "hello"), *part = mem_printf("%s.part", path);
    struct download_part *p;
    assert_int_equal(part_open(&p, path, &sha, NULL, NULL, NULL), 0);
    part_close(p);
    assert_int_equal(file_replace(part, slice_str("hello world and more"), NULL), 0);
    assert_int_equal(part_found(path, &sha), 0);
    assert_int_equal(part_open(&p, path, &sha, NULL, NULL, NULL), 0);
    assert_int_equal(part_bytes(p), 0);
    part_close(p);
    free(part);
    free(path);
}

static void what_has_another_hash_is_thrown_away(void **state)
{
    char *path = file_join(*state, "hello");
    struct download_part *p;
    struct err e = {0};
    assert_int_equal(part_open(&p, path, &sha, NULL, NULL, &e), 0);
    assert_int_equal(part_add(p, "hello_world", 11, &e), 0);
    assert_int_equal(part_commit(p, &e), HW_EUNAVAILABLE);
    assert_non_null(strstr(e.message, "the hub says b94d27b9"));
    part_close(p);
    assert_false(file_exists(path));
    assert_int_equal(part_found(path, &sha), 0);
    free(path);
}

// Nobody can tell what the part is a part of: with a tag the hub can.
static void without_a_hash_the_tag_decides(void **state)
{
    char *path = file_join(*state, "hello");
    struct repo_file bare = {(char *)(uintptr_t) "hello", 11, DIGEST_NONE, ""};
    struct download_part *p;
    assert_int_equal(part_open(&p, path, &bare, NULL, NULL, NULL), 0);
    assert_int_equal(part_add(p, "hello ", 6, NULL), 0);
    part_close(p);
    assert_int_equal(part_found(path, &bare), 0);
    assert_int_equal(part_open(&p, path, &bare, NULL, NULL, NULL), 0);
    assert_int_equal(part_restart(p, "\"v1\"", NULL), 0);
    assert_int_equal(part_add(p, "hello ", 6, NULL), 0);
    part_close(p);
    assert_int_equal(part_found(path, &bare), 6);
    free(path);
}

static int stop(void *ctx, int64_t done)
{
    (void)ctx, (void)done;
    return HW_ECANCELLED;
}

static void reading_can_be_stopped(void **state)
{
    char *path = file_join(*state, "hello");
    assert_int_equal(file_replace(path, slice_str("hello world"), NULL), 0);
    assert_int_equal(part_is_whole(path, &sha, stop, NULL, NULL), HW_ECANCELLED);
    assert_int_equal(file_replace(path, slice_str("hello_world"), NULL), 0);
    assert_int_equal(part_is_whole(path, &sha, NULL, NULL, NULL), 0);
    free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(goes_on_where_it_was_left),
        TEST(a_part_of_another_file_is_not_gone_on_with),
        TEST(never_again_37_a_part_that_is_too_long_begins_anew),
        TEST(what_has_another_hash_is_thrown_away),
        TEST(without_a_hash_the_tag_decides),
        TEST(reading_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
