// Socket.IO protocol 5: packets within Engine.IO messages, for server and client. Strict: what is malformed is an
// error, upon which the connection is closed.
//
// A packet is: type, attachment count and "-" if binary, namespace and "," unless "/", ack id, JSON payload:
//     2["event",{…}]      51-/admin,12["event",{"_placeholder":true,"num":0}] and one binary message
// Text goes into an Engine.IO message: "4" (EIO_MESSAGE) before what sio_write_* appends.
#ifndef HW_PROTO_SOCKETIO_H
#define HW_PROTO_SOCKETIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define SIO_MAX_ATTACHMENTS 16
#define SIO_NO_ID           UINT64_MAX // no acknowledgement is asked for

enum sio_type {
    SIO_CONNECT = 0,
    SIO_DISCONNECT = 1,
    SIO_EVENT = 2,
    SIO_ACK = 3,
    SIO_CONNECT_ERROR = 4,
    SIO_BINARY_EVENT = 5,
    SIO_BINARY_ACK = 6,
};

struct sio_packet {
    enum sio_type type;
    uint64_t id;          // SIO_NO_ID: none
    unsigned attachments; // binary types: how many binary messages belong to it
    struct buf *blobs;    // the attachments, once they came (sio_assembler_*); owned
    char *nsp;            // "/" or "/name" (without query); owned
    json_t *payload;      // owned; NULL: none. EVENT: array, first the name; ACK: array; CONNECT: object
};

// Frees what the packet owns. A zeroed packet is fine.
void sio_packet_release(struct sio_packet *p);

// Decodes one text packet: 0 or HW_EPROTOCOL, with a sentence in `e` and *out zeroed. Checked: the payload's shape for
// its type (EVENT: a non-empty array that starts with a string which isn't a reserved name), the id (ACK: required), at
// most SIO_MAX_ATTACHMENTS attachments, each placeholder's number within their count.
int sio_decode(struct slice text, struct sio_packet *out, struct err *e);

const char *sio_event_name(const struct sio_packet *p);            // of EVENT and BINARY_EVENT
const json_t *sio_event_arg(const struct sio_packet *p, size_t i); // argument i from 0; NULL: there is none
size_t sio_event_args(const struct sio_packet *p);                 // how many
// The attachment that a placeholder object stands for; .p NULL if `v` is no placeholder.
struct slice sio_blob(const struct sio_packet *p, const json_t *v);

// ---- reassembly of packets with binary attachments ------------------------------------------------------------------

// Embed it. Holds at most one unfinished packet.
struct sio_assembler {
    struct sio_packet pending;
    unsigned have;
    size_t bytes, max_bytes;
    bool waiting;
};
void sio_assembler_init(struct sio_assembler *a, size_t max_bytes); // of all attachments of a packet together
void sio_assembler_release(struct sio_assembler *a);
// Both: 1: *out is a complete packet, the caller's to release; 0: attachments are still to come; HW_EPROTOCOL (also
// text amid attachments, or binary without a packet that wants it), HW_ETOOBIG.
int sio_assembler_text(struct sio_assembler *a, struct slice text, struct sio_packet *out, struct err *e);
int sio_assembler_binary(struct sio_assembler *a, struct slice data, struct sio_packet *out, struct err *e);

// ---- writing: each appends one packet. `nsp`: "/" or "/name". Payloads are JSON texts, taken as they are.

void sio_write_connect(struct buf *out, const char *nsp, struct slice payload); // {"sid":…}, auth, or empty
void sio_write_connect_error(struct buf *out, const char *nsp, const char *message);
void sio_write_disconnect(struct buf *out, const char *nsp);
void sio_write_event(struct buf *out, const char *nsp, uint64_t id, struct slice event,
                     struct slice arg);                                              // arg empty: none
void sio_write_ack(struct buf *out, const char *nsp, uint64_t id, struct slice arg); // arg empty: []
// The head of a binary packet whose `args` ("\"name\",{…}" without brackets; of an ack the arguments) hold placeholders
// 0 … n-1; n binary messages follow it.
void sio_write_binary(struct buf *out, enum sio_type type, unsigned attachments, const char *nsp, uint64_t id,
                      struct slice args);

#endif
