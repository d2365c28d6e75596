#include "http/static_site.h"

#include <stdlib.h>

#include "base/mem.h"
#include "http/request.h"
#include "http/router.h"

// Scripts and styles come from here alone; inline styles are what charts and transitions need. blob: and data: images
// are charts saved as pictures.
#define CONTENT_SECURITY_POLICY                                                                                        \
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "            \
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors 'none'"

struct static_site {
    size_t n;
    struct static_file files[];
};

struct static_site *static_site_new(const struct static_file *files, size_t n)
{
    struct static_site *s = mem_zalloc(sizeof *s + n * sizeof s->files[0]);
    s->n = n;
    for (size_t i = 0; i < n; i++) s->files[i] = files[i];
    return s;
}

void static_site_free(struct static_site *s)
{
    free(s);
}

static const struct static_file *find(const struct static_site *s, const char *path)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->files[i].path, path) == 0) return &s->files[i];
    }
    return NULL;
}

// Does the Accept-Encoding list take `coding`? A weight of 0 refuses it (RFC 9110 §12.5.3).
static bool accepts(const char *header, const char *coding)
{
    struct slice rest = slice_str(header);
    while (rest.n) {
        struct slice params = slice_cut(&rest, ',');
        struct slice name = slice_trim(slice_cut(&params, ';'));
        if (!slice_is_nocase(name, coding)) continue;
        struct slice weight = slice_trim(params);
        bool zero = weight.n >= 3 && strncasecmp(weight.p, "q=0", 3) == 0;
        for (size_t i = 3; zero && i < weight.n; i++) zero = weight.p[i] == '.' || weight.p[i] == '0';
        return !zero;
    }
    return false;
}

static struct slice opaque_tag(struct slice etag)
{
    return slice_starts(etag, "W/") ? slice_of(etag.p + 2, etag.n - 2) : etag;
}

// The weak comparison, which If-None-Match asks for (RFC 9110 §8.8.3.2).
static bool etag_matches(const char *header, const char *etag)
{
    struct slice rest = slice_str(header), own = opaque_tag(slice_str(etag));
    while (rest.n) {
        struct slice one = slice_trim(slice_cut(&rest, ','));
        if (slice_is(one, "*") || slice_eq(opaque_tag(one), own)) return true;
    }
    return false;
}

static void send_file(struct request *req, const struct static_file *f)
{
    request_add_header(req, "ETag", f->etag);
    request_add_header(req, "Vary", "Accept-Encoding");
    request_add_header(req, "Cache-Control", f->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    request_add_header(req, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
    request_add_header(req, "X-Frame-Options", "DENY");
    request_add_header(req, "Referrer-Policy", "no-referrer");
    const char *known = request_header(req, "If-None-Match");
    if (known && etag_matches(known, f->etag)) {
        request_reply_static(req, 304, NULL, slice_of(NULL, 0));
        return;
    }
    const char *codings = request_header(req, "Accept-Encoding");
    struct slice body = f->identity;
    if (codings && f->br.n && accepts(codings, "br")) {
        request_add_header(req, "Content-Encoding", "br");
        body = f->br;
    } else if (codings && f->gzip.n && accepts(codings, "gzip")) {
        request_add_header(req, "Content-Encoding", "gzip");
        body = f->gzip;
    }
    request_reply_static(req, 200, f->mime, body);
}

static void serve(struct request *req, void *ctx)
{
    const struct static_site *s = ctx;
    const char *path = request_path(req);
    const struct static_file *f = find(s, path);
    if (!f && !strchr(path, '.')) f = find(s, "/index.html");
    if (f)
        send_file(req, f);
    else
        request_fail(req, HW_ENOTFOUND, NULL, "there is no %.200s here", path);
}

void static_site_routes(struct router *r, struct static_site *s)
{
    router_set_fallback(r, serve, s);
}
