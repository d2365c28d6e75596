#include "server/settings_api.h"

#include <string.h>

#include "base/json.h"
#include "http/request.h"
#include "http/router.h"
#include "server/settings.h"

static const char *storage(const struct settings *s)
{
    return s->database_url && strncmp(s->database_url, "postgres", strlen("postgres")) == 0 ? "postgresql" : "sqlite";
}

static void settings_get(struct request *req, void *ctx)
{
    const struct settings *s = ctx;
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "storage", storage(s));
    jw_key(&w, "items");
    settings_write(&w, s);
    jw_obj_end(&w);
    request_reply(req, 200, &body);
}

static const struct route routes[] = {{"GET", "/api/v1/settings", settings_get}};

void settings_routes(struct router *r, const struct settings *s)
{
    router_add(r, routes, sizeof routes / sizeof *routes, (void *)s);
}
