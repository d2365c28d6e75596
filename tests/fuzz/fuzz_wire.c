// The wire format: a line is an event or an error that says why; what is an event can be put into a batch as it stands,
// reads there the same, whichever of the two readers of metrics reads it, and any bytes at all become a valid JSON
// string.
#include <assert.h>
#include <stdlib.h>

#include "../unit/jobs/wire_compare.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(struct wire_event *ev, struct slice line)
{
    struct buf batch = BUF_INIT;
    struct err e = {0};
    buf_add_str(&batch, "{\"reports\":[{\"events\":[");
    buf_add_slice(&batch, slice_trim(line));
    buf_add_str(&batch, "]}]}");
    json_t *o = json_read_object(buf_slice(&batch), &e);
    assert(o);
    json_t *same = json_array_get(json_object_get(json_array_get(json_object_get(o, "reports"), 0), "events"), 0);
    assert(!ev->json || json_equal(same, ev->json));
    struct wire_event again;
    int rc = wire_event_from_json(json_incref(same), &again, &e);
    assert(rc == 0 && same_event(&again, ev));
    (void)rc;
    const char *extra = again.type == WIRE_METRIC ? again.u.metric.extra : NULL;
    json_t *members = extra ? json_read_object(slice_str(extra), &e) : NULL;
    assert(!extra || json_object_size(members) > 0);
    json_decref(members);
    wire_event_release(&again);
    json_decref(o);
    buf_release(&batch);
}

static void check_string(struct slice line)
{
    struct buf text = BUF_INIT;
    struct jw w;
    jw_init(&w, &text);
    jw_slice(&w, line);
    // U+0000 is the one character that readers refuse.
    json_t *v = json_read(buf_slice(&text), NULL);
    assert(v || (line.n && memchr(line.p, 0, line.n)));
    json_decref(v);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_dup(data, size);
    struct slice line = slice_of(copy, size);
    struct wire_event ev;
    struct err e = {0};
    int rc = wire_event_parse(line, &ev, &e);
    if (rc == 0) {
        check_event(&ev, line);
        wire_event_release(&ev);
    } else {
        assert((rc == HW_EINVALID || rc == HW_EVALIDATION) && e.code == rc && e.message[0] && !ev.json);
    }
    check_string(line);
    free(copy);
    return 0;
}
