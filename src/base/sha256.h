// SHA-256 (FIPS 180-4), incremental, with the processor's own instructions where it has them. For checksums of files;
// it links nothing.
#ifndef HW_BASE_SHA256_H
#define HW_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64]; // the first bytes % 64 of it are waiting
    bool fast; // the processor has instructions for it; asked once, for the question is slow in a virtual machine
};

#define SHA256_HEX_SIZE 65

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_end(struct sha256 *s, uint8_t digest[32]); // init before using it again
void sha256_end_hex(struct sha256 *s, char out[SHA256_HEX_SIZE]);

// The portable compression function, which the fast one is compared with.
void sha256_blocks_portable(uint32_t state[8], const uint8_t *p, size_t blocks);

#endif
