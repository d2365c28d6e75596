#include "fixture.h"

#include "monitor/disk.h"

static void diskstats_lists_every_device(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct disk_list l = {0};
    parse_diskstats(fixture(&b, "workstation-6.12/proc/diskstats"), &l);
    assert_int_equal(l.count, 12);
    assert_string_equal(l.items[0].name, "nvme0n1");
    assert_int_equal(l.items[0].read_sectors, 61234568);
    assert_int_equal(l.items[0].write_sectors, 40123456);
    assert_int_equal(l.items[0].busy_ms, 401233);
    parse_diskstats(fixture(&b, "server-2.6.32/proc/diskstats"), &l);
    assert_int_equal(l.count, 7);
    assert_string_equal(l.items[2].name, "cciss/c0d0");
    disk_list_release(&l);
    buf_release(&b);
}

static void diskstats_leaves_out_lines_that_make_no_sense(void **state)
{
    (void)state;
    struct disk_list l = {0};
    parse_diskstats(slice_str(""), &l);
    assert_int_equal(l.count, 0);
    parse_diskstats(slice_str("   8       1 sda1 21200 120 1812000 401200\n" // a partition's short line
                              "   8       0 sda 1 2 3 4 5 6 x 8 9 10 11\n"
                              "   8       0 a-name-longer-than-any-kernel-lets-a-disk-have 1 2 3 4 5 6 7 8 9 10 11\n"
                              "   8       0 huge 1 2 18446744073709551615 4 5 6 7 8 9 10 11\n"
                              "   8      16 sdb 1 2 3 4 5 6 7 8 9 10 11\n"
                              "   8      32 sdc 1 2 3 4 5 6 7 8 9 10 1"),
                    &l);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.items[0].name, "sdb");
    disk_list_release(&l);
}

static void disk_names_tell_whole_disks(void **state)
{
    (void)state;
    const char *const whole[] = {"sda",       "sdaa",    "vdb",  "xvda",       "hda",  "nvme0n1",
                                 "nvme10n12", "mmcblk0", "nbd3", "cciss/c0d0", "pmem0"};
    const char *const other[] = {"sda1",  "sdaa12", "vda3",  "xvda1",   "nvme0n1p1", "mmcblk0p2",    "nbd3p1",
                                 "loop0", "ram15",  "zram0", "dm-0",    "dm-12",     "md127",        "md_d0",
                                 "sr0",   "fd0",    "drbd1", "bcache0", "nvme0c1n1", "cciss/c0d0p1", "md0p1"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (!disk_name_counts(slice_str(whole[i]))) fail_msg("%s doesn't count", whole[i]);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        if (disk_name_counts(slice_str(other[i]))) fail_msg("%s counts", other[i]);
}

static void sysfs_tells_whole_disks_better_than_names(void **state)
{
    (void)state;
    const char *sys = FIXTURES "workstation-6.12/sys";
    assert_true(disk_counts(sys, "nvme0n1"));
    assert_true(disk_counts(sys, "sda"));
    assert_false(disk_counts(sys, "sda1"));
    assert_false(disk_counts(sys, "nvme0n1p2"));
    assert_false(disk_counts(sys, "dm-0"));
    assert_false(disk_counts(sys, "gone"));

    char *root = temp_tree();
    put(root, "block/xvda1/size", "1000\n"); // a whole disk with a partition's name
    put(root, "block/cciss!c0d0/size", "1000\n");
    put(root, "block/stacked/slaves/sda", ""); // lies on another disk
    assert_true(disk_counts(root, "xvda1"));
    assert_true(disk_counts(root, "cciss/c0d0"));
    assert_false(disk_counts(root, "stacked"));
    remove_tree(root);
    assert_true(disk_counts("/nonexistent", "sda"));
    assert_false(disk_counts("/nonexistent", "sda1"));
}

static void rates_are_bytes_per_second(void **state)
{
    (void)state;
    struct disk_counters a = {"sda", 1000, 2000, 500}, b = {"sda", 3000, 2000, 1500};
    struct disk_rates r = disk_rates(&a, &b, 2000000);
    assert_u64(r.read_bytes, 3000 * 512);
    assert_f64(r.read_rate, 512000);
    assert_f64(r.write_rate, 0);
    assert_f64(r.busy_percent, 50);
    r = disk_rates(NULL, &b, 2000000);
    assert_u64(r.write_bytes, 2000 * 512);
    assert_absent(r.read_rate);
    assert_absent(r.busy_percent);
    assert_absent(disk_rates(&a, &b, 0).read_rate);
}

static void a_reset_counter_makes_its_rate_absent(void **state)
{
    (void)state;
    struct disk_counters a = {"sda", 9000, 2000, 500}, b = {"sda", 10, 2512, 600};
    struct disk_rates r = disk_rates(&a, &b, 1000000);
    assert_absent(r.read_rate);
    assert_f64(r.write_rate, 512 * 512);
}

static void a_wrapped_counter_goes_on(void **state)
{
    (void)state;
    assert_u64(counter_delta(0xfffffff0u, 0x10, 32), 0x20);
    assert_absent(counter_delta(0x7fffffffu, 0x10, 32)); // too far from its end to have wrapped
    assert_absent(counter_delta(0xfffffff0u, 0x10, 64)); // a wide counter doesn't wrap there
    assert_absent(counter_delta(0x1fffffff0ull, 0x10, 32));
    // The time a disk was busy is 32 bits wide on every kernel.
    struct disk_counters a = {"sda", 0, 0, 0xffffffff - 99}, b = {"sda", 0, 0, 400};
    assert_f64(disk_rates(&a, &b, 1000000).busy_percent, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diskstats_lists_every_device), cmocka_unit_test(diskstats_leaves_out_lines_that_make_no_sense),
        cmocka_unit_test(disk_names_tell_whole_disks),  cmocka_unit_test(sysfs_tells_whole_disks_better_than_names),
        cmocka_unit_test(rates_are_bytes_per_second),   cmocka_unit_test(a_reset_counter_makes_its_rate_absent),
        cmocka_unit_test(a_wrapped_counter_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
