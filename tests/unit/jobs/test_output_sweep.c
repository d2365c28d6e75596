// What a killed task leaves half written goes; what is finished stays.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "jobs/output_sweep.h"
#include "temp_dir.h"

static char *make(const char *root, const char *name)
{
    char *path = file_join(root, name), *slash = strrchr(path, '/');
    struct err e = {0};
    *slash = 0;
    if (file_mkdirs(path, &e) != 0) fail_msg("%s", e.message);
    *slash = '/';
    if (file_write_atomic(path, slice_str("x"), &e) != 0) fail_msg("%s", e.message);
    return path;
}

static void never_again_23_only_what_is_half_written_goes(void **state)
{
    (void)state;
    static const char *const going[] = {
        "out.tmp/layer_01/shard.safetensors.tmp.77", "out.tmp/metadata.json",      "out/final.tmp/cfg.json",
        "out/checkpoints/step_00000500.tmp/x",       "out/summary.json.tmp.12345",
    };
    static const char *const staying[] = {
        "out/checkpoints/step_00000450/layer_01/cfg.json",
        "out/final/layer_01/cfg.json",
        "out/notes.tmpl",
        "out/x.tmp.old",
        "other.tmp/x",
        "out2/y.tmp/z",
    };
    enum { GOING = sizeof going / sizeof *going, STAYING = sizeof staying / sizeof *staying };
    struct temp_dir dir = temp_dir_new();
    char *paths[GOING + STAYING];
    for (int i = 0; i < GOING; i++) paths[i] = make(dir.path, going[i]);
    for (int i = 0; i < STAYING; i++) paths[GOING + i] = make(dir.path, staying[i]);
    char *out = file_join(dir.path, "out");
    struct err e = {0};
    assert_int_equal(output_sweep(out, &e), 0);
    for (int i = 0; i < GOING + STAYING; i++) {
        if (file_exists(paths[i]) != (i >= GOING)) fail_msg("%s: %s", paths[i], i < GOING ? "stays" : "is gone");
        free(paths[i]);
    }
    assert_int_equal(output_sweep(out, &e), 0); // again is fine
    free(out);
    temp_dir_remove(&dir);
}

static void a_folder_that_was_never_made_is_fine_and_a_relative_one_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(output_sweep("/nonexistent/headway/out", &e), 0);
    assert_int_equal(output_sweep("out", &e), HW_EINVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_23_only_what_is_half_written_goes),
        cmocka_unit_test(a_folder_that_was_never_made_is_fine_and_a_relative_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
