#include "fixture.h"

#include "monitor/memory.h"

static void memory_is_in_bytes_and_adds_up(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct memory_sample m = parse_meminfo(fixture(&b, "workstation-6.12/proc/meminfo"));
    assert_u64(m.total, 65704752ull * 1024);
    assert_u64(m.available, 49278564ull * 1024);
    assert_u64(m.free, 12058624ull * 1024);
    assert_u64(m.used, (65704752ull - 49278564) * 1024);
    assert_u64(m.swap_total, 8388604ull * 1024);
    assert_u64(m.swap_used, (8388604ull - 8126460) * 1024);
    buf_release(&b);
}

static void memory_of_a_kernel_that_does_not_tell_what_is_available_is_absent(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct memory_sample m = parse_meminfo(fixture(&b, "server-2.6.32/proc/meminfo"));
    assert_u64(m.total, 3924692ull * 1024);
    assert_absent(m.available);
    assert_absent(m.used);
    assert_u64(m.free, 212332ull * 1024);
    assert_u64(m.swap_used, 0);
    buf_release(&b);
}

static void memory_without_swap_has_none_used(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct memory_sample m = parse_meminfo(fixture(&b, "container-5.10-arm64/proc/meminfo"));
    assert_u64(m.swap_total, 0);
    assert_u64(m.swap_used, 0);
    assert_absent(percent_of(m.swap_used, m.swap_total));
    buf_release(&b);
}

static void memory_text_that_makes_no_sense_gives_nothing(void **state)
{
    (void)state;
    assert_absent(parse_meminfo(slice_str("")).total);
    assert_absent(parse_meminfo(slice_str("MemTotal:   100")).total);         // cut off
    assert_absent(parse_meminfo(slice_str("MemTotal:   100 pages\n")).total); // another unit
    assert_absent(parse_meminfo(slice_str("MemTotal:   18446744073709551615 kB\n")).total);
    struct memory_sample m = parse_meminfo(slice_str("MemTotal: 10 kB\nMemAvailable: 11 kB\n"));
    assert_absent(m.used); // more available than there is
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_in_bytes_and_adds_up),
        cmocka_unit_test(memory_of_a_kernel_that_does_not_tell_what_is_available_is_absent),
        cmocka_unit_test(memory_without_swap_has_none_used),
        cmocka_unit_test(memory_text_that_makes_no_sense_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
