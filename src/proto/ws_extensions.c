// Sec-WebSocket-Extensions: its syntax (RFC 6455 §9.1), and permessage-deflate's parameters (RFC 7692 §7.1).
#include "proto/ws_extensions.h"

#include <string.h>

// ---- syntax ---------------------------------------------------------------------------------------------------------

static void skip_space(struct slice *s)
{
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t')) s->p++, s->n--;
}

static bool take_char(struct slice *s, char c)
{
    skip_space(s);
    if (s->n == 0 || s->p[0] != c) return false;
    s->p++, s->n--;
    return true;
}

// A token's characters (RFC 9110 §5.6.2).
static bool token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

// Empty: there is none.
static struct slice take_token(struct slice *s)
{
    skip_space(s);
    size_t n = 0;
    while (n < s->n && token_char(s->p[n])) n++;
    struct slice token = slice_of(s->p, n);
    s->p += n, s->n -= n;
    return token;
}

enum { VALUE_MAX = 16 }; // No value that means something is as long.

struct param {
    struct slice name;
    bool has_value;
    size_t n; // of the value; may exceed VALUE_MAX
    char value[VALUE_MAX];
};

static bool add_to_value(struct param *p, char c)
{
    if (p->n < VALUE_MAX) p->value[p->n] = c;
    p->n++;
    return token_char(c);
}

// What the quotes hold must be a token once the backslashes are taken away.
static bool take_quoted(struct slice *s, struct param *p)
{
    while (s->n && s->p[0] != '"') {
        if (s->p[0] == '\\') s->p++, s->n--;
        if (s->n == 0 || !add_to_value(p, s->p[0])) return false;
        s->p++, s->n--;
    }
    if (s->n == 0) return false;
    s->p++, s->n--;
    return p->n > 0;
}

// "name", "name=token" or "name=\"token\"", behind the ";". False: malformed.
static bool take_param(struct slice *s, struct param *p)
{
    *p = (struct param){.name = take_token(s)};
    if (p->name.n == 0) return false;
    if (!take_char(s, '=')) return true;
    p->has_value = true;
    if (take_char(s, '"')) return take_quoted(s, p);
    struct slice v = take_token(s);
    for (size_t i = 0; i < v.n; i++) add_to_value(p, v.p[i]);
    return v.n > 0;
}

// ---- parameters -----------------------------------------------------------------------------------------------------

// 8 to 15 in decimal without a leading zero (RFC 7692 §7.1.2); 0 if it is anything else.
static int window_bits(const struct param *p)
{
    if (p->n == 1) return p->value[0] == '8' || p->value[0] == '9' ? p->value[0] - '0' : 0;
    return p->n == 2 && p->value[0] == '1' && p->value[1] >= '0' && p->value[1] <= '5' ? 10 + p->value[1] - '0' : 0;
}

// False: unknown, repeated, or with a value it can't have.
static bool set_param(struct ws_deflate_params *o, const struct param *p)
{
    bool *flag = NULL;
    int *bits = NULL;
    if (slice_is_nocase(p->name, "server_no_context_takeover"))
        flag = &o->server_no_context_takeover;
    else if (slice_is_nocase(p->name, "client_no_context_takeover"))
        flag = &o->client_no_context_takeover;
    else if (slice_is_nocase(p->name, "server_max_window_bits"))
        bits = &o->server_max_window_bits;
    else if (slice_is_nocase(p->name, "client_max_window_bits"))
        bits = &o->client_max_window_bits;
    if (flag) {
        if (*flag || p->has_value) return false;
        *flag = true;
        return true;
    }
    if (!bits || *bits) return false;
    if (p->has_value)
        *bits = window_bits(p);
    else if (bits == &o->client_max_window_bits)
        *bits = -1;
    return *bits != 0;
}

enum ws_extension ws_extensions_next(struct ws_extensions *list, struct ws_deflate_params *params)
{
    struct slice *s = &list->rest;
    *params = (struct ws_deflate_params){0};
    while (take_char(s, ',')) {
    }
    if (s->n == 0) return WS_EXTENSIONS_END;
    struct slice name = take_token(s);
    bool ok = name.n > 0, fits = slice_is_nocase(name, "permessage-deflate");
    while (ok && take_char(s, ';')) {
        struct param p;
        ok = take_param(s, &p);
        fits = fits && ok && set_param(params, &p);
    }
    skip_space(s);
    if (!ok || (s->n && s->p[0] != ',')) {
        s->n = 0;
        return WS_EXTENSIONS_MALFORMED;
    }
    return fits ? WS_EXTENSION_DEFLATE : WS_EXTENSION_OTHER;
}
