#include "fake_nvml.h"

#include "base/json.h"
#include "monitor/sampler.h"

// A sampler over a folder, the sample it fills and the JSON of one channel.
struct scene {
    char *root;
    struct sampler *sampler;
    struct sample sample;
    int64_t now_us;
    struct buf text;
    json_t *body;
};

static struct scene *scene_new(const char *proc_root, const char *sys_root, const char *nvml)
{
    struct scene *s = mem_zalloc(sizeof *s);
    s->sampler = sampler_new(
        &(struct sampler_options){.proc_root = proc_root, .sys_root = sys_root, .nvml_path = nvml, .host = "box"});
    s->now_us = 1000000;
    sample_init(&s->sample);
    return s;
}

// A scene over a folder of its own: <root>/proc and <root>/sys.
static struct scene *scene_made_up(void)
{
    char *root = temp_tree();
    char *proc_root = mem_printf("%s/proc", root), *sys_root = mem_printf("%s/sys", root);
    struct scene *s = scene_new(proc_root, sys_root, "");
    s->root = root;
    free(proc_root);
    free(sys_root);
    return s;
}

static void scene_free(struct scene *s)
{
    json_decref(s->body);
    buf_release(&s->text);
    sample_release(&s->sample);
    sampler_free(s->sampler);
    if (s->root) remove_tree(s->root);
    free(s);
}

static void read_after(struct scene *s, int64_t us)
{
    s->now_us += us;
    sampler_read(s->sampler, s->now_us, &s->sample);
}

static json_t *parsed(struct scene *s)
{
    struct err e;
    json_decref(s->body);
    s->body = json_read_object(buf_slice(&s->text), &e);
    if (!s->body) fail_msg("%s: %s", e.message, buf_cstr(&s->text));
    assert_string_equal(json_string_value(json_object_get(s->body, "host")), "box");
    return s->body;
}

static json_t *body(struct scene *s, void (*write)(const struct sample *, struct jw *))
{
    struct jw w;
    buf_clear(&s->text);
    jw_init(&w, &s->text);
    write(&s->sample, &w);
    return parsed(s);
}

static json_t *gpu_body(struct scene *s, size_t i, sample_job_of_group job_of_group)
{
    struct jw w;
    buf_clear(&s->text);
    jw_init(&w, &s->text);
    sample_write_gpu(&s->sample, i, job_of_group, NULL, &w);
    return parsed(s);
}

static void number_is(const json_t *o, const char *key, double v, int line)
{
    const json_t *n = json_object_get(o, key);
    if (!json_is_number(n)) fail_msg("line %d: %s is no number", line, key);
    if (json_number_value(n) != v) fail_msg("line %d: %s is %g, not %g", line, key, json_number_value(n), v);
}

static void key_is_null(const json_t *o, const char *key, int line)
{
    if (!json_is_null(json_object_get(o, key))) fail_msg("line %d: %s isn't null", line, key);
}

#define assert_number(o, key, v) number_is(o, key, v, __LINE__)
#define assert_null_key(o, key)  key_is_null(o, key, __LINE__)

// Exactly these members, in any order: what the contract lists, and nothing the reader doesn't know.
static void assert_members(const json_t *o, const char *const *names)
{
    size_t n = 0;
    for (; names[n]; n++)
        if (!json_object_get(o, names[n])) fail_msg("%s is missing", names[n]);
    assert_int_equal(json_object_size(o), n);
}

static void the_first_sample_has_no_rates(void **state)
{
    (void)state;
    struct scene *s = scene_new(FIXTURES "workstation-6.12/proc", FIXTURES "workstation-6.12/sys", "");
    read_after(s, 0);
    json_t *cpu = body(s, sample_write_cpu);
    assert_members(cpu, (const char *[]){"host", "percent", "count", "per_core", "load1", "load5", "load15",
                                         "frequency_mhz", NULL});
    assert_null_key(cpu, "percent");
    assert_number(cpu, "count", 4);
    assert_int_equal(json_array_size(json_object_get(cpu, "per_core")), 5);
    assert_number(cpu, "load1", 1.52);
    assert_number(cpu, "frequency_mhz", 2700); // the mean of the four that are on

    json_t *disk = body(s, sample_write_disk);
    assert_members(disk, (const char *[]){"host", "read_bytes", "write_bytes", "read_rate", "write_rate", "devices",
                                          "filesystems", NULL});
    assert_number(disk, "read_bytes", (61234568.0 + 1812344) * 512); // nvme0n1 and sda, each once
    assert_null_key(disk, "read_rate");
    assert_int_equal(json_array_size(json_object_get(disk, "devices")), 2);

    json_t *net = body(s, sample_write_network);
    assert_members(net,
                   (const char *[]){"host", "sent_bytes", "recv_bytes", "sent_rate", "recv_rate", "interfaces", NULL});
    assert_number(net, "recv_bytes", 8123412331.0 + 1233); // the two with hardware
    assert_null_key(net, "recv_rate");
    assert_int_equal(json_array_size(json_object_get(net, "interfaces")), 2);

    json_t *memory = body(s, sample_write_memory);
    assert_members(memory, (const char *[]){"host", "ram", "swap", NULL});
    json_t *ram = json_object_get(memory, "ram"), *swap = json_object_get(memory, "swap");
    assert_members(ram, (const char *[]){"total", "used", "available", "free", "used_percent", NULL});
    assert_members(swap, (const char *[]){"total", "used", "used_percent", NULL});
    assert_number(ram, "used_percent", 25.0);
    assert_number(swap, "used", (8388604.0 - 8126460) * 1024);

    assert_int_equal(s->sample.gpu_count, 0);
    assert_string_equal(s->sample.gpu_reason, "looking for GPUs is switched off");
    scene_free(s);
}

static void a_container_shows_its_plain_interface(void **state)
{
    (void)state;
    struct scene *s = scene_new(FIXTURES "container-5.10-arm64/proc", "/nonexistent", "");
    read_after(s, 0);
    json_t *net = body(s, sample_write_network);
    assert_number(net, "recv_bytes", 210171142);
    assert_int_equal(json_array_size(json_object_get(net, "interfaces")), 1);
    json_t *cpu = body(s, sample_write_cpu);
    assert_null_key(cpu, "frequency_mhz");
    json_t *memory = body(s, sample_write_memory);
    assert_null_key(json_object_get(memory, "swap"), "used_percent"); // a share of nothing
    scene_free(s);
}

static void nothing_to_read_gives_null_everywhere(void **state)
{
    (void)state;
    struct scene *s = scene_new("/nonexistent", "/nonexistent", "");
    for (int i = 0; i < 2; i++) {
        read_after(s, 2000000);
        json_t *cpu = body(s, sample_write_cpu);
        assert_null_key(cpu, "percent");
        assert_null_key(cpu, "count");
        assert_null_key(cpu, "load15");
        json_t *disk = body(s, sample_write_disk);
        assert_null_key(disk, "read_bytes");
        assert_null_key(disk, "write_rate");
        assert_null_key(body(s, sample_write_network), "sent_bytes");
        assert_null_key(json_object_get(body(s, sample_write_memory), "ram"), "total");
    }
    scene_free(s);
}

static void rates_are_between_two_samples(void **state)
{
    (void)state;
    struct scene *s = scene_made_up();
    put(s->root, "proc/stat", "cpu  100 0 0 900 0 0 0 0\ncpu0 100 0 0 900 0 0 0 0\n");
    put(s->root, "proc/diskstats", "   8       0 sda 1 0 1000 0 1 0 2000 0 0 100 0\n");
    put(s->root, "proc/net/dev", "  eth0: 1000 0 0 0 0 0 0 0 5000 0 0 0 0 0 0 0\n");
    put(s->root, "sys/block/sda/size", "1\n");
    put(s->root, "sys/class/net/eth0/device/vendor", "1\n");
    read_after(s, 0);
    put(s->root, "proc/stat", "cpu  150 0 0 1000 0 0 0 0\ncpu0 150 0 0 1000 0 0 0 0\n");
    put(s->root, "proc/diskstats", "   8       0 sda 1 0 1400 0 1 0 2000 0 0 300 0\n");
    put(s->root, "proc/net/dev", "  eth0: 3000 0 0 0 0 0 0 0 5500 0 0 0 0 0 0 0\n");
    read_after(s, 2000000);
    json_t *cpu = body(s, sample_write_cpu);
    assert_number(cpu, "percent", 33.3);
    assert_true(json_number_value(json_array_get(json_object_get(cpu, "per_core"), 0)) == 33.3);
    json_t *disk = body(s, sample_write_disk);
    assert_number(disk, "read_rate", 102400);
    assert_number(disk, "write_rate", 0);
    json_t *device = json_array_get(json_object_get(disk, "devices"), 0);
    assert_string_equal(json_string_value(json_object_get(device, "name")), "sda");
    assert_number(device, "busy_percent", 10);
    json_t *net = body(s, sample_write_network);
    assert_number(net, "recv_rate", 1000);
    assert_number(net, "sent_rate", 250);
    scene_free(s);
}

static void cores_devices_and_interfaces_come_and_go(void **state)
{
    (void)state;
    struct scene *s = scene_made_up();
    put(s->root, "sys/block/sda/size", "1\n");
    put(s->root, "sys/block/sdb/size", "1\n");
    put(s->root, "proc/stat", "cpu  10 0 0 90 0 0 0 0\ncpu0 5 0 0 45 0 0 0 0\ncpu1 5 0 0 45 0 0 0 0\n");
    put(s->root, "proc/diskstats", "   8       0 sda 1 0 1000 0 1 0 0 0 0 0 0\n");
    read_after(s, 1000000);

    // Core 1 is switched off, core 2 on; a disk is plugged in.
    put(s->root, "proc/stat", "cpu  20 0 0 180 0 0 0 0\ncpu0 10 0 0 90 0 0 0 0\ncpu2 5 0 0 45 0 0 0 0\n");
    put(s->root, "proc/diskstats",
        "   8      16 sdb 1 0 9000 0 1 0 0 0 0 0 0\n   8       0 sda 1 0 1002 0 1 0 0 0 0 0 0\n");
    read_after(s, 1000000);
    json_t *cpu = body(s, sample_write_cpu);
    json_t *cores = json_object_get(cpu, "per_core");
    assert_number(cpu, "count", 2);
    assert_int_equal(json_array_size(cores), 3);
    assert_true(json_number_value(json_array_get(cores, 0)) == 10.0);
    assert_true(json_is_null(json_array_get(cores, 1)));
    assert_true(json_is_null(json_array_get(cores, 2))); // its first reading
    json_t *disk = body(s, sample_write_disk);
    assert_number(disk, "read_rate", 1024); // what is known of sda; what sdb read before isn't a rate
    assert_null_key(json_array_get(json_object_get(disk, "devices"), 0), "read_rate");

    put(s->root, "proc/stat", "cpu  30 0 0 270 0 0 0 0\ncpu0 15 0 0 135 0 0 0 0\ncpu2 10 0 0 90 0 0 0 0\n");
    put(s->root, "proc/diskstats", "   8      16 sdb 1 0 9001 0 1 0 0 0 0 0 0\n");
    read_after(s, 1000000);
    cores = json_object_get(body(s, sample_write_cpu), "per_core");
    assert_true(json_number_value(json_array_get(cores, 2)) == 10.0);
    disk = body(s, sample_write_disk);
    assert_number(disk, "read_bytes", 9001 * 512);
    assert_number(disk, "read_rate", 512);
    scene_free(s);
}

static void a_file_that_can_not_be_read_once_costs_its_readings_only(void **state)
{
    (void)state;
    struct scene *s = scene_made_up();
    put(s->root, "proc/loadavg", "1.00 2.00 3.00 1/2 3\n");
    read_after(s, 0);
    assert_null_key(body(s, sample_write_cpu), "percent");
    assert_number(body(s, sample_write_cpu), "load5", 2);
    put(s->root, "proc/stat", "cpu  10 0 0 90 0 0 0 0\n"); // it appears later
    read_after(s, 1000000);
    put(s->root, "proc/stat", "cpu  20 0 0 180 0 0 0 0\n");
    read_after(s, 1000000);
    assert_number(body(s, sample_write_cpu), "percent", 10);
    put(s->root, "proc/stat", "");
    read_after(s, 1000000);
    assert_null_key(body(s, sample_write_cpu), "percent");
    put(s->root, "proc/stat", "cpu  30 0 0 270 0 0 0 0\n");
    read_after(s, 1000000);
    assert_null_key(body(s, sample_write_cpu), "percent"); // there is no sample to compare with
    scene_free(s);
}

static void filesystems_are_measured_and_mounts_looked_at_again(void **state)
{
    (void)state;
    struct scene *s = scene_made_up();
    put(s->root, "proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n");
    read_after(s, 0);
    json_t *list = json_object_get(body(s, sample_write_disk), "filesystems");
    assert_int_equal(json_array_size(list), 1);
    json_t *f = json_array_get(list, 0);
    assert_members(f, (const char *[]){"mount_point", "total", "used", "free", "percent", NULL});
    assert_true(json_integer_value(json_object_get(f, "total")) > 0);
    assert_true(json_number_value(json_object_get(f, "percent")) <= 100);

    char *more = mem_printf("/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 %s ext4 rw 0 0\n", s->root);
    put(s->root, "proc/self/mounts", more);
    free(more);
    read_after(s, 61000000);
    assert_int_equal(json_array_size(json_object_get(body(s, sample_write_disk), "filesystems")), 2);
    scene_free(s);
}

static const char *job_of_group(void *ctx, int64_t pgid)
{
    (void)ctx;
    return pgid == 4711 ? "job_mine" : NULL;
}

static void gpus_have_bodies_of_their_own(void **state)
{
    (void)state;
    char *root = temp_tree();
    struct buf facts = BUF_INIT;
    buf_addf(&facts,
             "gpus 2\ngpu 0 name H100\ngpu 0 utilization 98\ngpu 0 memory_total 1000\ngpu 0 memory_used 125\n"
             "gpu 0 temperature 41\ngpu 0 power 123456\ngpu 0 process %d 100\ngpu 0 process 4190000 -\n"
             "gpu 1 name A2\ngpu 1 temperature 30\n",
             (int)getpid());
    fake_nvml_says(root, buf_cstr(&facts));
    // What /proc/self says of the namespace decides whether the numbers are believed: say that it is the host's.
    put(root, "proc/self/ns/.keep", "");
    char *ns = mem_printf("%s/proc/self/ns/pid", root), *proc_root = mem_printf("%s/proc", root);
    assert_int_equal(symlink("pid:[4026531836]", ns), 0);

    char *stat = mem_printf("proc/%d/stat", (int)getpid());
    put(root, stat, "7 (a) R 1 4711 5 6 3394 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 99 0 0\n");
    free(stat);

    char *library = fake_nvml_path("libnvidia-ml.so.1");
    struct scene *s = scene_new(proc_root, "/nonexistent", library);
    s->root = root;
    read_after(s, 0);
    assert_int_equal(s->sample.gpu_count, 2);
    assert_string_equal(s->sample.gpu_reason, "");
    json_t *g = gpu_body(s, 0, job_of_group);
    assert_members(g, (const char *[]){"host", "gpu_id", "name", "utilization", "memory_used", "memory_total",
                                       "memory_percent", "temperature", "power_usage", "power_limit", "fan_speed",
                                       "clock_sm", "clock_memory", "processes", NULL});
    assert_number(g, "gpu_id", 0);
    assert_number(g, "utilization", 98); // never 0.98
    assert_number(g, "memory_percent", 12.5);
    assert_number(g, "power_usage", 123.5);
    json_t *processes = json_object_get(g, "processes");
    assert_int_equal(json_array_size(processes), 2);
    json_t *mine = json_array_get(processes, 0), *other = json_array_get(processes, 1);
    assert_string_equal(json_string_value(json_object_get(mine, "job_id")), "job_mine");
    assert_number(mine, "memory_bytes", 100);
    assert_null(json_object_get(other, "job_id"));
    assert_null_key(other, "memory_bytes");

    g = gpu_body(s, 1, job_of_group);
    assert_number(g, "gpu_id", 1);
    assert_null_key(g, "utilization");
    assert_null_key(g, "processes");
    assert_number(g, "temperature", 30);
    scene_free(s);
    free(library);
    free(ns);
    free(proc_root);
    buf_release(&facts);
}

static void this_machine_can_be_read(void **state)
{
    (void)state;
    struct scene *s = scene_new(NULL, NULL, "");
    read_after(s, 0);
    read_after(s, 1000000);
    json_t *cpu = body(s, sample_write_cpu);
    assert_true(json_integer_value(json_object_get(cpu, "count")) >= 1);
    assert_true(json_is_number(json_object_get(cpu, "load1")));
    json_t *ram = json_object_get(body(s, sample_write_memory), "ram");
    assert_true(json_integer_value(json_object_get(ram, "total")) > 1 << 20);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_sample_has_no_rates),
        cmocka_unit_test(a_container_shows_its_plain_interface),
        cmocka_unit_test(nothing_to_read_gives_null_everywhere),
        cmocka_unit_test(rates_are_between_two_samples),
        cmocka_unit_test(cores_devices_and_interfaces_come_and_go),
        cmocka_unit_test(a_file_that_can_not_be_read_once_costs_its_readings_only),
        cmocka_unit_test(filesystems_are_measured_and_mounts_looked_at_again),
        cmocka_unit_test(gpus_have_bodies_of_their_own),
        cmocka_unit_test(this_machine_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
