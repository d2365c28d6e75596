// Writing Socket.IO packets.
#include "base/json.h"
#include "proto/socketio.h"

static void write_head(struct buf *out, enum sio_type type, unsigned attachments, const char *nsp, uint64_t id)
{
    buf_add_char(out, (char)('0' + type));
    if (type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK) buf_addf(out, "%u-", attachments);
    if (strcmp(nsp, "/") != 0) {
        buf_add_str(out, nsp);
        buf_add_char(out, ',');
    }
    if (id != SIO_NO_ID) buf_addf(out, "%llu", (unsigned long long)id);
}

void sio_write_connect(struct buf *out, const char *nsp, struct slice payload)
{
    write_head(out, SIO_CONNECT, 0, nsp, SIO_NO_ID);
    buf_add_slice(out, payload);
}

void sio_write_connect_error(struct buf *out, const char *nsp, const char *message)
{
    struct jw w;
    write_head(out, SIO_CONNECT_ERROR, 0, nsp, SIO_NO_ID);
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "message", message);
    jw_obj_end(&w);
}

void sio_write_disconnect(struct buf *out, const char *nsp)
{
    write_head(out, SIO_DISCONNECT, 0, nsp, SIO_NO_ID);
}

void sio_write_event(struct buf *out, const char *nsp, uint64_t id, struct slice event, struct slice arg)
{
    struct jw w;
    write_head(out, SIO_EVENT, 0, nsp, id);
    jw_init(&w, out);
    jw_arr(&w);
    jw_slice(&w, event);
    if (arg.n) jw_raw(&w, arg);
    jw_arr_end(&w);
}

void sio_write_ack(struct buf *out, const char *nsp, uint64_t id, struct slice arg)
{
    write_head(out, SIO_ACK, 0, nsp, id);
    buf_add_char(out, '[');
    buf_add_slice(out, arg);
    buf_add_char(out, ']');
}

void sio_write_binary(struct buf *out, enum sio_type type, unsigned attachments, const char *nsp, uint64_t id,
                      struct slice args)
{
    write_head(out, type, attachments, nsp, id);
    buf_add_char(out, '[');
    buf_add_slice(out, args);
    buf_add_char(out, ']');
}
