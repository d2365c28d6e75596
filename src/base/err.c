#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_field

static const struct {
    int code;
    const char *name;
    int http;
} table[] = {
#define X(sym, value, name, http) {sym, name, http},
    HW_ERR_MAP(X)
#undef X
};

void err_clear(struct err *e)
{
    if (!e) return;
    e->code = 0;
    e->field[0] = 0;
    e->message[0] = 0;
}

static int __attribute__((format(printf, 4, 0)))
set_v(struct err *e, int code, const char *field, const char *fmt, va_list ap)
{
    if (e) {
        // Format into a copy first: an argument may point into `e` itself.
        char text[sizeof e->message];
        vsnprintf(text, sizeof text, fmt, ap);
        e->code = code;
        snprintf(e->field, sizeof e->field, "%s", field);
        memcpy(e->message, text, sizeof text);
    }
    return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_v(e, code, "", fmt, ap);
    va_end(ap);
    return code;
}

int err_field(struct err *e, int code, const char *field, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_v(e, code, field, fmt, ap);
    va_end(ap);
    return code;
}

int err_sys(struct err *e, int sys, const char *fmt, ...)
{
    int code = sys == ENOSPC || sys == EDQUOT ? HW_EDISKFULL : sys == ENOENT ? HW_ENOTFOUND : HW_EIO;
    va_list ap;
    va_start(ap, fmt);
    set_v(e, code, "", fmt, ap);
    va_end(ap);
    if (e) {
        size_t n = strlen(e->message);
        snprintf(e->message + n, sizeof e->message - n, ": %s", strerror(sys));
    }
    return code;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
    if (!e) return;
    char text[sizeof e->message];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0) return;
    size_t used = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    snprintf(text + used, sizeof text - used, ": %s", e->message);
    memcpy(e->message, text, sizeof text);
}

const char *err_name(int code)
{
    if (code == 0) return "ok";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) return table[i].name;
    return "unknown";
}

int err_http_status(int code)
{
    if (code >= 0) return 200;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) return table[i].http;
    return 500;
}
