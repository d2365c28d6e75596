#include "fake_nvml.h"

#include "monitor/gpu.h"

static struct gpu *open_fake(const char *name)
{
    char *path = fake_nvml_path(name);
    struct gpu *g = gpu_open(path);
    free(path);
    return g;
}

static void a_gpu_tells_everything_it_can(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("HEADWAY_FAKE_NVML"), 0);
    struct gpu *g = open_fake("libnvidia-ml.so.1");
    struct gpu_reading r = {0};
    assert_int_equal(g->count, 2);
    assert_string_equal(g->reason, "");
    gpu_read(g, 0, &r);
    assert_int_equal(r.index, 0);
    assert_string_equal(r.name, "NVIDIA H100 80GB HBM3");
    assert_f64(r.utilization, 37);
    assert_u64(r.memory_total, 80ull << 30);
    assert_u64(r.memory_used, 20ull << 30); // without what the driver keeps for itself
    assert_f64(r.memory_percent, 25);
    assert_f64(r.temperature, 41);
    assert_f64(r.power_usage, 123.456);
    assert_f64(r.power_limit, 700);
    assert_f64(r.fan_speed, 30);
    assert_f64(r.clock_sm, 1410);
    assert_f64(r.clock_memory, 2619);
    assert_true(r.processes_known);
    assert_int_equal(r.process_count, 2);
    assert_int_equal(r.processes[0].pid, 4242);
    assert_u64(r.processes[0].memory_bytes, 1 << 30);
    assert_int_equal(r.processes[1].pid, 4243);
    assert_absent(r.processes[1].memory_bytes);
    gpu_reading_release(&r);
    gpu_free(g);
}

// 32: a driver that refuses a reading doesn't make the GPU idle.
static void never_again_32_a_refused_reading_is_absent_and_not_zero(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("HEADWAY_FAKE_NVML"), 0);
    struct gpu *g = open_fake("libnvidia-ml.so.1");
    struct gpu_reading r = {0};
    gpu_read(g, 0, &r); // so that something of the first could be left over
    gpu_read(g, 1, &r);
    assert_int_equal(r.index, 1);
    assert_absent(r.utilization);
    assert_absent(r.fan_speed);
    assert_absent(r.power_limit);
    assert_absent(r.clock_sm);
    assert_false(r.processes_known);
    assert_int_equal(r.process_count, 0);
    assert_f64(r.temperature, 38);
    assert_u64(r.memory_used, 4ull << 30);
    gpu_reading_release(&r);
    gpu_free(g);
}

static void a_process_has_the_mean_of_its_samples_since_the_last_reading(void **state)
{
    char *root = *state;
    const char *facts = "gpus 1\ngpu 0 name A100\ngpu 0 process 10 1000\ngpu 0 process 11 2000\n"
                        "gpu 0 process_utilization 10 1000 20\ngpu 0 process_utilization 10 2000 40\n"
                        "gpu 0 process_utilization 12 2000 90\n";
    fake_nvml_says(root, facts);
    struct gpu *g = open_fake("libnvidia-ml.so.1");
    struct gpu_reading r = {0};
    gpu_read(g, 0, &r);
    assert_int_equal(r.process_count, 2);
    assert_f64(r.processes[0].utilization, 30);
    assert_absent(r.processes[1].utilization); // never again 32: no sample isn't 0
    gpu_read(g, 0, &r);
    assert_absent(r.processes[0].utilization); // nothing new since
    fake_nvml_says(root, "gpus 1\ngpu 0 process 10 1000\ngpu 0 process_utilization 10 1500 20\n"
                         "gpu 0 process_utilization 10 3000 70\ngpu 0 process_utilization 10 3001 4000\n");
    gpu_read(g, 0, &r);
    assert_f64(r.processes[0].utilization, 70);
    gpu_reading_release(&r);
    gpu_free(g);
}

static void an_old_driver_is_asked_in_the_old_way(void **state)
{
    char *root = *state;
    fake_nvml_says(root, "gpus 1\ngpu 0 name Tesla K20\ngpu 0 memory_total 1000\ngpu 0 memory_used 200\n"
                         "gpu 0 memory_reserved 50\ngpu 0 power_default 225000\ngpu 0 process 77 12345\n"
                         "gpu 0 utilization unsupported\n");
    struct gpu *g = open_fake("libnvidia-ml-old.so.1");
    struct gpu_reading r = {0};
    assert_int_equal(g->count, 1);
    gpu_read(g, 0, &r);
    assert_u64(r.memory_used, 250); // the old count includes what the driver keeps
    assert_f64(r.power_limit, 225);
    assert_absent(r.utilization);
    assert_int_equal(r.process_count, 1);
    assert_int_equal(r.processes[0].pid, 77);
    assert_u64(r.processes[0].memory_bytes, 12345);
    gpu_reading_release(&r);
    gpu_free(g);
}

static void a_lost_gpu_has_no_readings_and_keeps_its_name(void **state)
{
    char *root = *state;
    fake_nvml_says(root, "gpus 1\ngpu 0 name A100\ngpu 0 utilization 50\ngpu 0 no_processes\n");
    struct gpu *g = open_fake("libnvidia-ml.so.1");
    struct gpu_reading r = {0};
    gpu_read(g, 0, &r);
    assert_f64(r.utilization, 50);
    assert_true(r.processes_known);
    assert_int_equal(r.process_count, 0);
    fake_nvml_says(root, "gpus 1\ngpu 0 lost\n");
    gpu_read(g, 0, &r);
    assert_string_equal(r.name, "A100");
    assert_absent(r.utilization);
    assert_absent(r.memory_used);
    assert_false(r.processes_known);
    gpu_reading_release(&r);
    gpu_free(g);
}

static void a_reading_that_can_not_be_true_is_absent(void **state)
{
    char *root = *state;
    fake_nvml_says(root, "gpus 1\ngpu 0 utilization 4000000000\ngpu 0 fan 130\n");
    struct gpu *g = open_fake("libnvidia-ml.so.1");
    struct gpu_reading r = {0};
    gpu_read(g, 0, &r);
    assert_absent(r.utilization);
    assert_f64(r.fan_speed, 100);
    assert_string_equal(r.name, "");
    gpu_read(g, 7, &r); // no such device
    assert_absent(r.fan_speed);
    gpu_reading_release(&r);
    gpu_free(g);
}

static void more_processes_than_there_is_room_for_are_not_known(void **state)
{
    char *root = *state;
    struct buf b = BUF_INIT;
    buf_add_str(&b, "gpus 1\n");
    for (int i = 0; i < 400; i++) buf_addf(&b, "gpu 0 process %d 1\n", 1000 + i);
    fake_nvml_says(root, buf_cstr(&b));
    struct gpu *g = open_fake("libnvidia-ml.so.1");
    struct gpu_reading r = {0};
    gpu_read(g, 0, &r);
    assert_false(r.processes_known);
    gpu_reading_release(&r);
    gpu_free(g);
    buf_release(&b);
}

static void without_a_library_a_driver_or_a_device_there_is_a_reason(void **state)
{
    char *root = *state;
    struct gpu_reading r = {0};
    struct gpu *g = gpu_open("/nonexistent/libnvidia-ml.so.1");
    assert_int_equal(g->count, 0);
    assert_string_equal(g->reason, "no NVML library found (tried /nonexistent/libnvidia-ml.so.1)");
    gpu_read(g, 0, &r);
    assert_absent(r.utilization);
    gpu_free(g);

    fake_nvml_says(root, "init 9\n");
    g = open_fake("libnvidia-ml.so.1");
    assert_int_equal(g->count, 0);
    assert_string_equal(g->reason, "the NVML library found no working driver: Driver Not Loaded (9)");
    gpu_free(g);

    fake_nvml_says(root, "gpus 0\n");
    g = open_fake("libnvidia-ml.so.1");
    assert_string_equal(g->reason, "the NVIDIA driver has no GPU");
    gpu_free(g);
    gpu_reading_release(&r);
}

static void a_library_of_something_else_is_refused(void **state)
{
    (void)state;
    struct gpu *g = gpu_open("libm.so.6");
    assert_int_equal(g->count, 0);
    assert_string_equal(g->reason, "the NVML library lacks nvmlInit_v2: its driver is too old");
    gpu_free(g);
}

// 32: inside a container the driver's process numbers may be the host's.
static void never_again_32_a_container_believes_only_processes_that_hold_the_device(void **state)
{
    char *root = *state;
    struct gpu_process list[] = {{.pid = 10}, {.pid = 11}, {.pid = 12}};
    struct gpu_reading r = {.processes = list, .process_count = 3};
    put(root, "10/fd/.keep", "");
    put(root, "10/stat", "10 (a) R 1 9 5 6 3394 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 99 0 0\n");
    put(root, "11/fd/.keep", "");
    put(root, "self/ns/.keep", "");
    char *device = mem_printf("%s/10/fd/5", root), *other = mem_printf("%s/11/fd/5", root);
    char *namespace = mem_printf("%s/self/ns/pid", root);
    assert_int_equal(symlink("/dev/nvidia0", device), 0);
    assert_int_equal(symlink("/dev/null", other), 0);
    assert_int_equal(symlink("pid:[4026532999]", namespace), 0);
    gpu_mark_local(root, &r);
    assert_true(list[0].local);
    assert_int_equal(list[0].pgid, 9);
    assert_false(list[1].local); // a process with that number, which has nothing to do with the GPU
    assert_false(list[2].local); // no process has that number here

    assert_int_equal(unlink(namespace), 0);
    assert_int_equal(symlink("pid:[4026531836]", namespace), 0); // the host's
    gpu_mark_local(root, &r);
    assert_true(list[0].local && list[1].local && list[2].local);
    free(device);
    free(other);
    free(namespace);
}

static int set_up(void **state)
{
    *state = temp_tree();
    return 0;
}

static int tear_down(void **state)
{
    remove_tree(*state);
    return 0;
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_tells_everything_it_can),
        cmocka_unit_test(never_again_32_a_refused_reading_is_absent_and_not_zero),
        IN_FOLDER(a_process_has_the_mean_of_its_samples_since_the_last_reading),
        IN_FOLDER(an_old_driver_is_asked_in_the_old_way),
        IN_FOLDER(a_lost_gpu_has_no_readings_and_keeps_its_name),
        IN_FOLDER(a_reading_that_can_not_be_true_is_absent),
        IN_FOLDER(more_processes_than_there_is_room_for_are_not_known),
        IN_FOLDER(without_a_library_a_driver_or_a_device_there_is_a_reason),
        cmocka_unit_test(a_library_of_something_else_is_refused),
        IN_FOLDER(never_again_32_a_container_believes_only_processes_that_hold_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
