// SHA-256 against the examples of FIPS 180-4 and against itself: any cutting of the input, and the portable rounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/sha256.h"

static void expect(const char *text, size_t n, const char *hex)
{
    struct sha256 s;
    char got[SHA256_HEX_SIZE];
    sha256_init(&s);
    sha256_add(&s, text, n);
    sha256_end_hex(&s, got);
    assert_string_equal(got, hex);
}

static void known_digests(void **state)
{
    (void)state;
    expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = mem_alloc(1000000);
    memset(million, 'a', 1000000);
    expect(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void pieces_of_any_size_give_the_same_digest(void **state)
{
    (void)state;
    uint8_t data[300], whole[32], pieces[32];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 37 + 11);
    for (size_t n = 0; n <= sizeof data; n++) {
        struct sha256 s;
        sha256_init(&s);
        sha256_add(&s, data, n);
        sha256_end(&s, whole);
        for (size_t step = 1; step < 70; step += 13) {
            sha256_init(&s);
            for (size_t at = 0; at < n; at += step) sha256_add(&s, data + at, n - at < step ? n - at : step);
            sha256_end(&s, pieces);
            assert_memory_equal(whole, pieces, 32);
        }
    }
}

static void portable_rounds_agree(void **state)
{
    (void)state;
    uint8_t data[64 * 5];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * i + 3);
    struct sha256 s;
    sha256_init(&s);
    uint32_t portable[8];
    memcpy(portable, s.state, sizeof portable);
    sha256_blocks_portable(portable, data, 5);
    sha256_add(&s, data, sizeof data);
    assert_memory_equal(portable, s.state, sizeof portable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(pieces_of_any_size_give_the_same_digest),
        cmocka_unit_test(portable_rounds_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
