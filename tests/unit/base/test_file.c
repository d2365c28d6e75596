// Files: whole reads, atomic writes, folders, removal that stays inside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temp_dir.h"

static void writing_is_all_or_nothing(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct err e = {0};
    struct buf b = BUF_INIT;
    char *path = file_join(d.path, "f"), *none = file_join(d.path, "no/such/f");
    assert_int_equal(file_write_atomic(path, SLICE_LIT("old"), &e), 0);
    assert_int_equal(file_write_atomic(path, SLICE_LIT("new text"), &e), 0);
    assert_int_equal(file_read(path, 100, &b, &e), 0);
    assert_string_equal(buf_cstr(&b), "new text");
    assert_int_equal(file_size(path), 8);
    assert_int_equal(file_write_atomic(none, SLICE_LIT("x"), &e), HW_ENOTFOUND);
    assert_non_null(strstr(e.message, "no/such/f"));
    assert_int_equal(file_replace(path, SLICE_LIT("newer"), &e), 0);
    assert_int_equal(file_size(path), 5);
    assert_int_equal(file_replace(none, SLICE_LIT("x"), &e), HW_ENOTFOUND);
    assert_int_equal(file_replace(d.path, SLICE_LIT("x"), &e), HW_EIO); // a folder is in the way
    // No temporary file is left.
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(d.path), 0);
    buf_release(&b);
    free(none);
    free(path);
}

static void a_read_appends_and_is_bounded(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct err e = {0};
    struct buf b = BUF_INIT;
    char *path = file_join(d.path, "f");
    assert_int_equal(file_write_atomic(path, SLICE_LIT("12345"), &e), 0);
    buf_add_str(&b, "0");
    assert_int_equal(file_read(path, 5, &b, &e), 0);
    assert_string_equal(buf_cstr(&b), "012345");
    assert_int_equal(file_read(path, 4, &b, &e), HW_ETOOBIG);
    assert_int_equal(file_read("/no/such/file", 4, &b, &e), HW_ENOTFOUND);
    assert_int_equal(file_read(d.path, 4, &b, &e), HW_EIO);
    assert_int_equal(file_size("/no/such/file"), -1);
    assert_false(file_exists("/no/such/file"));
    buf_release(&b);
    free(path);
    temp_dir_remove(&d);
}

static void folders_are_made_with_what_is_above_them(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct err e = {0};
    char *deep = file_join(d.path, "a//b/c/"), *file = file_join(d.path, "a/f"), *below = file_join(d.path, "a/f/x");
    assert_int_equal(file_mkdirs(deep, &e), 0);
    assert_int_equal(file_mkdirs(deep, &e), 0);
    assert_int_equal(file_write_atomic(file, SLICE_LIT("x"), &e), 0);
    assert_int_equal(file_mkdirs(file, &e), HW_EIO);
    assert_int_equal(file_mkdirs(below, &e), HW_EIO);
    free(below);
    free(file);
    free(deep);
    temp_dir_remove(&d);
}

static void removing_a_tree_does_not_follow_links(void **state)
{
    (void)state;
    struct temp_dir keep = temp_dir_new(), d = temp_dir_new();
    struct err e = {0};
    char *kept = file_join(keep.path, "kept"), *sub = file_join(d.path, "sub"), *link = file_join(sub, "link");
    assert_int_equal(file_write_atomic(kept, SLICE_LIT("x"), &e), 0);
    assert_int_equal(file_mkdirs(sub, &e), 0);
    assert_int_equal(symlink(keep.path, link), 0);
    assert_int_equal(file_remove_tree(d.path, &e), 0);
    assert_false(file_exists(d.path));
    assert_true(file_exists(kept));
    assert_int_equal(file_remove_tree(d.path, &e), 0); // absent is fine
    free(link);
    free(sub);
    free(kept);
    temp_dir_remove(&keep);
}

static void joining_puts_one_slash(void **state)
{
    (void)state;
    char *a = file_join("d", "n"), *b = file_join("d/", "n"), *c = file_join("/", "n");
    assert_string_equal(a, "d/n");
    assert_string_equal(b, "d/n");
    assert_string_equal(c, "/n");
    free(a);
    free(b);
    free(c);
}

static void a_full_device_says_so(void **state)
{
    (void)state;
    struct err e = {0};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0); // every Linux has it
    assert_int_equal(file_write_all(fd, "x", 1, &e), HW_EDISKFULL);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_is_all_or_nothing),
        cmocka_unit_test(a_read_appends_and_is_bounded),
        cmocka_unit_test(folders_are_made_with_what_is_above_them),
        cmocka_unit_test(removing_a_tree_does_not_follow_links),
        cmocka_unit_test(joining_puts_one_slash),
        cmocka_unit_test(a_full_device_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
