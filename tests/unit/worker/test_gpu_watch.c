// What a job uses of the GPUs, with a stand-in for NVIDIA's library (tests/fake-nvml).
#include "monitor/fake_nvml.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "worker/gpu_watch.h"

// A child in a process group of its own.
static pid_t start_child(void)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (;;) pause();
    }
    assert_int_equal(setpgid(child, child), 0);
    return child;
}

static void end_child(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static bool host_namespace(void)
{
    char target[64] = {0};
    return readlink("/proc/self/ns/pid", target, sizeof target - 1) > 0 && strcmp(target, "pid:[4026531836]") == 0;
}

// Waits for a reading that began after the call.
static void wait_reading(struct gpu_watch *g)
{
    assert_true(gpu_watch_wait_readings(g, gpu_watch_readings(g) + 2, 20000));
}

static void assert_gpus(struct gpu_watch *g, pid_t group, int64_t now, const char *expected)
{
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    gpu_watch_write(g, group, now, &w);
    assert_string_equal(buf_cstr(&b), expected);
    buf_release(&b);
}

struct scene {
    char *root, *library;
    pid_t mine, other;
    struct gpu_watch *g;
};

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof *s);
    s->root = temp_tree();
    s->library = fake_nvml_path("libnvidia-ml.so.1");
    s->mine = start_child();
    s->other = start_child();
    s->g = gpu_watch_new(s->library, 10000);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    gpu_watch_free(s->g);
    end_child(s->mine);
    end_child(s->other);
    remove_tree(s->root);
    free(s->library);
    free(s);
    return 0;
}

static void says(const struct scene *s, const char *more)
{
    char *text = mem_printf("gpus 2\ngpu 0 name A\ngpu 0 process %d 100\ngpu 0 process_utilization %d 1000 30\n"
                            "gpu 0 process %d 7\ngpu 1 name B\n%s",
                            (int)s->mine, (int)s->mine, (int)s->other, more);
    fake_nvml_says(s->root, text);
    free(text);
}

static void a_job_has_its_part_of_each_gpu(void **state)
{
    struct scene *s = *state;
    says(s, "gpu 1 no_processes\n");
    int64_t now = clock_mono_us();
    gpu_watch_want(s->g, true);
    wait_reading(s->g);
    gpu_watch_want(s->g, false);
    // Elsewhere than in the host's PID namespace the numbers may be the host's, and these processes hold no device.
    bool host = host_namespace();
    assert_gpus(s->g, s->mine, now, host ? "[{\"gpu_id\":0,\"memory_bytes\":100,\"utilization\":null}]" : "null");
    assert_gpus(s->g, s->other, now, host ? "[{\"gpu_id\":0,\"memory_bytes\":7,\"utilization\":null}]" : "null");
    assert_gpus(s->g, 1, now, host ? "[]" : "null");
    assert_gpus(s->g, s->mine, now + 60000000, "null"); // a driver that hangs: an old answer is no answer
}

// 32: a driver that doesn't list its processes hasn't said that there are none.
static void never_again_32_processes_that_are_not_listed_are_unknown(void **state)
{
    struct scene *s = *state;
    fake_nvml_says(s->root, "gpus 2\ngpu 0 name A\ngpu 0 no_processes\ngpu 1 name B\n");
    gpu_watch_want(s->g, true);
    wait_reading(s->g);
    assert_gpus(s->g, s->mine, 0, "null");
    fake_nvml_says(s->root, "gpus 2\ngpu 0 name A\ngpu 0 no_processes\ngpu 1 name B\ngpu 1 no_processes\n");
    wait_reading(s->g);
    assert_gpus(s->g, s->mine, 0, "[]");
}

static void without_a_driver_no_job_uses_a_gpu(void **state)
{
    (void)state;
    struct gpu_watch *g = gpu_watch_new("", 10000);
    gpu_watch_want(g, true);
    assert_gpus(g, 1, 0, "[]");
    assert_int_equal(gpu_watch_readings(g), 0); // nobody looks
    gpu_watch_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_has_its_part_of_each_gpu, set_up, tear_down),
        cmocka_unit_test_setup_teardown(never_again_32_processes_that_are_not_listed_are_unknown, set_up, tear_down),
        cmocka_unit_test(without_a_driver_no_job_uses_a_gpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
