#include "base/id.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void id_random_bytes(void *out, size_t n)
{
    char *p = out;
    while (n) {
        ssize_t r = getrandom(p, n, 0);
        if (r < 0) {
            if (errno == EINTR) continue;
            perror("headway: getrandom");
            abort();
        }
        p += r;
        n -= (size_t)r;
    }
}

void id_new(const char *prefix, char out[ID_SIZE])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's 32
    uint8_t bits[15];
    id_random_bytes(bits, sizeof bits);
    int at = snprintf(out, ID_SIZE, "%.7s_", prefix);
    for (size_t i = 0; i < sizeof bits; i++) out[at++] = digits[bits[i] & 31];
    out[at] = 0;
}

void id_token(char *out, size_t n)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
    id_random_bytes(out, n);
    for (size_t i = 0; i < n; i++) out[i] = digits[(unsigned char)out[i] & 63];
    out[n] = 0;
}
