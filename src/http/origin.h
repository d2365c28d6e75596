// Who may talk to this server from inside a browser.
//
// Host: the name by which the browser reached the server must be one of the server's own: an IP address, localhost, the
// address it listens on, or the host of an allowed origin. A page of another site that had its name pointed to this
// machine (DNS rebinding) is so refused.
// Origin: a page of another site may neither write, nor open a WebSocket or poll. Requests without Origin (curl,
// programs, plain navigation) pass.
#ifndef HW_HTTP_ORIGIN_H
#define HW_HTTP_ORIGIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "proto/http.h"

struct origin_policy;

// `allowed`: "https://a.example, http://b.example:3000"; empty: the same origin only. `setting` is where they are
// written (it lives for ever): errors and refusals name it. NULL with HW_EVALIDATION naming the entry that is no
// origin.
struct origin_policy *origin_policy_new(struct slice allowed, const char *setting, struct err *e);
void origin_policy_free(struct origin_policy *p);
// Another name of this server ("headway.lan"): the host it listens on.
void origin_policy_add_host(struct origin_policy *p, struct slice host);

// 0 or HW_EFORBIDDEN. Reads pass whatever their Origin, unless the path is `guarded` (router.h): without CORS headers
// the other site's page can't see them.
int origin_check(const struct origin_policy *p, const struct http_request *req, bool guarded, struct err *e);
// Is the request from a page of an allowed other origin, which gets CORS headers?
bool origin_wants_cors(const struct origin_policy *p, const struct http_request *req);

#endif
