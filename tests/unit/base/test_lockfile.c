#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/lockfile.h"
#include "base/mem.h"

static char *folder, *path;

static int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    folder = mem_printf("%s/headway-lockfile-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) return -1;
    path = file_join(folder, "some.lock");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    struct err e;
    int rc = file_remove_tree(folder, &e);
    free(path);
    free(folder);
    return rc;
}

static void one_holds_it_and_says_who_it_is(void **state)
{
    (void)state;
    struct err e;
    struct buf says = BUF_INIT;
    int fd, second;
    assert_false(lockfile_held(path, &says));
    assert_int_equal(lockfile_take(path, "1\nlong ago, and longer\n", &fd, &e), 0);
    close(fd);
    assert_false(lockfile_held(path, &says)); // what the file says is of the past
    assert_int_equal(says.n, 0);
    assert_int_equal(lockfile_take(path, "42\nhere\n", &fd, &e), 0);
    assert_true(lockfile_held(path, &says));
    assert_string_equal(buf_cstr(&says), "42\nhere\n");
    assert_int_equal(lockfile_take(path, "43\n", &second, &e), HW_ECONFLICT);
    assert_int_equal(second, -1);
    assert_true(lockfile_held(path, &says));
    assert_string_equal(buf_cstr(&says), "42\nhere\n");
    close(fd);
    assert_int_equal(lockfile_take(path, "43\n", &second, &e), 0);
    close(second);
    buf_release(&says);
}

static void it_goes_with_the_process(void **state)
{
    (void)state;
    struct err e;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd;
        bool ok = lockfile_take(path, "child\n", &fd, &e) == 0 && write(ready[1], "x", 1) == 1;
        if (ok) pause();
        _exit(1);
    }
    close(ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    int fd;
    assert_int_equal(lockfile_take(path, "parent\n", &fd, &e), HW_ECONFLICT);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(lockfile_take(path, "parent\n", &fd, &e), 0);
    close(fd);
    close(ready[0]);
}

static void a_path_that_cannot_be_is_an_error(void **state)
{
    (void)state;
    struct err e;
    int fd;
    assert_true(lockfile_take("/nonexistent/folder/some.lock", "x", &fd, &e) < 0);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(e.message, "/nonexistent/folder/some.lock"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_holds_it_and_says_who_it_is, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(it_goes_with_the_process, make_folder, remove_folder),
        cmocka_unit_test(a_path_that_cannot_be_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
