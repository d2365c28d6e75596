#include "echo/echo.h"
#include "realtime/eio_server.h"

static void on_message(struct eio_client *c, struct slice data, bool binary)
{
    eio_client_send(c, data, binary);
}

static void on_closed(struct eio_client *c, enum eio_close why)
{
    (void)c, (void)why;
}

const struct eio_app_ops engineio_echo = {.message = on_message, .closed = on_closed};
