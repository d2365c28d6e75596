#include "monitor/memory.h"

#include "monitor/scan.h"

static struct opt_u64 minus(struct opt_u64 a, struct opt_u64 b)
{
    return a.valid && b.valid && a.v >= b.v ? some_u64(a.v - b.v) : NO_U64;
}

struct memory_sample parse_meminfo(struct slice text)
{
    struct memory_sample m = {0};
    struct opt_u64 swap_free = NO_U64;
    const struct {
        const char *key;
        struct opt_u64 *into;
    } wanted[] = {
        {"MemTotal", &m.total},       {"MemFree", &m.free},     {"MemAvailable", &m.available},
        {"SwapTotal", &m.swap_total}, {"SwapFree", &swap_free},
    };

    struct slice line;
    while (scan_line(&text, &line) && !(swap_free.valid && m.swap_total.valid)) {
        struct slice key = slice_cut(&line, ':');
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            if (!slice_is(key, wanted[i].key)) continue;
            uint64_t kib, bytes;
            if (scan_u64(&line, &kib) && slice_is(scan_word(&line), "kB") &&
                !__builtin_mul_overflow(kib, (uint64_t)1024, &bytes))
                *wanted[i].into = some_u64(bytes);
            break;
        }
    }
    m.used = minus(m.total, m.available);
    m.swap_used = minus(m.swap_total, swap_free);
    return m;
}
