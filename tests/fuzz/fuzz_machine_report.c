// What a worker tells of its machine: read, or refused with a reason. What was read is written again, and that is read
// as the same.
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "monitor/moment.h"
#include "monitor/sample_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(const struct sample *s, struct buf *out)
{
    struct jw w;
    jw_init(&w, out);
    sample_write_report(s, &w);
}

static void check_again(const struct sample *s)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    struct sample again;
    unsigned parts;
    struct err e;
    write_all(s, &once);
    if (once.n <= SAMPLE_REPORT_BYTES) { // what was short may be longer when it is written out
        int rc = sample_read_report(buf_slice(&once), &again, &parts, &e);
        assert(rc == 0 && parts == SAMPLE_ALL);
        write_all(&again, &twice);
        assert(slice_eq(buf_slice(&once), buf_slice(&twice)));
        sample_release(&again);
    }
    buf_release(&once);
    buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_dup(data, size); // so that reading past the end is seen
    struct sample s;
    unsigned parts;
    struct err e = {0};
    int rc = sample_read_report(slice_of(copy, size), &s, &parts, &e);
    if (rc == 0) {
        check_again(&s);
        free(moment_new(&s, 1));
        sample_release(&s);
    } else {
        assert((rc == HW_EINVALID || rc == HW_EVALIDATION || rc == HW_ETOOBIG) && e.code == rc && e.message[0]);
        assert((rc == HW_EVALIDATION) == (e.field[0] != 0));
    }
    free(copy);
    return 0;
}
