// Where the stand-in for NVIDIA's library is (tests/fake-nvml), and what it answers.
#ifndef TESTS_MONITOR_FAKE_NVML_H
#define TESTS_MONITOR_FAKE_NVML_H

#include "fixture.h"

// The path of `name` (libnvidia-ml.so.1, libnvidia-ml-old.so.1), which is built beside the tests:
// HEADWAY_FAKE_NVML_DIR, or three folders above this program. The caller frees.
static inline char *fake_nvml_path(const char *name)
{
    const char *dir = getenv("HEADWAY_FAKE_NVML_DIR");
    if (dir) return mem_printf("%s/%s", dir, name);
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    for (int i = 0; i < 3; i++) *strrchr(self, '/') = '\0'; // test_gpu, monitor, unit
    return mem_printf("%s/%s", self, name);
}

// Makes the library answer from this text; the file is `root`/nvml.
static inline void fake_nvml_says(const char *root, const char *text)
{
    put(root, "nvml", text);
    char *path = mem_printf("%s/nvml", root);
    assert_int_equal(setenv("HEADWAY_FAKE_NVML", path, 1), 0);
    free(path);
}

#endif
