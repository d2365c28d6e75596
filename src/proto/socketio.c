// Decoding Socket.IO packets and putting those with binary attachments together.
#include "proto/socketio.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

enum { MAX_NSP = 256 };

void sio_packet_release(struct sio_packet *p)
{
    for (unsigned i = 0; p->blobs && i < p->attachments; i++) buf_release(&p->blobs[i]);
    free(p->blobs);
    free(p->nsp);
    json_decref(p->payload);
    *p = (struct sio_packet){0};
}

static bool is_binary(enum sio_type t)
{
    return t == SIO_BINARY_EVENT || t == SIO_BINARY_ACK;
}

// ---- decoding -------------------------------------------------------------------------------------------------------

static bool is_digit(struct slice s)
{
    return s.n && s.p[0] >= '0' && s.p[0] <= '9';
}

static struct slice after(struct slice s, size_t n)
{
    return n < s.n ? slice_of(s.p + n, s.n - n) : SLICE_LIT("");
}

// Cuts the leading digits off. False: there are none, or the number is out of range.
static bool take_number(struct slice *rest, unsigned long long *out)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9') n++;
    bool ok = slice_u64(slice_of(rest->p, n), out);
    *rest = after(*rest, n);
    return ok;
}

static bool name_reserved(const char *name)
{
    static const char *const names[] = {"connect",       "connect_error", "disconnect",
                                        "disconnecting", "newListener",   "removeListener"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

// NULL, or what is wrong with the payload for the packet's type.
static const char *check_payload(const struct sio_packet *p)
{
    const json_t *v = p->payload;
    bool may_have_id = is_binary(p->type) || p->type == SIO_EVENT || p->type == SIO_ACK;
    if (p->id != SIO_NO_ID && !may_have_id) return "an id where none belongs";
    switch (p->type) {
    case SIO_CONNECT: return !v || json_is_object(v) ? NULL : "CONNECT wants an object";
    case SIO_DISCONNECT: return !v ? NULL : "DISCONNECT has no payload";
    case SIO_CONNECT_ERROR:
        return json_is_object(v) || json_is_string(v) ? NULL : "CONNECT_ERROR wants an object or a text";
    case SIO_EVENT:
    case SIO_BINARY_EVENT: {
        const char *name = json_string_value(json_array_get(v, 0));
        if (!name) return "an event is an array that starts with its name";
        return name_reserved(name) ? "the event's name is reserved" : NULL;
    }
    case SIO_ACK:
    case SIO_BINARY_ACK:
        if (p->id == SIO_NO_ID) return "an acknowledgement without an id";
        return json_is_array(v) ? NULL : "an acknowledgement is an array";
    }
    return "an unknown type";
}

// The number of a placeholder {"_placeholder":true,"num":0}; -1 if `v` is none, -2 if it is one without a usable
// number.
static long placeholder(const json_t *v, unsigned attachments)
{
    if (!json_is_true(json_object_get(v, "_placeholder"))) return -1;
    const json_t *num = json_object_get(v, "num");
    json_int_t n = json_integer_value(num);
    return json_is_integer(num) && n >= 0 && n < (json_int_t)attachments ? (long)n : -2;
}

// Recursion is bounded by Jansson's own depth limit.
static bool placeholders_valid(json_t *v, unsigned attachments)
{
    long n = placeholder(v, attachments);
    if (n == -2) return false;
    if (n >= 0) return true;
    size_t i;
    const char *key;
    json_t *item;
    json_array_foreach(v, i, item) if (!placeholders_valid(item, attachments)) return false;
    json_object_foreach(v, key, item) if (!placeholders_valid(item, attachments)) return false;
    return true;
}

// Type, attachments, namespace, id. NULL, or what is wrong.
static const char *read_head(struct slice *rest, struct sio_packet *p)
{
    unsigned long long number;
    if (!is_digit(*rest) || rest->p[0] > '6') return "an unknown packet type";
    p->type = (enum sio_type)(rest->p[0] - '0');
    *rest = after(*rest, 1);
    if (is_binary(p->type)) {
        if (!take_number(rest, &number) || number > SIO_MAX_ATTACHMENTS) return "no valid number of attachments";
        if (!slice_starts(*rest, "-")) return "no - after the number of attachments";
        *rest = after(*rest, 1);
        p->attachments = (unsigned)number;
    }
    struct slice nsp = SLICE_LIT("/");
    if (rest->n && rest->p[0] == '/') {
        size_t end = 0, query = 0;
        while (end < rest->n && rest->p[end] != ',') end++;
        while (query < end && rest->p[query] != '?') query++; // clients of older versions put one behind the name
        nsp = slice_of(rest->p, query);
        *rest = after(*rest, end + 1);
        if (nsp.n > MAX_NSP || memchr(nsp.p, 0, nsp.n)) return "a bad namespace";
    }
    p->nsp = mem_strndup(nsp.p, nsp.n);
    p->id = SIO_NO_ID;
    if (is_digit(*rest)) {
        if (!take_number(rest, &number) || number == SIO_NO_ID) return "an id out of range";
        p->id = number;
    }
    return NULL;
}

int sio_decode(struct slice text, struct sio_packet *out, struct err *e)
{
    *out = (struct sio_packet){0};
    const char *wrong = read_head(&text, out);
    if (!wrong && text.n) {
        out->payload = json_read(text, e);
        if (!out->payload) {
            sio_packet_release(out);
            err_prefix(e, "Socket.IO packet");
            if (e) e->code = HW_EPROTOCOL;
            return HW_EPROTOCOL;
        }
    }
    if (!wrong) wrong = check_payload(out);
    if (!wrong && is_binary(out->type) && !placeholders_valid(out->payload, out->attachments))
        wrong = "a placeholder names an attachment that there isn't";
    if (!wrong) return 0;
    sio_packet_release(out);
    return err_set(e, HW_EPROTOCOL, "Socket.IO packet: %s", wrong);
}

// ---- access ---------------------------------------------------------------------------------------------------------

const char *sio_event_name(const struct sio_packet *p)
{
    return json_string_value(json_array_get(p->payload, 0));
}

static size_t first_arg(const struct sio_packet *p)
{
    return p->type == SIO_EVENT || p->type == SIO_BINARY_EVENT;
}

const json_t *sio_event_arg(const struct sio_packet *p, size_t i)
{
    return json_array_get(p->payload, i + first_arg(p));
}

size_t sio_event_args(const struct sio_packet *p)
{
    return json_is_array(p->payload) ? json_array_size(p->payload) - first_arg(p) : 0;
}

struct slice sio_blob(const struct sio_packet *p, const json_t *v)
{
    long n = p->blobs ? placeholder(v, p->attachments) : -1;
    if (n < 0) return (struct slice){0};
    struct slice blob = buf_slice(&p->blobs[n]);
    return blob.p ? blob : SLICE_LIT("");
}

// ---- reassembly -----------------------------------------------------------------------------------------------------

void sio_assembler_init(struct sio_assembler *a, size_t max_bytes)
{
    *a = (struct sio_assembler){.max_bytes = max_bytes};
}

void sio_assembler_release(struct sio_assembler *a)
{
    sio_packet_release(&a->pending);
    a->waiting = false;
}

int sio_assembler_text(struct sio_assembler *a, struct slice text, struct sio_packet *out, struct err *e)
{
    *out = (struct sio_packet){0};
    if (a->waiting) return err_set(e, HW_EPROTOCOL, "Socket.IO packet: text where an attachment was to come");
    int rc = sio_decode(text, out, e);
    if (rc < 0) return rc;
    if (!out->attachments) return 1;
    out->blobs = mem_array(out->attachments, sizeof out->blobs[0]);
    a->pending = *out;
    a->waiting = true;
    a->have = 0;
    a->bytes = 0;
    *out = (struct sio_packet){0};
    return 0;
}

int sio_assembler_binary(struct sio_assembler *a, struct slice data, struct sio_packet *out, struct err *e)
{
    *out = (struct sio_packet){0};
    if (!a->waiting) return err_set(e, HW_EPROTOCOL, "Socket.IO packet: an attachment that no packet wants");
    if (data.n > a->max_bytes - a->bytes)
        return err_set(e, HW_ETOOBIG, "Socket.IO packet: attachments of more than %zu bytes", a->max_bytes);
    a->bytes += data.n;
    buf_add_slice(&a->pending.blobs[a->have++], data);
    if (a->have < a->pending.attachments) return 0;
    *out = a->pending;
    a->pending = (struct sio_packet){0};
    a->waiting = false;
    return 1;
}
