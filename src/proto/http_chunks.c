// Chunked transfer coding (RFC 9112 §7.1): a byte-wise automaton for the lines, memmove for the data.
#include "proto/http_head.h"

// Bounds on what carries no data: a size line with its extensions, and all trailer lines together.
enum { MAX_SIZE_LINE = 256, MAX_TRAILERS = 4096, MAX_DIGITS = 15 };

enum {
    SIZE, // the zero state: a fresh struct starts here
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER,
    TRAILER_LF,
    END_LF,
};

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7F;
}

enum http_chunks_result http_chunks_join(struct http_chunks *c, char *p, size_t *from, size_t n, size_t *to,
                                         size_t *room)
{
    while (*from < n) {
        if (c->state == DATA) {
            size_t take = n - *from < c->left ? n - *from : (size_t)c->left;
            memmove(p + *to, p + *from, take);
            *from += take;
            *to += take;
            *room -= take;
            c->left -= take;
            if (c->left == 0) c->state = DATA_CR;
            continue;
        }
        unsigned char ch = (unsigned char)p[(*from)++];
        switch (c->state) {
        case SIZE: {
            int digit = hex_value(ch);
            if (digit >= 0) {
                if (++c->digits > MAX_DIGITS) return HTTP_CHUNKS_BAD;
                c->left = c->left << 4 | (unsigned)digit;
            } else if (c->digits == 0) {
                return HTTP_CHUNKS_BAD;
            } else if (ch == '\r') {
                c->state = SIZE_LF;
            } else if (ch == ';') {
                c->state = EXTENSION;
            } else {
                return HTTP_CHUNKS_BAD;
            }
            break;
        }
        case EXTENSION:
            if (ch == '\r') {
                c->state = SIZE_LF;
            } else if (is_control(ch) || ++c->line > MAX_SIZE_LINE) {
                return HTTP_CHUNKS_BAD;
            }
            break;
        case SIZE_LF:
            if (ch != '\n') return HTTP_CHUNKS_BAD;
            if (c->left > *room) return HTTP_CHUNKS_TOO_BIG;
            c->state = c->left ? DATA : TRAILER_START;
            c->digits = 0;
            c->line = 0;
            break;
        case DATA_CR:
            if (ch != '\r') return HTTP_CHUNKS_BAD;
            c->state = DATA_LF;
            break;
        case DATA_LF:
            if (ch != '\n') return HTTP_CHUNKS_BAD;
            c->state = SIZE;
            break;
        case TRAILER_START: c->state = ch == '\r' ? END_LF : TRAILER; __attribute__((fallthrough));
        case TRAILER: // Trailers are read over: nothing here wants them.
            if (++c->line > MAX_TRAILERS) return HTTP_CHUNKS_BAD;
            if (c->state == END_LF) break;
            if (ch == '\r') {
                c->state = TRAILER_LF;
            } else if (is_control(ch)) {
                return HTTP_CHUNKS_BAD;
            }
            break;
        case TRAILER_LF:
            if (ch != '\n') return HTTP_CHUNKS_BAD;
            c->state = TRAILER_START;
            break;
        case END_LF: return ch == '\n' ? HTTP_CHUNKS_DONE : HTTP_CHUNKS_BAD;
        }
    }
    return HTTP_CHUNKS_MORE;
}
