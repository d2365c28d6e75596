// The wire format: a line is an event or an error that says why; what is an event can be put into a batch as it stands,
// reads there the same, and any bytes at all become a valid JSON string.
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "jobs/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(struct wire_event *ev, struct slice line)
{
    struct buf batch = BUF_INIT, extra = BUF_INIT;
    struct err e = {0};
    buf_add_str(&batch, "{\"reports\":[{\"events\":[");
    buf_add_slice(&batch, slice_trim(line));
    buf_add_str(&batch, "]}]}");
    json_t *o = json_read_object(buf_slice(&batch), &e);
    assert(o);
    json_t *same = json_array_get(json_object_get(json_array_get(json_object_get(o, "reports"), 0), "events"), 0);
    assert(json_equal(same, ev->json));
    struct wire_event again;
    int rc = wire_event_from_json(json_incref(same), &again, &e);
    assert(rc == 0 && again.type == ev->type && again.ts_us == ev->ts_us);
    (void)rc;
    wire_event_release(&again);
    json_decref(o);
    wire_metric_extra(ev, &extra);
    o = extra.n ? json_read_object(buf_slice(&extra), &e) : NULL;
    assert(extra.n == 0 || (o && json_object_size(o) > 0));
    json_decref(o);
    buf_release(&extra);
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
