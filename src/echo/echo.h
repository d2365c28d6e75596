// The two applications of protocol-echo: they say back what they are told, so that a test sees each part of the
// protocols from outside.
#ifndef HW_ECHO_ECHO_H
#define HW_ECHO_ECHO_H

struct eio_app_ops;
struct sio_app_ops;

// Each message of a client comes back to it: text as text, binary as binary.
extern const struct eio_app_ops engineio_echo;

// Namespaces "/" and "/custom". A client that connects gets the event "auth" with what it sent along ({} if nothing).
//   message          comes back as the event message-back, with the same arguments
//   message-with-ack is acknowledged with its arguments
//   emit-with-ack    comes back under its name and asks for an acknowledgement, whose arguments come as that event
//   again leave            disconnects the client from the namespace close            closes the client
// Its application pointer is the loop.
extern const struct sio_app_ops socketio_echo;

#endif
