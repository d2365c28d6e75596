// Events of other programs: whatever comes, what is taken has valid names, no reserved channel, and an object as data
// that leaves the members to the server that the server gives.
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "events/external.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct external_event *ev)
{
    static const char *const given[] = {"channel", "epoch", "seq", "ts"};
    assert(bus_channel_valid(ev->channel) && msg_event_valid(ev->event));
    assert(!slice_starts(ev->channel, "system/") && !slice_starts(ev->channel, "admin/"));
    assert(ev->data.n >= 2 && ev->data.p[0] == '{' && ev->data.p[ev->data.n - 1] == '}');
    json_error_t je;
    json_t *v = json_loadb(ev->data.p, ev->data.n, 0, &je);
    assert(v || json_error_code(&je) == json_error_numeric_overflow);
    for (size_t i = 0; v && i < sizeof given / sizeof *given; i++) assert(!json_object_get(v, given[i]));
    json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_dup(data, size); // so that reading past the end is seen
    struct external_scratch scratch = {0};
    struct external_event ev;
    struct err e = {0};
    // Twice with one scratch, as the lines of a batch have it.
    for (int i = 0; i < 2; i++) {
        err_clear(&e);
        int rc = external_event_read(slice_of(copy, size), &ev, &scratch, &e);
        if (rc == 0)
            check(&ev);
        else
            assert((rc == HW_EINVALID || rc == HW_EVALIDATION || rc == HW_EFORBIDDEN || rc == HW_ETOOBIG) &&
                   e.code == rc && e.message[0]);
    }
    external_scratch_release(&scratch);
    free(copy);
    return 0;
}
