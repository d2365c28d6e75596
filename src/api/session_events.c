// What a client says: the events subscribe, unsubscribe and ping.
#include <stdio.h>
#include <stdlib.h>

#include "api/session_internal.h"
#include "base/json.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "fanout/fanout.h"

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

// A subscription on its way: the bus may live on another thread.
struct asked {
    struct sio_socket *socket; // a reference
    uint64_t id;               // of the acknowledgement
    bool batched;
};

static void say_subscribed(struct sio_socket *s, uint64_t id, struct slice channel, const struct fanout_answer *a)
{
    struct buf arg = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_key(&w, "channel");
    jw_slice(&w, channel);
    jw_kstr(&w, "epoch", a->epoch);
    jw_key(&w, "seq");
    jw_u64(&w, a->seq);
    jw_kbool(&w, "recovered", a->recovered);
    jw_kraw(&w, "snapshot", a->snapshot);
    jw_obj_end(&w);
    answer(s, id, "subscribed", buf_slice(&arg));
    buf_release(&arg);
}

// True: joined. What was published after the answer comes by the hub.
static bool join(struct sio_socket *s, const struct asked *in, struct slice channel, const struct fanout_answer *a)
{
    if (!sio_socket_connected(s)) return false;
    struct subscriber *sub = sio_socket_subscriber(s);
    struct err e;
    err_clear(&e);
    session_of(s)->asking--;
    if (subscriber_join(sub, channel, in->batched, &e) < 0) {
        char name[BUS_CHANNEL_MAX + 1];
        snprintf(name, sizeof name, "%.*s", SLICE_FMT(channel));
        answer_error(s, in->id, &e, name);
        return false;
    }
    say_subscribed(s, in->id, channel, a);
    for (size_t i = 0; i < a->n_missed; i++) subscriber_push(sub, a->missed[i]);
    return true;
}

static bool on_answer(void *ctx, struct slice channel, const struct fanout_answer *a)
{
    struct asked *in = ctx;
    bool joined = !a->gone && join(in->socket, in, channel, a);
    sio_socket_unref(in->socket);
    free(in);
    return joined;
}

static void subscribe(struct sio_socket *s, const struct sio_packet *p)
{
    struct sessions *o = sio_socket_app(s);
    struct subscribe in;
    struct err e;
    err_clear(&e);
    if (read_subscribe(p, &in, &e) < 0) {
        answer_error(s, p->id, &e, in.channel);
        return;
    }
    if (session_of(s)->asking >= HUB_MAX_SUBSCRIPTIONS) {
        err_set(&e, HW_ETOOBIG, "%d subscriptions wait for their answer already", HUB_MAX_SUBSCRIPTIONS);
        answer_error(s, p->id, &e, in.channel);
        return;
    }
    struct asked *ask = mem_zalloc(sizeof *ask);
    *ask = (struct asked){sio_socket_ref(s), p->id, in.batch && o->batch_interval_ms > 0};
    session_of(s)->asking++;
    const struct fanout_question q = {
        .channel = slice_str(in.channel),
        .has_since = in.has_since,
        .since_epoch = slice_str(in.since_epoch),
        .since_seq = in.since_seq,
        // More than the client's outbox takes would only have it closed as slow.
        .room = subscriber_room(sio_socket_subscriber(s)) / 2,
    };
    fanout_subscribe(o->shard, &q, on_answer, ask);
}

// ---- unsubscribe ---------------------------------------------------------------------------------------------------

static void leave(struct sio_socket *s, uint64_t id, const char *channel)
{
    session_batch_flush(s); // what it waited for comes before the farewell
    (void)subscriber_leave(sio_socket_subscriber(s), slice_str(channel)); // not joined: left all the same
    struct buf arg = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_kstr(&w, "channel", channel);
    jw_obj_end(&w);
    answer(s, id, "unsubscribed", buf_slice(&arg));
    buf_release(&arg);
}

struct leaving {
    struct sio_socket *socket; // a reference
    uint64_t id;
    char channel[BUS_CHANNEL_MAX + 1];
};

static void on_answered_all(void *ctx, bool gone)
{
    struct leaving *l = ctx;
    if (!gone && sio_socket_connected(l->socket)) leave(l->socket, l->id, l->channel);
    sio_socket_unref(l->socket);
    free(l);
}

static void unsubscribe(struct sio_socket *s, const struct sio_packet *p)
{
    struct sessions *o = sio_socket_app(s);
    const char *channel;
    struct err e;
    err_clear(&e);
    if (read_channel(p, &channel, &e) < 0) {
        answer_error(s, p->id, &e, channel);
        return;
    }
    if (session_of(s)->asking == 0) {
        leave(s, p->id, channel);
        return;
    }
    // The subscription may be among those that aren't answered yet: what the client said first happens first.
    struct leaving *l = mem_zalloc(sizeof *l);
    l->socket = sio_socket_ref(s);
    l->id = p->id;
    snprintf(l->channel, sizeof l->channel, "%s", channel);
    fanout_fence(o->shard, on_answered_all, l);
}

static void ping(struct sio_socket *s, const struct sio_packet *p)
{
    answer(s, p->id, "pong", slice_of(NULL, 0));
}

// ---- which event ----------------------------------------------------------------------------------------------------

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
