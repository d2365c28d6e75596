#include "task/http_get.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/slice.h"

enum { CONNECT_SECONDS = 30, REDIRECTS = 10 };

struct http_get {
    CURL *curl;
    int64_t stall_us;
    http_ask_fn ask;
    void *ask_ctx;
    char errors[CURL_ERROR_SIZE];
    // of the request under way
    const struct http_request *request;
    struct http_answer answer;
    bool begun, stalled;
    int64_t moved_us; // when a byte came last
    int rc;           // what ended it from within
    struct err why;
};

// ---- called by libcurl ----------------------------------------------------------------------------------------------

static int64_t number(struct slice s)
{
    unsigned long long v;
    return slice_u64(slice_trim(s), &v) && v < 1ULL << 60 ? (int64_t)v : -1;
}

// "bytes 100-199/200", where the last may be "*".
static void read_range(struct http_answer *a, struct slice value)
{
    value = slice_trim(value);
    if (!slice_starts(value, "bytes ")) return;
    struct slice rest = slice_of(value.p + 6, value.n - 6);
    struct slice range = slice_cut(&rest, '/');
    a->total = number(rest);
    a->from = number(slice_cut(&range, '-'));
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct http_get *h = arg;
    struct slice line = slice_of(data, size * n), value = line;
    h->moved_us = clock_mono_us();
    if (slice_starts(line, "HTTP/")) h->answer = (struct http_answer){.length = -1, .from = -1, .total = -1};
    struct slice name = slice_cut(&value, ':');
    while (value.n && strchr("\r\n", value.p[value.n - 1])) value.n--;
    value = slice_trim(value);
    if (slice_is_nocase(name, "etag") && value.n < sizeof h->answer.etag) {
        memcpy(h->answer.etag, value.p, value.n);
        h->answer.etag[value.n] = 0;
    }
    if (slice_is_nocase(name, "content-length")) h->answer.length = number(value);
    if (slice_is_nocase(name, "content-range")) read_range(&h->answer, value);
    return size * n;
}

static bool is_success(long status)
{
    return status == 200 || status == 206;
}

static int begin(struct http_get *h)
{
    h->begun = true;
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &h->answer.status);
    if (!is_success(h->answer.status)) return 0;
    return h->request->begin ? h->request->begin(h->request->ctx, &h->answer, &h->why) : 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct http_get *h = arg;
    h->moved_us = clock_mono_us();
    if (!h->begun) h->rc = begin(h);
    // What an error's page says is nobody's file.
    if (!h->rc && is_success(h->answer.status)) h->rc = h->request->body(h->request->ctx, data, size * n, &h->why);
    return h->rc ? CURL_WRITEFUNC_ERROR : size * n;
}

static int on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
    struct http_get *h = arg;
    (void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
    h->stalled = clock_mono_us() - h->moved_us > h->stall_us;
    if (!h->rc && h->ask) h->rc = h->ask(h->ask_ctx);
    return h->rc || h->stalled;
}

// ---- setting up
// -------------------------------------------------------------------------------------------------------

struct http_get *http_get_new(int stall_seconds, http_ask_fn ask, void *ctx)
{
    struct http_get *h = mem_zalloc(sizeof *h);
    h->stall_us = (int64_t)stall_seconds * 1000000;
    h->ask = ask;
    h->ask_ctx = ctx;
    h->curl = curl_easy_init();
    if (!h->curl) mem_exhausted(0);
    return h;
}

void http_get_free(struct http_get *h)
{
    if (!h) return;
    curl_easy_cleanup(h->curl);
    free(h);
}

static void set_up(struct http_get *h, const struct http_request *r)
{
    CURL *c = h->curl;
    bool https = strncmp(r->url, "https://", 8) == 0;
    const char *token = getenv("HF_TOKEN");
    curl_easy_reset(c); // the connection stays
    curl_easy_setopt(c, CURLOPT_URL, r->url);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "headway/" HEADWAY_VERSION);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->errors);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
    if (token && *token) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, token);
    }
}

// ---- what came of it
// --------------------------------------------------------------------------------------------------

static int of_status(long status, struct err *e)
{
    const char *hint = getenv("HF_TOKEN") ? "the token in HF_TOKEN doesn't open it"
                                          : "if it is private or gated, the worker needs HF_TOKEN in its environment";
    if (status == 404) return err_set(e, HW_ENOTFOUND, "the hub has nothing there (404)");
    if (status == 401 || status == 403)
        return err_set(e, HW_EVALIDATION, "the hub refuses it (%ld): there is no such thing, or %s", status, hint);
    if (status == 408 || status == 429 || status >= 500)
        return err_set(e, HW_EUNAVAILABLE, "the hub answered %ld", status);
    return err_set(e, HW_EPROTOCOL, "the hub answered %ld", status);
}

static int of_failure(struct http_get *h, CURLcode code, struct err *e)
{
    // Without what a redirect's address carries: it may be a key.
    const char *text = h->errors[0] ? h->errors : curl_easy_strerror(code);
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL: return err_set(e, HW_EPROTOCOL, "the hub redirects to what isn't http or https");
    case CURLE_TOO_MANY_REDIRECTS: return err_set(e, HW_EPROTOCOL, "the hub redirects more than %d times", REDIRECTS);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return err_set(e, HW_EVALIDATION, "the hub's certificate isn't good: %.200s", text);
    case CURLE_URL_MALFORMAT: return err_set(e, HW_EPROTOCOL, "the hub's address can't be understood");
    default:
        return err_set(e, HW_EUNAVAILABLE, "%s: %.200s",
                       h->begun ? "the connection was cut" : "the hub can't be reached", text);
    }
}

int http_get_run(struct http_get *h, const struct http_request *r, long *status, struct err *e)
{
    struct curl_slist *headers = NULL;
    char line[600];
    set_up(h, r);
    if (r->from > 0) {
        snprintf(line, sizeof line, "%lld-", (long long)r->from);
        curl_easy_setopt(h->curl, CURLOPT_RANGE, line);
        // A weak tag says that the meaning is the same; of bytes to go on from it says nothing (RFC 9110 §13.1.5).
        if (r->etag && r->etag[0] == '"') {
            snprintf(line, sizeof line, "If-Range: %s", r->etag);
            headers = curl_slist_append(NULL, line);
        }
        curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    }
    h->request = r;
    h->answer = (struct http_answer){.length = -1, .from = -1, .total = -1};
    h->begun = h->stalled = false;
    h->rc = 0;
    h->why = (struct err){0};
    h->errors[0] = 0;
    h->moved_us = clock_mono_us();
    CURLcode code = curl_easy_perform(h->curl);
    curl_slist_free_all(headers);
    if (code == CURLE_OK && !h->begun) h->rc = begin(h); // an empty body
    *status = h->answer.status;
    if (!h->begun) *status = 0;
    if (h->rc) {
        if (e) *e = h->why;
        return h->rc;
    }
    if (h->begun && !is_success(h->answer.status)) return of_status(h->answer.status, e);
    if (h->stalled) return err_set(e, HW_EUNAVAILABLE, "no byte came for %lld s", (long long)(h->stall_us / 1000000));
    return code == CURLE_OK ? 0 : of_failure(h, code, e);
}
