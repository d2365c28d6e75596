// Socket.IO: a packet that is taken can be written again and reads the same; attachments are put together or refused.
// Text packets and attachments are separated by 0x1e; a piece that starts with 'b' is binary.
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/socketio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct sio_packet *p, struct buf *out)
{
    char *json = p->payload ? json_dumps(p->payload, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct slice payload = slice_str(json);
    struct slice inner = payload.n >= 2 ? slice_of(payload.p + 1, payload.n - 2) : payload;
    switch (p->type) {
    case SIO_CONNECT: sio_write_connect(out, p->nsp, payload); break;
    case SIO_DISCONNECT: sio_write_disconnect(out, p->nsp); break;
    case SIO_CONNECT_ERROR: sio_write_connect_error(out, p->nsp, "x"); break;
    case SIO_EVENT: {
        char *arg = sio_event_args(p) ? json_dumps(sio_event_arg(p, 0), JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        sio_write_event(out, p->nsp, p->id, slice_str(sio_event_name(p)), slice_str(arg));
        free(arg);
        break;
    }
    case SIO_ACK: sio_write_ack(out, p->nsp, p->id, inner); break;
    case SIO_BINARY_EVENT:
    case SIO_BINARY_ACK: sio_write_binary(out, p->type, p->attachments, p->nsp, p->id, inner); break;
    }
    free(json);
}

static void check(const struct sio_packet *p)
{
    struct buf out = BUF_INIT;
    struct sio_packet back;
    struct err e = {0};
    assert(p->nsp && p->nsp[0] == '/' && p->attachments <= SIO_MAX_ATTACHMENTS);
    write_again(p, &out);
    int rc = sio_decode(buf_slice(&out), &back, &e);
    // A namespace that holds what separates it can't be written; it can't be read either.
    assert(rc == 0 && back.type == p->type && back.id == p->id && back.attachments == p->attachments);
    assert(strcmp(back.nsp, p->nsp) == 0);
    (void)rc;
    if (p->type == SIO_ACK || p->type == SIO_CONNECT || p->attachments)
        assert(json_equal(back.payload, p->payload) || !p->payload);
    sio_packet_release(&back);
    buf_release(&out);
    for (size_t i = 0; i < sio_event_args(p); i++) {
        struct slice blob = sio_blob(p, sio_event_arg(p, i));
        assert(!blob.p || p->blobs);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_assembler a;
    sio_assembler_init(&a, 64);
    struct slice rest = slice_of(data, size);
    int rc = 0;
    while (rest.n && rc >= 0) {
        struct slice piece = slice_cut(&rest, '\x1e');
        struct sio_packet p;
        struct err e = {0};
        char *copy = mem_dup(piece.p, piece.n);
        bool binary = piece.n && piece.p[0] == 'b';
        if (binary)
            rc = sio_assembler_binary(&a, slice_of(copy + 1, piece.n - 1), &p, &e);
        else
            rc = sio_assembler_text(&a, slice_of(copy, piece.n), &p, &e);
        assert(rc >= 0 || (e.code == rc && e.message[0]));
        if (rc == 1) check(&p);
        sio_packet_release(&p);
        free(copy);
    }
    sio_assembler_release(&a);
    return 0;
}
