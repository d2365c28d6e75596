// Serves compiled-in files: the dashboard. Paths without a dot that name no file get /index.html (the dashboard's own
// routes). ETag and If-None-Match, the best encoding the client takes, security headers.
#ifndef HW_API_STATIC_H
#define HW_API_STATIC_H

#include <stddef.h>

#include "api/dashboard_files.h"

struct request;
struct router;
struct static_site;

// Copies the table; what it points to must live for ever.
struct static_site *static_site_new(const struct static_file *files, size_t n);
struct static_site *static_site_dashboard(void);
void static_site_free(struct static_site *s);

void static_site_routes(struct router *r, struct static_site *s); // becomes the router's fallback

#endif
