// Engine.IO 4 packets, polling payloads and the open packet.
#include "proto/engineio.h"

#include <openssl/evp.h>

#include "base/json.h"

static bool type_known(char c)
{
    return c >= EIO_OPEN && c <= EIO_NOOP;
}

int eio_decode(struct slice text, struct eio_packet *out)
{
    if (!text.n || !type_known(text.p[0])) return HW_EPROTOCOL;
    *out = (struct eio_packet){(enum eio_type)text.p[0], false, slice_of(text.p + 1, text.n - 1)};
    return 0;
}

void eio_encode(struct buf *out, enum eio_type type, struct slice data)
{
    buf_add_char(out, (char)type);
    buf_add_slice(out, data);
}

// ---- polling payloads -----------------------------------------------------------------------------------------------

// Standard base64 with its padding, and nothing else.
static int base64_decode(struct slice in, struct buf *out)
{
    if (in.n % 4) return HW_EPROTOCOL;
    if (!in.n) return 0;
    size_t pad = in.p[in.n - 1] != '=' ? 0 : in.p[in.n - 2] != '=' ? 1 : 2;
    // EVP_DecodeBlock trims white space and takes padding anywhere: look before asking it.
    for (size_t i = 0; i < in.n - pad; i++) {
        char c = in.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        if (!ok) return HW_EPROTOCOL;
    }
    char *to = buf_reserve(out, in.n / 4 * 3);
    int n = EVP_DecodeBlock((unsigned char *)to, (const unsigned char *)in.p, (int)in.n);
    if (n < 0) return HW_EPROTOCOL;
    out->n += (size_t)n - pad;
    return 0;
}

int eio_payload_next(struct slice *rest, struct buf *scratch, struct eio_packet *out)
{
    if (!rest->n) return 0;
    bool separated = memchr(rest->p, EIO_SEPARATOR, rest->n) != NULL;
    struct slice packet = slice_cut(rest, EIO_SEPARATOR);
    if (separated && !rest->n) return HW_EPROTOCOL; // A separator with nothing behind it.
    if (packet.n && packet.p[0] == 'b') {
        buf_clear(scratch);
        if (packet.n > INT32_MAX || base64_decode(slice_of(packet.p + 1, packet.n - 1), scratch) < 0)
            return HW_EPROTOCOL;
        *out = (struct eio_packet){EIO_MESSAGE, true, buf_slice(scratch)};
        return 1;
    }
    return eio_decode(packet, out) < 0 ? HW_EPROTOCOL : 1;
}

bool eio_payload_fits(const struct eio_payload *p, size_t packet_bytes)
{
    return p->packets == 0 || (p->used < p->limit && packet_bytes < p->limit - p->used);
}

bool eio_payload_count(struct eio_payload *p, size_t packet_bytes)
{
    bool separator = p->packets++ > 0;
    p->used += packet_bytes + separator;
    return separator;
}

size_t eio_binary_size(size_t n)
{
    return 1 + (n + 2) / 3 * 4;
}

bool eio_payload_add_text(struct eio_payload *p, struct slice packet, struct buf *out)
{
    if (!eio_payload_fits(p, packet.n)) return false;
    if (eio_payload_count(p, packet.n)) buf_add_char(out, EIO_SEPARATOR);
    buf_add_slice(out, packet);
    return true;
}

bool eio_payload_add_binary(struct eio_payload *p, struct slice data, struct buf *out)
{
    size_t size = eio_binary_size(data.n);
    if (data.n > INT32_MAX / 2 || !eio_payload_fits(p, size)) return false;
    if (eio_payload_count(p, size)) buf_add_char(out, EIO_SEPARATOR);
    buf_add_char(out, 'b');
    if (!data.n) return true;
    char *to = buf_reserve(out, size); // with EVP_EncodeBlock's NUL
    out->n += (size_t)EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)data.p, (int)data.n);
    return true;
}

// ---- the open packet ------------------------------------------------------------------------------------------------

void eio_write_open(struct buf *out, const struct eio_open *o)
{
    struct jw w;
    buf_add_char(out, EIO_OPEN);
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "sid", o->sid);
    jw_kraw(&w, "upgrades", o->websocket ? SLICE_LIT("[\"websocket\"]") : SLICE_LIT("[]"));
    jw_ki64(&w, "pingInterval", o->ping_interval_ms);
    jw_ki64(&w, "pingTimeout", o->ping_timeout_ms);
    jw_ki64(&w, "maxPayload", o->max_payload);
    jw_obj_end(&w);
}

static int read_open_members(const json_t *obj, struct eio_open *out, struct err *e)
{
    const char *sid;
    int64_t day_ms = 24LL * 3600 * 1000;
    int rc = json_get_str(obj, "sid", NULL, &sid, e);
    if (rc == 0 && (!sid || !*sid || strlen(sid) >= sizeof out->sid))
        rc = err_field(e, HW_EPROTOCOL, "sid", "sid: a text of 1 to %d bytes is wanted", EIO_SID_SIZE - 1);
    if (rc == 0) strcpy(out->sid, sid);
    if (rc == 0) rc = json_get_i64(obj, "pingInterval", 25000, 1, day_ms, &out->ping_interval_ms, e);
    if (rc == 0) rc = json_get_i64(obj, "pingTimeout", 20000, 1, day_ms, &out->ping_timeout_ms, e);
    if (rc == 0) rc = json_get_i64(obj, "maxPayload", 1000000, 1, INT64_MAX, &out->max_payload, e);
    if (rc < 0) return rc;
    const json_t *upgrades = json_object_get(obj, "upgrades");
    for (size_t i = 0; i < json_array_size(upgrades); i++) {
        const char *name = json_string_value(json_array_get(upgrades, i));
        if (name && strcmp(name, "websocket") == 0) out->websocket = true;
    }
    return 0;
}

int eio_read_open(struct slice data, struct eio_open *out, struct err *e)
{
    *out = (struct eio_open){0};
    json_t *obj = json_read_object(data, e);
    int rc = obj ? read_open_members(obj, out, e) : HW_EPROTOCOL;
    json_decref(obj);
    if (rc == 0) return 0;
    err_prefix(e, "Engine.IO open packet");
    if (e) e->code = HW_EPROTOCOL;
    return HW_EPROTOCOL;
}
