#include "jobs/estimate.h"

#include <string.h>

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

// Downloads aren't computed, whatever kind of job does them.
static bool downloads(const char *kind, const char *phase)
{
    return strncmp(kind, "download", 8) == 0 || is(phase, "downloading") || is(phase, "download");
}

unsigned estimate_expected(const char *kind, const char *resource_class, const char *phase)
{
    unsigned computes = is(resource_class, "gpu") ? EXPECT_GPU : EXPECT_CPU;
    if (downloads(kind, phase)) return EXPECT_DISK | EXPECT_NETWORK;
    if (is(kind, "tokenize")) return EXPECT_CPU;
    // Before and after its forward passes an extraction reads the model and writes what it has.
    if (is(kind, "extract")) return is(phase, "loading") || is(phase, "saving") ? EXPECT_DISK : computes;
    if (is(resource_class, "io")) return EXPECT_DISK;
    return computes;
}

void estimate_write(struct jw *w, const char *job_id, unsigned expected)
{
    static const char *const names[] = {"cpu", "gpu", "disk", "network"};
    jw_obj(w);
    jw_kstr(w, "job_id", job_id);
    jw_kstr(w, "source", "estimated");
    jw_key(w, "expected");
    jw_arr(w);
    for (unsigned i = 0; i < 4; i++)
        if (expected & 1u << i) jw_str(w, names[i]);
    jw_arr_end(w);
    jw_knull(w, "processes");
    jw_knull(w, "cpu_percent");
    jw_knull(w, "rss_bytes");
    jw_knull(w, "read_bytes_per_s");
    jw_knull(w, "write_bytes_per_s");
    jw_knull(w, "gpus");
    jw_obj_end(w);
}
