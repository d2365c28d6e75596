// Two files take the place of two others, however often that is cut off: from the note on, whoever opens the database
// next finishes it.
#include "test_database.h"

#include <sqlite3.h>

#include "store/restore_internal.h"
#include "store/sqlite_files.h"

#define STAMP "20260102T030405Z"

struct place {
    struct test_database d;
    char path[300], archive[300], fresh[300], fresh_archive[320], note[300], old[320], old_archive[320];
};

static void setup(struct place *p)
{
    *p = (struct place){0};
    test_database_make(&p->d);
    snprintf(p->path, sizeof p->path, "%s/headway.db", p->d.dir);
    snprintf(p->archive, sizeof p->archive, "%s/headway-archive.db", p->d.dir);
    snprintf(p->fresh, sizeof p->fresh, "%s.restoring", p->path);
    snprintf(p->fresh_archive, sizeof p->fresh_archive, "%s-archive.db", p->fresh);
    snprintf(p->note, sizeof p->note, "%s.restore-ready", p->path);
    snprintf(p->old, sizeof p->old, "%s.before-restore-" STAMP, p->path);
    snprintf(p->old_archive, sizeof p->old_archive, "%s.before-restore-" STAMP, p->archive);
}

static void put(const char *path, const char *text)
{
    assert_int_equal(file_write_atomic(path, slice_str(text), NULL), 0);
}

static void holds(const char *path, const char *text)
{
    struct buf b = BUF_INIT;
    assert_int_equal(file_read(path, 1000, &b, NULL), 0);
    assert_string_equal(buf_cstr(&b), text);
    buf_release(&b);
}

static void put_all(const struct place *p)
{
    char log[320];
    put(p->path, "old");
    put(p->archive, "old archive");
    snprintf(log, sizeof log, "%s-wal", p->path);
    put(log, "old log");
    snprintf(log, sizeof log, "%s-shm", p->path);
    put(log, "old index");
    put(p->fresh, "new");
    put(p->fresh_archive, "new archive");
    put(p->note, STAMP);
}

static void is_done(const struct place *p)
{
    char log[330];
    holds(p->path, "new");
    holds(p->archive, "new archive");
    holds(p->old, "old");
    holds(p->old_archive, "old archive");
    snprintf(log, sizeof log, "%s-wal", p->old);
    holds(log, "old log");
    snprintf(log, sizeof log, "%s-wal", p->path);
    assert_false(file_exists(log)); // it would be taken for the new file's
    snprintf(log, sizeof log, "%s-shm", p->path);
    assert_false(file_exists(log));
    assert_false(file_exists(p->note));
    assert_false(file_exists(p->fresh));
}

static void it_is_finished_from_wherever_it_was_cut_off(void **state)
{
    (void)state;
    // In the order of the renames; each begins with those before it done.
    for (int done = 0; done <= 5; done++) {
        struct place p;
        char log[320], old_log[330];
        setup(&p);
        put_all(&p);
        snprintf(log, sizeof log, "%s-wal", p.path);
        snprintf(old_log, sizeof old_log, "%s-wal", p.old);
        const char *const moves[][2] = {{p.archive, p.old_archive},
                                        {p.fresh_archive, p.archive},
                                        {p.path, p.old},
                                        {log, old_log},
                                        {p.fresh, p.path}};
        for (int i = 0; i < done; i++) assert_int_equal(rename(moves[i][0], moves[i][1]), 0);
        if (done == 5) {
            snprintf(log, sizeof log, "%s-shm", p.path);
            assert_int_equal(unlink(log), 0);
        }
        assert_int_equal(sqlite_finish_restore(p.path, NULL), 0);
        is_done(&p);
        assert_int_equal(sqlite_finish_restore(p.path, NULL), 0); // nothing is left to do
        is_done(&p);
        test_database_remove(&p.d);
    }
}

static void until_then_neither_a_restore_nor_a_backup_makes_it_worse(void **state)
{
    (void)state;
    struct place p;
    struct restore *r;
    struct backup_info info;
    char url[320];
    setup(&p);
    put_all(&p);
    assert_int_equal(rename(p.path, p.old), 0); // cut off here: neither is in the place
    snprintf(url, sizeof url, "sqlite:%s", p.path);
    const struct restore_options o = {.url = url, .folder = p.d.dir, .force = true};
    assert_int_not_equal(restore_begin(&r, p.d.dir, &o, &info, NULL), 0); // a folder is no backup
    restore_free(r);
    struct err e = {0};
    char file[320];
    snprintf(file, sizeof file, "%s/file", p.d.dir);
    assert_int_equal(store_backup(url, file, false, NULL, &info, &e), HW_ECONFLICT); // it would be of both
    assert_non_null(strstr(e.message, "was cut off"));
    assert_int_equal(sqlite_finish_restore(p.path, NULL), 0);
    is_done(&p);
    test_database_remove(&p.d);
}

static void before_the_note_nothing_is_moved(void **state)
{
    (void)state;
    struct place p;
    setup(&p);
    put_all(&p);
    assert_int_equal(unlink(p.note), 0);
    assert_int_equal(sqlite_finish_restore(p.path, NULL), 0);
    holds(p.path, "old");
    holds(p.archive, "old archive");
    test_database_remove(&p.d);
}

static void where_nothing_was_it_is_put_there(void **state)
{
    (void)state;
    struct place p;
    setup(&p);
    put(p.fresh, "new");
    put(p.fresh_archive, "new archive");
    put(p.note, STAMP);
    assert_int_equal(sqlite_finish_restore(p.path, NULL), 0);
    holds(p.path, "new");
    holds(p.archive, "new archive");
    assert_false(file_exists(p.old));
    test_database_remove(&p.d);
}

static void a_damaged_database_can_be_replaced_if_that_is_said(void **state)
{
    (void)state;
    struct place p;
    struct err e = {0};
    char *kept = NULL;
    setup(&p);
    put(p.path, "this is no database, and long enough to be seen to be none: ....................................");
    assert_int_equal(restore_sqlite_place(p.path, false, &e), HW_ECONFLICT);
    assert_non_null(strstr(e.message, "can't be read"));
    assert_int_equal(restore_sqlite_place(p.path, true, NULL), 0);
    put(p.fresh, "new");
    put(p.fresh_archive, "new archive");
    if (restore_sqlite_swap(p.path, p.fresh, &kept, &e) != 0) fail_msg("%s", e.message);
    holds(p.path, "new");
    assert_true(file_exists(kept));
    free(kept);
    test_database_remove(&p.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_finished_from_wherever_it_was_cut_off),
        cmocka_unit_test(until_then_neither_a_restore_nor_a_backup_makes_it_worse),
        cmocka_unit_test(before_the_note_nothing_is_moved),
        cmocka_unit_test(where_nothing_was_it_is_put_there),
        cmocka_unit_test(a_damaged_database_can_be_replaced_if_that_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
