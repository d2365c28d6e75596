#include "worker/predecessor.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static char *path_of(const char *data_dir)
{
    return file_join(data_dir, "worker.id");
}

bool worker_id_usable(const char *id)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t n = id ? strlen(id) : 0;
    return n > 1 && n < WORKER_ID_SIZE && strspn(id, letters) == n;
}

void predecessor_read(const char *data_dir, char out[WORKER_ID_SIZE])
{
    struct buf text = BUF_INIT;
    char *path = path_of(data_dir);
    out[0] = 0;
    if (file_read(path, WORKER_ID_SIZE, &text, NULL) == 0) {
        if (text.n && text.p[text.n - 1] == '\n') text.n--;
        if (worker_id_usable(buf_cstr(&text))) memcpy(out, text.p, text.n + 1);
    }
    buf_release(&text);
    free(path);
}

int predecessor_write(const char *data_dir, const char *worker_id, struct err *e)
{
    char *path = path_of(data_dir), *text = mem_printf("%s\n", worker_id);
    // Flushed: after a crash of the machine, too, the server is to learn at once what was lost.
    int rc = file_write_atomic(path, slice_str(text), e);
    free(text);
    free(path);
    return rc;
}
