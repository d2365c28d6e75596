// Sec-WebSocket-Extensions (RFC 6455 §9.1): the list of a request or of a response, and permessage-deflate's parameters
// in it (RFC 7692 §7.1). Pure; nothing is allocated.
//
//     struct ws_extensions list = {header_value};
//     while ((kind = ws_extensions_next(&list, &params)) != WS_EXTENSIONS_END) …
#ifndef HW_PROTO_WS_EXTENSIONS_H
#define HW_PROTO_WS_EXTENSIONS_H

#include <stdbool.h>

#include "base/slice.h"

struct ws_deflate_params {
    bool server_no_context_takeover, client_no_context_takeover;
    int server_max_window_bits; // 8 to 15; 0: not named
    int client_max_window_bits; // 8 to 15; 0: not named; -1: named without a value
};

enum ws_extension {
    WS_EXTENSIONS_END,
    WS_EXTENSIONS_MALFORMED, // not of the header's syntax: the connection is to be failed; END follows
    WS_EXTENSION_OTHER,      // unknown, or permessage-deflate with a parameter that is unknown, repeated or ill-valued,
                             // for which RFC 7692 §7.1 wants it declined
    WS_EXTENSION_DEFLATE,
};

struct ws_extensions {
    struct slice rest; // the header's value; what has been read is taken off
};

// The next element of the list. Empty elements are passed over (RFC 9110 §5.6.1.2), an empty list is no error.
enum ws_extension ws_extensions_next(struct ws_extensions *list, struct ws_deflate_params *params);

#endif
