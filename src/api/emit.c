#include "api/emit.h"

#include "base/json.h"
#include "bus/bus.h"
#include "events/emitter.h"
#include "http/request.h"
#include "http/router.h"

static bool from_this_host(const struct request *req)
{
    static const char *const proxied[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"};
    if (!request_peer_is_loopback(req)) return false;
    for (size_t i = 0; i < sizeof proxied / sizeof *proxied; i++) {
        if (request_header(req, proxied[i])) return false;
    }
    return true;
}

// Whether the newest is enough is told by the name, as in the contract's own events.
static enum msg_class class_of(const char *event)
{
    struct slice s = slice_str(event);
    static const char *const state[] = {":progress", ":metrics", ":resources"};
    for (size_t i = 0; i < sizeof state / sizeof *state; i++) {
        size_t n = strlen(state[i]);
        if (s.n > n && memcmp(s.p + s.n - n, state[i], n) == 0) return MSG_STATE;
    }
    return MSG_LIFECYCLE;
}

static int read_event(struct request *req, const char **channel, const char **event, json_t **data, struct err *e)
{
    static const char *const given[] = {"channel", "epoch", "seq", "ts"};
    json_t *body = request_json(req, e);
    if (!body) return HW_EINVALID;
    int rc = json_get_str(body, "channel", NULL, channel, e);
    if (rc == 0) rc = json_get_str(body, "event", NULL, event, e);
    if (rc) return rc;
    if (!*channel || !bus_channel_valid(slice_str(*channel)))
        return err_field(
            e, HW_EVALIDATION, "channel",
            "channel must be a name like jobs/job_1/progress: one to three parts of A-Z a-z 0-9 _ . : -, at "
            "most 200 bytes");
    if (strncmp(*channel, "system/", 7) == 0 || strncmp(*channel, "admin/", 6) == 0)
        return err_field(e, HW_EFORBIDDEN, "channel", "channels under system/ and admin/ are the server's own");
    if (!*event || !msg_event_valid(slice_str(*event)))
        return err_field(e, HW_EVALIDATION, "event", "event must be 1 to 100 characters of A-Z a-z 0-9 _ . : -");
    *data = json_object_get(body, "data");
    if (*data && !json_is_object(*data)) return err_field(e, HW_EVALIDATION, "data", "data must be an object");
    for (size_t i = 0; *data && i < sizeof given / sizeof *given; i++) {
        if (json_object_get(*data, given[i]))
            return err_field(e, HW_EVALIDATION, "data", "data may not hold \"%s\": the server gives it", given[i]);
    }
    return 0;
}

static void emit(struct request *req, void *ctx)
{
    struct emitter *em = ctx;
    if (!from_this_host(req)) {
        request_fail(req, HW_EFORBIDDEN, NULL, "only programs on the server's own host may publish events");
        return;
    }
    struct err e;
    err_clear(&e);
    const char *channel = NULL, *event = NULL;
    json_t *data = NULL;
    if (read_event(req, &channel, &event, &data, &e) != 0) {
        request_reply_error(req, &e);
        return;
    }
    struct buf text = BUF_INIT;
    struct jw w;
    jw_init(&w, &text);
    if (data)
        jw_json(&w, data);
    else
        buf_add_str(&text, "{}");
    int64_t seq = emit_raw(em, channel, event, buf_slice(&text), class_of(event));
    buf_release(&text);
    if (seq < 0) {
        request_fail(req, (int)seq, NULL, "the event could not be published");
        return;
    }
    jw_init(&w, &text);
    jw_obj(&w);
    jw_ki64(&w, "seq", seq);
    jw_obj_end(&w);
    request_reply(req, 201, &text);
}

static const struct route routes[] = {{"POST", "/api/internal/ws/emit", emit}};

void emit_routes(struct router *r, struct emitter *em)
{
    router_add(r, routes, sizeof routes / sizeof *routes, em);
}
