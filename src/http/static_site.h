// Serves compiled-in files: a single-page application. Paths without a dot that name no file get /index.html (the
// page's own routes). ETag and If-None-Match, the best encoding the client takes, security headers.
#ifndef HW_HTTP_STATIC_SITE_H
#define HW_HTTP_STATIC_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct request;
struct router;
struct static_site;

struct static_file {
    const char *path; // "/index.html", "/assets/app-3f2a.js"
    const char *mime;
    const char *etag; // as the header carries it: quoted, or W/ and quoted
    struct slice identity;
    struct slice gzip, br; // empty: not worth it
    bool immutable;        // the name changes with the content: caches may keep it for ever
};

// Copies the table; what it points to must live for ever.
struct static_site *static_site_new(const struct static_file *files, size_t n);
void static_site_free(struct static_site *s);

void static_site_routes(struct router *r, struct static_site *s); // becomes the router's fallback

#endif
