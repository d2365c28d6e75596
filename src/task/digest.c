#include "task/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sha256.h"

struct digest {
    enum digest_kind kind;
    struct sha256 sha256;
    EVP_MD_CTX *sha1;
};

struct digest *digest_new(enum digest_kind kind, int64_t size)
{
    struct digest *d = mem_zalloc(sizeof *d);
    d->kind = kind;
    if (kind == DIGEST_SHA256) sha256_init(&d->sha256);
    if (kind != DIGEST_GIT) return d;
    char head[48];
    int n = snprintf(head, sizeof head, "blob %lld", (long long)size);
    d->sha1 = EVP_MD_CTX_new();
    if (!d->sha1 || EVP_DigestInit_ex(d->sha1, EVP_sha1(), NULL) != 1) mem_exhausted(0);
    EVP_DigestUpdate(d->sha1, head, (size_t)n + 1);
    return d;
}

void digest_add(struct digest *d, const void *data, size_t n)
{
    if (d->kind == DIGEST_SHA256) sha256_add(&d->sha256, data, n);
    if (d->kind == DIGEST_GIT) EVP_DigestUpdate(d->sha1, data, n);
}

void digest_end(struct digest *d, char hex[DIGEST_HEX_SIZE])
{
    hex[0] = 0;
    if (d->kind == DIGEST_SHA256) sha256_end_hex(&d->sha256, hex);
    if (d->kind != DIGEST_GIT) return;
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_DigestFinal_ex(d->sha1, raw, &n);
    for (unsigned i = 0; i < n && i < 32; i++) snprintf(hex + (size_t)i * 2, 3, "%02x", raw[i]);
}

void digest_free(struct digest *d)
{
    if (!d) return;
    EVP_MD_CTX_free(d->sha1);
    free(d);
}
