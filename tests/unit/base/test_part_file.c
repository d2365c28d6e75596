// A file written beside its place: it appears whole or not at all, and two programs never write the same one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/part_file.h"
#include "temp_dir.h"

struct place {
    struct temp_dir dir;
    char path[300], part[310];
};

static int setup(void **state)
{
    static struct place p;
    p.dir = temp_dir_new();
    snprintf(p.path, sizeof p.path, "%s/file", p.dir.path);
    snprintf(p.part, sizeof p.part, "%s.part", p.path);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    temp_dir_remove(&p->dir);
    return 0;
}

static void holds(const char *path, const char *text)
{
    struct buf b = BUF_INIT;
    assert_int_equal(file_read(path, 1000, &b, NULL), 0);
    assert_string_equal(buf_cstr(&b), text);
    buf_release(&b);
}

static void it_takes_its_place_when_it_is_whole(void **state)
{
    const struct place *p = *state;
    struct part_file f;
    struct stat st;
    assert_int_equal(file_write_atomic(p->path, slice_str("old"), NULL), 0);
    assert_int_equal(part_file_begin(&f, p->path, NULL), 0);
    assert_int_equal(write(f.fd, "new", 3), 3);
    holds(p->path, "old");
    assert_int_equal(part_file_commit(&f, NULL), 0);
    part_file_end(&f);
    holds(p->path, "new");
    assert_false(file_exists(p->part));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void what_is_not_finished_goes_away(void **state)
{
    const struct place *p = *state;
    struct part_file f;
    assert_int_equal(part_file_begin(&f, p->path, NULL), 0);
    assert_true(file_exists(p->part));
    part_file_end(&f);
    assert_false(file_exists(p->part));
    assert_false(file_exists(p->path));
}

static void only_one_writes_it(void **state)
{
    const struct place *p = *state;
    struct part_file f, g;
    struct err e = {0};
    assert_int_equal(part_file_begin(&f, p->path, NULL), 0);
    assert_int_equal(part_file_begin(&g, p->path, &e), HW_ECONFLICT);
    assert_non_null(strstr(e.message, "another program is writing"));
    part_file_end(&g);
    assert_true(file_exists(p->part)); // it is the other's
    part_file_end(&f);
}

static void what_a_killed_program_left_is_written_over(void **state)
{
    const struct place *p = *state;
    struct part_file f;
    assert_int_equal(file_write_atomic(p->part, slice_str("a long text of the past"), NULL), 0);
    assert_int_equal(part_file_begin(&f, p->path, NULL), 0);
    assert_int_equal(write(f.fd, "new", 3), 3);
    assert_int_equal(part_file_commit(&f, NULL), 0);
    part_file_end(&f);
    holds(p->path, "new");
}

static void a_folder_is_none(void **state)
{
    const struct place *p = *state;
    struct part_file f;
    struct err e = {0};
    assert_int_equal(part_file_begin(&f, p->dir.path, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "is a folder"));
    part_file_end(&f);
    char nowhere[400];
    snprintf(nowhere, sizeof nowhere, "%s/none/file", p->dir.path);
    assert_int_equal(part_file_begin(&f, nowhere, &e), HW_ENOTFOUND);
    assert_non_null(strstr(e.message, "none/file.part"));
    part_file_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_takes_its_place_when_it_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_finished_goes_away, setup, teardown),
        cmocka_unit_test_setup_teardown(only_one_writes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_killed_program_left_is_written_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
