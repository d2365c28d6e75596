// What a client says: the events subscribe, unsubscribe and ping.
#include <stdlib.h>

#include "api/session_internal.h"
#include "base/json.h"
#include "base/mem.h"
#include "bus/bus.h"

// ---- answers -------------------------------------------------------------------------------------------------------

// The event, and the acknowledgement if one was asked for, with the same argument.
static void answer(struct sio_socket *s, uint64_t id, const char *event, struct slice arg)
{
    sio_socket_emit(s, event, arg, NULL, 0);
    sio_socket_ack(s, id, arg, NULL, 0);
}

void session_write_conflated(struct buf *out, struct slice channel, uint32_t n)
{
    struct jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "channel");
    jw_slice(&w, channel);
    jw_ki64(&w, "count", n);
    jw_obj_end(&w);
}

static void answer_error(struct sio_socket *s, uint64_t id, const struct err *e, const char *channel)
{
    struct buf arg = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_kstr(&w, "code", err_name(e->code));
    jw_kstr(&w, "message", e->message);
    if (channel) {
        jw_key(&w, "channel");
        jw_slice(&w, slice_of(channel, strnlen(channel, 300)));
    }
    jw_obj_end(&w);
    answer(s, id, "error", buf_slice(&arg));
    buf_release(&arg);
}

// ---- subscribe -----------------------------------------------------------------------------------------------------

struct subscribe {
    const char *channel;
    bool has_since, batch;
    const char *since_epoch;
    uint64_t since_seq;
};

// The channel is set as soon as it is a string, so that an error can name it.
static int read_channel(const struct sio_packet *p, const char **channel, struct err *e)
{
    const char *event = sio_event_name(p);
    const json_t *arg = sio_event_arg(p, 0);
    *channel = NULL;
    if (!json_is_object(arg)) return err_set(e, HW_EINVALID, "%s takes one object: {\"channel\": …}", event);
    *channel = json_string_value(json_object_get(arg, "channel"));
    if (!*channel) return err_set(e, HW_EINVALID, "%s: \"channel\" must be a string", event);
    if (!bus_channel_valid(slice_str(*channel)))
        return err_set(
            e, HW_EINVALID,
            "%s: a channel is a name like jobs/job_1/progress: one to three parts of A-Z a-z 0-9 _ . : -, at "
            "most 200 bytes",
            event);
    return 0;
}

static int read_subscribe(const struct sio_packet *p, struct subscribe *out, struct err *e)
{
    *out = (struct subscribe){0};
    int rc = read_channel(p, &out->channel, e);
    if (rc < 0) return rc;
    const json_t *arg = sio_event_arg(p, 0);
    const json_t *batch = json_object_get(arg, "batch"), *since = json_object_get(arg, "since");
    if (batch && !json_is_boolean(batch) && !json_is_null(batch))
        return err_set(e, HW_EINVALID, "subscribe: \"batch\" must be true or false");
    out->batch = json_is_true(batch);
    if (!since || json_is_null(since)) return 0;
    const json_t *seq = json_object_get(since, "seq");
    out->has_since = true;
    out->since_epoch = json_string_value(json_object_get(since, "epoch"));
    if (!out->since_epoch || !json_is_integer(seq) || json_integer_value(seq) < 0)
        return err_set(e, HW_EINVALID, "subscribe: \"since\" must be {\"epoch\": a string, \"seq\": a whole number}");
    out->since_seq = (uint64_t)json_integer_value(seq);
    return 0;
}

struct missed {
    struct msg **list;
    size_t n, cap, bytes;
};

static void add_missed(void *ctx, struct msg *m)
{
    struct missed *v = ctx;
    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 16;
        v->list = mem_realloc_array(v->list, v->cap, sizeof(struct msg *));
    }
    v->list[v->n++] = msg_ref(m);
    v->bytes += msg_bytes(m);
}

static void add_snapshot(void *ctx, struct msg *m)
{
    struct jw *w = ctx;
    struct slice event = msg_event(m);
    char name[128];
    if (event.n >= sizeof name) return;
    memcpy(name, event.p, event.n);
    name[event.n] = 0;
    jw_kraw(w, name, msg_payload(m));
}

// Joining, position and history are one step on the loop's thread: nothing can be published in between.
static void subscribe(struct sio_socket *s, const struct sio_packet *p)
{
    struct sessions *o = sio_socket_app(s);
    struct subscriber *sub = sio_socket_subscriber(s);
    struct subscribe in;
    struct err e;
    err_clear(&e);
    int rc = read_subscribe(p, &in, &e);
    bool batched = in.batch && o->batch_interval_ms > 0;
    if (rc == 0) rc = subscriber_join(sub, slice_str(in.channel), batched, &e);
    if (rc < 0) {
        answer_error(s, p->id, &e, in.channel);
        return;
    }
    struct slice channel = slice_str(in.channel);
    char epoch[17];
    uint64_t seq;
    o->bus->ops->position(o->bus, channel, epoch, &seq);
    struct missed missed = {0};
    bool recovered = in.has_since && o->bus->ops->history(o->bus, channel, slice_str(in.since_epoch), in.since_seq,
                                                          add_missed, &missed);
    // More than the client's outbox takes would only have it closed as slow: it gets the present state instead.
    if (missed.bytes > subscriber_room(sub) / 2) recovered = false;

    struct buf arg = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_kstr(&w, "channel", in.channel);
    jw_kstr(&w, "epoch", epoch);
    jw_key(&w, "seq");
    jw_u64(&w, seq);
    jw_kbool(&w, "recovered", recovered);
    jw_key(&w, "snapshot");
    jw_obj(&w);
    // Who gets what it missed gets no state that lies ahead of it.
    if (!recovered) o->bus->ops->snapshot(o->bus, channel, add_snapshot, &w);
    jw_obj_end(&w);
    jw_obj_end(&w);
    answer(s, p->id, "subscribed", buf_slice(&arg));
    buf_release(&arg);
    for (size_t i = 0; i < missed.n; i++) {
        if (recovered) subscriber_push(sub, missed.list[i]);
        msg_unref(missed.list[i]);
    }
    free(missed.list);
}

static void unsubscribe(struct sio_socket *s, const struct sio_packet *p)
{
    const char *channel;
    struct err e;
    err_clear(&e);
    if (read_channel(p, &channel, &e) < 0) {
        answer_error(s, p->id, &e, channel);
        return;
    }
    session_batch_flush(s); // what it waited for comes before the farewell
    (void)subscriber_leave(sio_socket_subscriber(s), slice_str(channel)); // not joined: left all the same
    struct buf arg = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_kstr(&w, "channel", channel);
    jw_obj_end(&w);
    answer(s, p->id, "unsubscribed", buf_slice(&arg));
    buf_release(&arg);
}

static void ping(struct sio_socket *s, const struct sio_packet *p)
{
    answer(s, p->id, "pong", slice_of(NULL, 0));
}

// ---- which event
// -------------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    void (*handle)(struct sio_socket *s, const struct sio_packet *p);
} events[] = {
    {"subscribe", subscribe},
    {"unsubscribe", unsubscribe},
    {"ping", ping},
};

void session_event(struct sio_socket *s, const struct sio_packet *p)
{
    const char *name = sio_event_name(p);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(events[i].name, name) == 0) {
            events[i].handle(s, p);
            return;
        }
    }
    struct err e;
    err_set(&e, HW_EUNSUPPORTED, "there is no event \"%.100s\"; a client may send subscribe, unsubscribe and ping",
            name);
    answer_error(s, p->id, &e, NULL);
}
