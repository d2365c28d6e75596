// Engine.IO protocol 4: packets, polling payloads, the open packet and the checks of a request's query. Pure functions,
// for server and client.
#ifndef HW_PROTO_ENGINEIO_H
#define HW_PROTO_ENGINEIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "proto/http.h"

#define EIO_SEPARATOR '\x1e' // between packets of a polling payload
#define EIO_SID_SIZE  64     // longest session id, with its NUL

// A text packet is its type's character and its data: "4hello". A binary packet is always a message.
enum eio_type {
    EIO_OPEN = '0',
    EIO_CLOSE = '1',
    EIO_PING = '2',
    EIO_PONG = '3',
    EIO_MESSAGE = '4',
    EIO_UPGRADE = '5',
    EIO_NOOP = '6',
};

struct eio_packet {
    enum eio_type type;
    bool binary;
    struct slice data;
};

// One text packet (a WebSocket text message): 0, or HW_EPROTOCOL if it is empty or of unknown type.
int eio_decode(struct slice text, struct eio_packet *out);
void eio_encode(struct buf *out, enum eio_type type, struct slice data);

// ---- polling payloads -----------------------------------------------------------------------------------------------

// Cuts the next packet off `rest`: 1, 0 at the end, HW_EPROTOCOL. An empty payload has no packets; an empty packet
// within one is an error. Binary ("b" and base64) is decoded into `scratch`, which the packet then points to.
int eio_payload_next(struct slice *rest, struct buf *scratch, struct eio_packet *out);

// Builds a payload packet by packet, bounded: each call says whether the packet goes in, and whether a separator goes
// before it. The first packet always fits (a message above the limit must still leave). Use it to count when the pieces
// are gathered for writev, or with eio_payload_add_* to copy them.
struct eio_payload {
    size_t limit; // the peer's maxPayload
    size_t used;
    unsigned packets;
};
bool eio_payload_fits(const struct eio_payload *p, size_t packet_bytes);
// Counts the packet in; true: EIO_SEPARATOR goes before it.
bool eio_payload_count(struct eio_payload *p, size_t packet_bytes);

size_t eio_binary_size(size_t n); // of "b" and base64
// Both append to `out`, the separator included, and return false (nothing added) where it doesn't fit.
bool eio_payload_add_text(struct eio_payload *p, struct slice packet, struct buf *out); // packet: "4…", already encoded
bool eio_payload_add_binary(struct eio_payload *p, struct slice data, struct buf *out);

// ---- the open packet ------------------------------------------------------------------------------------------------

struct eio_open {
    char sid[EIO_SID_SIZE];
    bool websocket; // "websocket" is among the upgrades
    int64_t ping_interval_ms, ping_timeout_ms;
    int64_t max_payload; // bytes
};
void eio_write_open(struct buf *out, const struct eio_open *o);            // "0{…}"
int eio_read_open(struct slice data, struct eio_open *out, struct err *e); // data of an EIO_OPEN packet; HW_EPROTOCOL

// ---- requests -------------------------------------------------------------------------------------------------------

enum eio_error {
    EIO_OK = -1,
    EIO_TRANSPORT_UNKNOWN = 0,
    EIO_SID_UNKNOWN = 1,
    EIO_BAD_HANDSHAKE_METHOD = 2,
    EIO_BAD_REQUEST = 3,
    EIO_FORBIDDEN = 4, // the caller's: Origin or Host refused
    EIO_UNSUPPORTED_VERSION = 5,
};

enum eio_transport { EIO_POLLING, EIO_WEBSOCKET };

struct eio_request {
    enum eio_transport transport;
    char sid[EIO_SID_SIZE]; // "": a handshake
};

// Reads EIO, transport and sid from the query and checks them against the method and the upgrade, in the order of the
// reference server. What only the table of sessions can tell is left: a sid without session is EIO_SID_UNKNOWN, one
// whose session uses another transport EIO_BAD_REQUEST (see eio_session_poll).
enum eio_error eio_request_check(const struct http_request *req, struct eio_request *out);
int eio_error_status(enum eio_error error);              // 403 for EIO_FORBIDDEN, else 400
void eio_write_error(struct buf *out, enum eio_error e); // {"code":1,"message":"Session ID unknown"}

#endif
