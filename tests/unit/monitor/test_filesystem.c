#include "fixture.h"

#include "monitor/filesystem.h"

static const struct filesystem *at(const struct filesystem_list *l, const char *mount_point)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].mount_point, mount_point) == 0) return &l->items[i];
    return NULL;
}

static void mounts_are_those_that_hold_files_each_device_once(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct filesystem_list l = {0};
    parse_mounts(fixture(&b, "workstation-6.12/proc/self/mounts"), &l);
    assert_non_null(at(&l, "/"));
    assert_string_equal(at(&l, "/")->device, "/dev/mapper/vg0-root");
    assert_non_null(at(&l, "/boot/efi"));
    assert_non_null(at(&l, "/tank"));
    assert_non_null(at(&l, "/media/x")); // the shorter of the two places of /dev/sda1
    assert_int_equal(l.count, 4);
    filesystem_list_release(&l);
    buf_release(&b);
}

static void mounts_behind_or_below_the_network_are_left_alone(void **state)
{
    (void)state;
    struct filesystem_list l = {0};
    parse_mounts(slice_str("/dev/sda1 / ext4 rw 0 0\n"
                           "nas:/e /mnt/nas nfs rw 0 0\n"
                           "/dev/sdb1 /mnt/nas/below ext4 rw 0 0\n"
                           "/dev/sdc1 /mnt/nasty ext4 rw 0 0\n"
                           "/dev/sdd1 /srv/x xfs rw 0 0\n"
                           "//w/s /srv cifs rw 0 0\n"),
                 &l);
    assert_int_equal(l.count, 2);
    assert_non_null(at(&l, "/"));
    assert_non_null(at(&l, "/mnt/nasty"));
    filesystem_list_release(&l);
}

static void mount_points_are_unescaped(void **state)
{
    (void)state;
    struct filesystem_list l = {0};
    parse_mounts(slice_str("/dev/sda1 /media/My\\040Disk\\0411\\134x ext4 rw 0 0\n/dev/sdb1 /odd\\9 ext4 rw 0 0\n"),
                 &l);
    assert_non_null(at(&l, "/media/My Disk!1\\x"));
    assert_non_null(at(&l, "/odd\\9"));
    filesystem_list_release(&l);
}

static void mounts_that_make_no_sense_give_nothing(void **state)
{
    (void)state;
    struct filesystem_list l = {0};
    parse_mounts(slice_str("/dev/sda1 / ext4 rw 0 0\n"), &l);
    assert_int_equal(l.count, 1);
    parse_mounts(slice_str("\n\n/dev/sda1\n/dev/sda1 /\n/dev/sda1 relative ext4 rw\n/dev/sda1 / ext4"), &l);
    assert_int_equal(l.count, 0);
    filesystem_list_release(&l);
}

static void a_container_has_its_root_and_no_mounted_files(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct filesystem_list l = {0};
    parse_mounts(fixture(&b, "container-5.10-arm64/proc/self/mounts"), &l);
    filesystem_list_drop_files(&l); // /etc/hosts is a file here too
    assert_int_equal(l.count, 1);
    assert_string_equal(l.items[0].mount_point, "/");
    filesystem_list_release(&l);
    buf_release(&b);
}

static void measuring_asks_the_kernel(void **state)
{
    (void)state;
    struct filesystem f = {.mount_point = (char[]){"/"}};
    filesystem_measure(&f);
    assert_true(f.total.valid && f.used.valid && f.free.valid && f.percent.valid);
    assert_true(f.used.v + f.free.v <= f.total.v);
    assert_true(f.percent.v > 0 && f.percent.v <= 100);
    f.mount_point = (char[]){"/nonexistent/place"};
    filesystem_measure(&f);
    assert_absent(f.total);
    assert_absent(f.percent);
    f.mount_point = (char[]){"/proc"}; // has no size
    filesystem_measure(&f);
    assert_absent(f.total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mounts_are_those_that_hold_files_each_device_once),
        cmocka_unit_test(mounts_behind_or_below_the_network_are_left_alone),
        cmocka_unit_test(mount_points_are_unescaped),
        cmocka_unit_test(mounts_that_make_no_sense_give_nothing),
        cmocka_unit_test(a_container_has_its_root_and_no_mounted_files),
        cmocka_unit_test(measuring_asks_the_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
