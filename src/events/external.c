#include "events/external.h"

#include <string.h>

#include "base/json_scan.h"
#include "bus/bus.h"

enum { CHANNEL, EVENT, DATA, MEMBERS };
static const struct slice names[MEMBERS] = {SLICE_CONST("channel"), SLICE_CONST("event"), SLICE_CONST("data")};

// What the server gives every event itself.
static const struct slice given[] = {
    SLICE_CONST("channel"), SLICE_CONST("epoch"), SLICE_CONST("seq"), SLICE_CONST("ts"), {0}};

// A name as it is meant: escapes cost a copy, which few need.
static struct slice plain_name(const struct json_member *m, struct buf *scratch)
{
    if (!m->escaped) return m->name;
    size_t at = scratch->n;
    json_unescape(m->name, scratch);
    return slice_of(scratch->p + at, scratch->n - at);
}

static int find_members(struct slice text, struct json_member found[MEMBERS], struct buf *scratch, struct err *e)
{
    struct json_scan s;
    struct json_member m;
    int rc;
    json_scan_object(&s, text);
    s.watched = given;
    while ((rc = json_scan_member(&s, &m, e)) == 1) {
        struct slice name = plain_name(&m, scratch);
        for (int i = 0; i < MEMBERS; i++) {
            if (!slice_eq(name, names[i])) continue;
            if (found[i].value.n) return err_field(e, HW_EVALIDATION, names[i].p, "%s is there twice", names[i].p);
            found[i] = m;
        }
    }
    return rc;
}

// The text of a string member; an empty slice if it is absent or no string.
static struct slice text_of(const struct json_member *m, struct buf *scratch)
{
    if (m->value.n < 2 || m->value.p[0] != '"') return slice_of(NULL, 0);
    struct slice raw = slice_of(m->value.p + 1, m->value.n - 2);
    if (!memchr(raw.p, '\\', raw.n)) return raw;
    buf_clear(scratch);
    json_unescape(raw, scratch);
    return buf_slice(scratch);
}

// Whether the newest is enough is told by the name, as in the contract's own events.
static enum msg_class class_of(struct slice event)
{
    static const struct slice state[] = {{":progress", 9}, {":metrics", 8}, {":resources", 10}};
    for (size_t i = 0; i < sizeof state / sizeof *state; i++) {
        size_t n = state[i].n;
        if (event.n > n && memcmp(event.p + event.n - n, state[i].p, n) == 0) return MSG_STATE;
    }
    return MSG_LIFECYCLE;
}

static int take_channel(struct external_event *out, struct slice channel, struct err *e)
{
    if (!bus_channel_valid(channel))
        return err_field(
            e, HW_EVALIDATION, "channel",
            "channel must be a name like jobs/job_1/progress: one to three parts of A-Z a-z 0-9 _ . : -, at "
            "most 200 bytes");
    if (slice_starts(channel, "system/") || slice_starts(channel, "hosts/") || slice_starts(channel, "admin/"))
        return err_field(e, HW_EFORBIDDEN, "channel", "channels under system/, hosts/ and admin/ are the server's own");
    out->channel = channel;
    return 0;
}

static int refuse_given(struct slice data, struct buf *scratch, struct err *e)
{
    struct json_scan s;
    struct json_member inner;
    json_scan_object(&s, data);
    while (json_scan_member(&s, &inner, e) == 1) {
        struct slice name = plain_name(&inner, scratch);
        for (size_t i = 0; given[i].n; i++) {
            if (slice_eq(name, given[i]))
                return err_field(e, HW_EVALIDATION, "data", "data may not hold \"%s\": the server gives it",
                                 given[i].p);
        }
    }
    return 0;
}

static int take_data(struct external_event *out, const struct json_member *m, struct external_scratch *scratch,
                     struct err *e)
{
    out->data = SLICE_LIT("{}");
    if (m->value.n == 0) return 0;
    if (m->value.p[0] != '{') return err_field(e, HW_EVALIDATION, "data", "data must be an object");
    if (m->seen) {
        int rc = refuse_given(m->value, &scratch->names, e);
        if (rc) return rc;
    }
    out->data = m->value;
    if (!m->spaced) return 0;
    buf_clear(&scratch->data);
    json_add_compact(&scratch->data, m->value);
    out->data = buf_slice(&scratch->data);
    return 0;
}

int external_event_read(struct slice text, struct external_event *out, struct external_scratch *scratch, struct err *e)
{
    struct json_member found[MEMBERS] = {0};
    if (text.n > EXTERNAL_EVENT_BYTES)
        return err_set(e, HW_ETOOBIG, "an event may have %d bytes at most", EXTERNAL_EVENT_BYTES);
    buf_clear(&scratch->names);
    int rc = find_members(text, found, &scratch->names, e);
    if (!rc) rc = take_channel(out, text_of(&found[CHANNEL], &scratch->channel), e);
    if (rc) return rc;
    out->event = text_of(&found[EVENT], &scratch->event);
    if (!msg_event_valid(out->event))
        return err_field(e, HW_EVALIDATION, "event", "event must be 1 to 100 characters of A-Z a-z 0-9 _ . : -");
    out->cls = class_of(out->event);
    return take_data(out, &found[DATA], scratch, e);
}

void external_scratch_release(struct external_scratch *scratch)
{
    buf_release(&scratch->channel);
    buf_release(&scratch->event);
    buf_release(&scratch->names);
    buf_release(&scratch->data);
}
