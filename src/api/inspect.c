#include "api/inspect.h"

#include "base/mem.h"
#include "base/subprocess.h"

#include <stdlib.h>

enum { TIMEOUT_MS = 30000, OUTPUT_MAX = 1 << 20 };

json_t *inspect_path(const char *task_program, const char *what, const char *path, struct err *e)
{
    char *argv[] = {mem_strdup(task_program), mem_strdup("inspect"), mem_strdup(what), mem_strdup(path), NULL};
    struct subprocess_result r;
    json_t *v = NULL;
    if (subprocess_run(argv, TIMEOUT_MS, OUTPUT_MAX, &r, e) == 0) {
        while (r.err.n && r.err.p[r.err.n - 1] == '\n') r.err.n--;
        if (r.code == 0)
            v = json_read_object(buf_slice(&r.out), e);
        else if (r.err.n)
            err_field(e, HW_EVALIDATION, "path", "%.*s", SLICE_FMT(buf_slice(&r.err)));
        else
            err_field(e, HW_EVALIDATION, "path", "%s can't be read (the check ended with status %d, signal %d)", path,
                      r.code, r.signal);
    }
    subprocess_result_release(&r);
    for (size_t i = 0; argv[i]; i++) free(argv[i]);
    return v;
}
