#include "server/data_lock.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lockfile.h"
#include "base/mem.h"
#include "base/slice.h"

int data_lock_take(const char *data_dir, const char *url, int *fd, struct err *e)
{
    char *path = file_join(data_dir, "server.lock"), *says = mem_printf("%ld\n%s\n", (long)getpid(), url);
    int rc = lockfile_take(path, says, fd, e);
    if (rc == HW_ECONFLICT) {
        struct buf other = BUF_INIT;
        (void)lockfile_held(path, &other); // it may have gone meanwhile; then nothing is said about it
        struct slice rest = buf_slice(&other), pid = slice_cut(&rest, '\n'), at = slice_cut(&rest, '\n');
        err_set(e, HW_ECONFLICT,
                "a server runs on %s already (pid %.*s, %.*s); use that one, or another folder with --data", data_dir,
                SLICE_FMT(pid), SLICE_FMT(at));
        buf_release(&other);
    }
    free(path);
    free(says);
    return rc;
}
