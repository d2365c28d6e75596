#include "http/origin.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/mem.h"

struct name {
    struct name *next;
    size_t n;
    char text[];
};

struct origin_policy {
    struct name *origins; // "https://a.example"
    struct name *hosts;   // "a.example"
    const char *setting;
};

static void add(struct name **list, struct slice s)
{
    struct name *e = mem_alloc(sizeof *e + s.n + 1);
    e->next = *list;
    e->n = s.n;
    memcpy(e->text, s.p, s.n);
    e->text[s.n] = 0;
    *list = e;
}

static bool has(const struct name *list, struct slice s)
{
    for (; list; list = list->next) {
        if (list->n == s.n && strncasecmp(list->text, s.p, s.n) == 0) return true;
    }
    return false;
}

static void free_list(struct name *list)
{
    while (list) {
        struct name *next = list->next;
        free(list);
        list = next;
    }
}

void origin_policy_free(struct origin_policy *p)
{
    if (!p) return;
    free_list(p->origins);
    free_list(p->hosts);
    free(p);
}

void origin_policy_add_host(struct origin_policy *p, struct slice host)
{
    add(&p->hosts, host);
}

// The authority of "http://host:port" or "https://…", empty for anything else.
static struct slice authority(struct slice origin)
{
    size_t skip = 0;
    if (origin.n > 7 && strncasecmp(origin.p, "http://", 7) == 0) skip = 7;
    if (origin.n > 8 && strncasecmp(origin.p, "https://", 8) == 0) skip = 8;
    if (!skip) return slice_of(NULL, 0);
    struct slice a = slice_of(origin.p + skip, origin.n - skip);
    return memchr(a.p, '/', a.n) ? slice_of(NULL, 0) : a;
}

// Without the port, and without the brackets of an IPv6 address.
static struct slice host_of(struct slice authority_)
{
    if (authority_.n && authority_.p[0] == '[') {
        const char *end = memchr(authority_.p, ']', authority_.n);
        return end ? slice_of(authority_.p + 1, (size_t)(end - authority_.p - 1)) : slice_of(NULL, 0);
    }
    return slice_cut(&authority_, ':');
}

struct origin_policy *origin_policy_new(struct slice allowed, const char *setting, struct err *e)
{
    struct origin_policy *p = mem_zalloc(sizeof *p);
    p->setting = setting;
    while (allowed.n) {
        struct slice origin = slice_trim(slice_cut(&allowed, ','));
        if (origin.n && origin.p[origin.n - 1] == '/') origin.n--;
        if (origin.n == 0) continue;
        struct slice host = host_of(authority(origin));
        if (host.n == 0) {
            err_field(
                e, HW_EVALIDATION, setting,
                "\"%.*s\" is no origin; accepted are origins separated by commas, such as https://lab.example:8443",
                (int)(origin.n < 200 ? origin.n : 200), origin.p);
            origin_policy_free(p);
            return NULL;
        }
        add(&p->origins, origin);
        add(&p->hosts, host);
    }
    return p;
}

static bool is_address(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (host.n == 0 || host.n >= sizeof text) return false;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool host_ok(const struct origin_policy *p, struct slice host)
{
    static const char suffix[] = ".localhost";
    size_t n = sizeof suffix - 1;
    if (slice_is_nocase(host, "localhost") || is_address(host) || has(p->hosts, host)) return true;
    return host.n > n && strncasecmp(host.p + host.n - n, suffix, n) == 0;
}

static bool same_origin(struct slice origin, struct slice host)
{
    struct slice a = authority(origin);
    return host.p && a.n > 0 && a.n == host.n && strncasecmp(a.p, host.p, a.n) == 0;
}

static bool writes(const struct http_request *req)
{
    bool reads = req->method == HTTP_GET || req->method == HTTP_HEAD || req->method == HTTP_OPTIONS;
    return !reads || req->upgrade;
}

int origin_check(const struct origin_policy *p, const struct http_request *req, bool guarded, struct err *e)
{
    struct slice host = http_request_header(req, "Host");
    if (host.p && !host_ok(p, host_of(host)))
        return err_set(e, HW_EFORBIDDEN,
                       "this server isn't called \"%.*s\"; name the origin by which it is reached in %s",
                       (int)(host.n < 100 ? host.n : 100), host.p, p->setting);
    struct slice origin = http_request_header(req, "Origin");
    if (!origin.p || !(guarded || writes(req)) || req->method == HTTP_OPTIONS) return 0;
    if (same_origin(origin, host) || has(p->origins, origin)) return 0;
    return err_set(e, HW_EFORBIDDEN, "pages of \"%.*s\" may not use this server; allow the origin in %s",
                   (int)(origin.n < 100 ? origin.n : 100), origin.p, p->setting);
}

bool origin_wants_cors(const struct origin_policy *p, const struct http_request *req)
{
    struct slice origin = http_request_header(req, "Origin");
    return origin.p && has(p->origins, origin);
}
