#include "http/http_reply.h"

#include <string.h>
#include <time.h>

#include "base/json.h"
#include "http/request_internal.h"
#include "net/conn.h"
#include "proto/http_response.h"

#define JOINED_BYTES 4096 // a body of at most this many bytes is copied behind its head
#define HEAD_BYTES   256  // what a head takes as a rule

static void put(char *at, int digits, int v)
{
    for (int i = digits - 1; i >= 0; i--, v /= 10) at[i] = (char)('0' + v % 10);
}

static void make_date(struct http_date *date, time_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm t;
    date->at = now;
    date->line[0] = 0;
    if (!gmtime_r(&now, &t)) return;
    // RFC 9110 §5.6.7; by hand, because strftime would use the user's language, and printf costs more than the rest of
    // the head together.
    char line[] = "Date: Sun, 00 Jan 0000 00:00:00 GMT\r\n";
    memcpy(line + 6, days + 3 * t.tm_wday, 3);
    put(line + 11, 2, t.tm_mday);
    memcpy(line + 14, months + 3 * t.tm_mon, 3);
    put(line + 18, 4, t.tm_year + 1900);
    put(line + 23, 2, t.tm_hour);
    put(line + 26, 2, t.tm_min);
    put(line + 29, 2, t.tm_sec);
    _Static_assert(sizeof line <= sizeof date->line, "the line has its place");
    memcpy(date->line, line, sizeof line);
}

static void add_date(struct buf *out, struct http_date *date)
{
    time_t now = time(NULL);
    if (date->at != now) make_date(date, now);
    buf_add_str(out, date->line);
}

static bool has_header(const struct buf *headers, const char *name)
{
    struct slice rest = buf_slice(headers);
    while (rest.n) {
        struct slice line = slice_cut(&rest, '\n');
        if (slice_is_nocase(slice_cut(&line, ':'), name)) return true;
    }
    return false;
}

void http_reply_write(struct conn *c, struct http_date *date, const struct request *req, struct reply *reply, bool keep)
{
    struct buf out = BUF_INIT;
    struct slice body = reply->body.n ? buf_slice(&reply->body) : reply->fixed;
    bool bodiless = reply->status == 204 || reply->status == 304;
    bool head_only = req->http->method == HTTP_HEAD;

    bool with_body = body.n && !bodiless && !head_only;
    bool joined = with_body && body.n <= JOINED_BYTES;

    buf_reserve(&out, HEAD_BYTES + req->headers.n + (joined ? body.n : 0));
    http_write_status(&out, reply->status);
    add_date(&out, date);
    if (reply->content_type) http_write_header(&out, "Content-Type", slice_str(reply->content_type));
    if (!has_header(&req->headers, "X-Content-Type-Options"))
        http_write_header(&out, "X-Content-Type-Options", SLICE_LIT("nosniff"));
    if (!has_header(&req->headers, "Cache-Control")) http_write_header(&out, "Cache-Control", SLICE_LIT("no-store"));
    buf_add_slice(&out, buf_slice(&req->headers));
    if (!keep)
        http_write_header(&out, "Connection", SLICE_LIT("close"));
    else if (req->http->http10)
        http_write_header(&out, "Connection", SLICE_LIT("keep-alive"));
    if (bodiless)
        http_write_end(&out);
    else
        http_write_end_length(&out, body.n);

    if (joined) buf_add_slice(&out, body);
    conn_write_buf(c, &out);
    if (!with_body || joined) return;
    if (reply->body.n)
        conn_write_buf(c, &reply->body);
    else
        conn_write_ref(c, reply->fixed, NULL, NULL);
}

static const char *code_of(int status)
{
    switch (status) {
    case 408: return "timeout";
    case 413:
    case 414:
    case 431: return "too_large";
    case 501:
    case 505: return "unsupported";
    case 503: return "unavailable";
    default: return "protocol";
    }
}

void http_reply_refusal(int status, const char *message, struct buf *out)
{
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_key(&w, "error");
    jw_obj(&w);
    jw_kstr(&w, "code", code_of(status));
    jw_kstr(&w, "message", message);
    jw_obj_end(&w);
    jw_obj_end(&w);
    http_write_simple(out, status, "application/json", buf_slice(&body), false, false);
    buf_release(&body);
}

void http_reply_add_cors(struct request *req)
{
    const char *origin = request_header(req, "Origin");
    if (!origin) return;
    request_add_header(req, "Access-Control-Allow-Origin", origin);
    request_add_header(req, "Access-Control-Allow-Credentials", "true");
    request_add_header(req, "Vary", "Origin");
}

bool http_reply_preflight(struct request *req)
{
    if (req->http->method != HTTP_OPTIONS || req->headers.n == 0) return false;
    if (!request_header(req, "Access-Control-Request-Method")) return false;
    request_add_header(req, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    const char *headers = request_header(req, "Access-Control-Request-Headers");
    if (headers) request_add_header(req, "Access-Control-Allow-Headers", headers);
    request_add_header(req, "Access-Control-Max-Age", "600");
    request_reply(req, 204, NULL);
    return true;
}
