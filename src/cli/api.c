// Calls to a server's REST interface.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "client/http_client.h"

enum { TIMEOUT_MS = 60000 };

struct api {
    struct http_client *http;
    char *url;
};

int api_open(struct api **out, const char *server_url, struct err *e)
{
    struct api *a = mem_zalloc(sizeof *a);
    int rc = http_client_new(&a->http, server_url, e);
    if (rc) {
        free(a);
        return rc;
    }
    a->url = mem_strdup(server_url);
    *out = a;
    return 0;
}

void api_close(struct api *a)
{
    if (!a) return;
    http_client_free(a->http);
    free(a->url);
    free(a);
}

static int code_of_status(int status)
{
    switch (status) {
    case 400: return HW_EINVALID;
    case 403: return HW_EFORBIDDEN;
    case 404: return HW_ENOTFOUND;
    case 409: return HW_ECONFLICT;
    case 413: return HW_ETOOBIG;
    case 422: return HW_EVALIDATION;
    case 503: return HW_EUNAVAILABLE;
    case 507: return HW_EDISKFULL;
    default: return HW_EINTERNAL;
    }
}

// The server's own words: {"error":{"code","message","field"}}.
static int refused(int status, struct slice body, struct err *e)
{
    struct err ignored;
    json_t *v = json_read_object(body, &ignored);
    const json_t *err = json_object_get(v, "error");
    const char *message = json_string_value(json_object_get(err, "message"));
    const char *field = json_string_value(json_object_get(err, "field"));
    int rc = err_field(e, code_of_status(status), field ? field : "", "%s",
                       message ? message : "the server answered with an error that can't be read");
    json_decref(v);
    return rc;
}

int api_call(struct api *a, const char *method, const char *path, const json_t *body, json_t **reply, struct err *e)
{
    struct buf text = BUF_INIT, answer = BUF_INIT, full = BUF_INIT;
    if (body) {
        struct jw w;
        jw_init(&w, &text);
        jw_json(&w, body);
    }
    buf_addf(&full, "/api/v1%s", path);
    *reply = NULL;
    int status = http_client_request(a->http, method, buf_cstr(&full), buf_slice(&text), TIMEOUT_MS, &answer, e);
    int rc = 0;
    if (status < 0) {
        rc = status;
        if (rc == HW_EUNAVAILABLE)
            err_set(e, rc,
                    "no Headway server answers at %s; start one with \"headway serve\", or name it with --server",
                    a->url);
    } else if (status >= 300) {
        rc = refused(status, buf_slice(&answer), e);
    } else {
        *reply = json_read(buf_slice(&answer), e);
        if (!*reply) rc = e->code;
    }
    buf_release(&text);
    buf_release(&answer);
    buf_release(&full);
    return rc;
}
