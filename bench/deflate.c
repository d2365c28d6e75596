// What permessage-deflate costs and saves: processor time and bytes a message, each compressed on its own, for zlib's
// levels, windows and memory levels on events of the kind the server sends. libdeflate is measured beside it if the
// machine has it. bench/deflate.md records results and what was made of them. Usage: deflate [SECONDS-A-FIGURE]
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "hub/msg.h"
#include "proto/deflate.h"

enum { VARIANTS = 16 }; // of each event, so that no compressor sees the same bytes twice in a row

static double cpu_seconds(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) return 0;
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// ---- the events -----------------------------------------------------------------------------------------------------

static double noise(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

// training:progress (schema/asyncapi.json) with so many layers; the numbers have all the digits of a measured float.
static struct msg *training_progress(int layers, uint64_t seed)
{
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "training_id", "trn_01hq3k9v7x2m4n6p8r0s");
    jw_ki64(&w, "current_step", 41200 + (int64_t)(noise(&seed) * 1000));
    jw_ki64(&w, "total_steps", 100000);
    static const char *const names[] = {
        "progress",           "loss",      "l0_sparsity",        "l1_sparsity", "dead_neurons", "learning_rate",
        "explained_variance", "grad_norm", "samples_per_second", "eta_seconds", "eta_low",      "eta_high"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) jw_kf64(&w, names[i], noise(&seed) * 100);
    jw_key(&w, "layers");
    jw_arr(&w);
    for (int l = 0; l < layers; l++) {
        jw_obj(&w);
        jw_ki64(&w, "layer_idx", l);
        jw_kf64(&w, "loss", (double)(float)(noise(&seed) * 0.05));
        jw_kf64(&w, "l0_sparsity", (double)(float)(noise(&seed) * 0.1));
        jw_ki64(&w, "dead_neurons", (int64_t)(noise(&seed) * 500));
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    struct msg *m =
        msg_new(SLICE_LIT("trainings/trn_01hq3k9v7x2m4n6p8r0s/progress"), SLICE_LIT("training:progress"),
                SLICE_LIT("m5x1c9q2"), (uint64_t)(seed >> 50), 1763989200123456, buf_slice(&body), MSG_STATE);
    buf_release(&body);
    return m;
}

static struct msg *job_progress(int parts, uint64_t seed)
{
    (void)parts;
    struct buf body = BUF_INIT;
    buf_addf(&body,
             "{\"job_id\":\"job_01hq3k9v7x2m\",\"kind\":\"train_sae\",\"status\":\"running\",\"phase\":\"training\","
             "\"progress\":%.3f,\"done\":%d,\"total\":100000,\"unit\":\"steps\",\"rate\":%.12f,\"eta_seconds\":%d}",
             noise(&seed) * 100, (int)(noise(&seed) * 100000), noise(&seed) * 100, (int)(noise(&seed) * 9000));
    struct msg *m =
        msg_new(SLICE_LIT("jobs/job_01hq3k9v7x2m/progress"), SLICE_LIT("job:progress"), SLICE_LIT("m5x1c9q2"),
                (uint64_t)(seed >> 50), 1763989200123456, buf_slice(&body), MSG_STATE);
    buf_release(&body);
    return m;
}

// system:metrics of a host's file systems and disks.
static struct msg *system_metrics(int disks, uint64_t seed)
{
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "host", "gpu-node-07");
    static const char *const names[] = {"read_bytes", "write_bytes", "read_rate", "write_rate"};
    for (int i = 0; i < 4; i++) jw_kf64(&w, names[i], (double)(int64_t)(noise(&seed) * 1e12));
    jw_key(&w, "devices");
    jw_arr(&w);
    for (int d = 0; d < disks; d++) {
        char name[16];
        snprintf(name, sizeof name, "nvme%dn1", d);
        jw_obj(&w);
        jw_kstr(&w, "name", name);
        for (int i = 0; i < 4; i++) jw_kf64(&w, names[i], (double)(int64_t)(noise(&seed) * 1e11));
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_key(&w, "filesystems");
    jw_arr(&w);
    for (int d = 0; d < disks; d++) {
        char name[32];
        snprintf(name, sizeof name, "/mnt/data%d", d);
        int64_t total = 2000398934016, used = (int64_t)(noise(&seed) * (double)total);
        jw_obj(&w);
        jw_kstr(&w, "mount_point", name);
        jw_ki64(&w, "total", total);
        jw_ki64(&w, "used", used);
        jw_ki64(&w, "free", total - used);
        jw_kf64(&w, "percent", (double)used / (double)total * 100);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    struct msg *m = msg_new(SLICE_LIT("system/disk"), SLICE_LIT("system:metrics"), SLICE_LIT("m5x1c9q2"),
                            (uint64_t)(seed >> 50), 1763989200123456, buf_slice(&body), MSG_STATE);
    buf_release(&body);
    return m;
}

static const struct {
    const char *name;
    struct msg *(*make)(int parts, uint64_t seed);
    int parts;
} events[] = {
    {"job:progress", job_progress, 0},
    {"training:progress, 15 layers", training_progress, 15},
    {"system:metrics, 9 disks", system_metrics, 9},
    {"training:progress, 160 layers", training_progress, 160},
};
enum { EVENTS = sizeof events / sizeof *events };

// ---- the compressors ------------------------------------------------------------------------------------------------

struct compressor {
    z_stream z;
    void *libdeflate;
    size_t (*libdeflate_run)(void *, const void *, size_t, void *, size_t);
};

static size_t compress_zlib(struct compressor *c, struct slice text, char *out, size_t room)
{
    c->z.next_in = (Bytef *)(uintptr_t)text.p;
    c->z.avail_in = (uInt)text.n;
    c->z.next_out = (Bytef *)out;
    c->z.avail_out = (uInt)room;
    if (deflate(&c->z, Z_SYNC_FLUSH) != Z_OK) abort();
    size_t n = room - c->z.avail_out - 4;
    deflateReset(&c->z);
    return n;
}

// Its only block is final, and the octet 0 behind it is what RFC 7692 §7.2.3.4 wants then.
static size_t compress_libdeflate(struct compressor *c, struct slice text, char *out, size_t room)
{
    return c->libdeflate_run(c->libdeflate, text.p, text.n, out, room) + 1;
}

static double budget = 0.3;

static void measure(struct compressor *c, size_t (*run)(struct compressor *, struct slice, char *, size_t),
                    struct msg *(*msgs)[VARIANTS], const char *name)
{
    static char out[65536];
    printf("| %s |", name);
    for (int e = 0; e < EVENTS; e++) {
        size_t in = 0, packed = 0;
        for (int v = 0; v < VARIANTS; v++) { // warms up as well
            in += msg_text(msgs[e][v]).n;
            packed += run(c, msg_text(msgs[e][v]), out, sizeof out);
        }
        double best = 1e9; // of several, as others use the processor too
        for (int round = 0; round < 20; round++) {
            double start = cpu_seconds(), took = 0;
            long n = 0;
            while (took < budget / 20) {
                for (int v = 0; v < VARIANTS; v++) run(c, msg_text(msgs[e][v]), out, sizeof out);
                n += VARIANTS;
                took = cpu_seconds() - start;
            }
            if (took / (double)n < best) best = took / (double)n;
        }
        printf(" %.1f µs, %.1f %% |", best * 1e6, 100.0 * (double)packed / (double)in);
    }
    printf("\n");
}

static void measure_zlib(struct msg *(*msgs)[VARIANTS], int level, int window, int memory)
{
    char name[64];
    struct compressor c = {0};
    if (deflateInit2(&c.z, level, Z_DEFLATED, -window, memory, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    snprintf(name, sizeof name, "zlib, level %d, window %d, memory %d", level, window, memory);
    measure(&c, compress_zlib, msgs, name);
    deflateEnd(&c.z);
}

static void measure_libdeflate(struct msg *(*msgs)[VARIANTS])
{
    void *lib = dlopen("libdeflate.so.0", RTLD_NOW);
    if (!lib) return;
    void *(*make)(int) = (void *(*)(int))dlsym(lib, "libdeflate_alloc_compressor");
    void (*drop)(void *) = (void (*)(void *))dlsym(lib, "libdeflate_free_compressor");
    struct compressor c = {0};
    c.libdeflate_run =
        (size_t(*)(void *, const void *, size_t, void *, size_t))dlsym(lib, "libdeflate_deflate_compress");
    for (int level = 1; level <= 6 && make && drop && c.libdeflate_run; level++) {
        char name[64];
        c.libdeflate = make(level);
        if (!c.libdeflate) abort();
        snprintf(name, sizeof name, "libdeflate, level %d", level);
        measure(&c, compress_libdeflate, msgs, name);
        drop(c.libdeflate);
    }
    dlclose(lib);
}

static size_t compress_ours(struct compressor *c, struct slice text, char *out, size_t room)
{
    (void)out, (void)room;
    static struct buf b;
    buf_clear(&b);
    deflater_message(c->libdeflate, text, &b);
    return b.n;
}

int main(int argc, char **argv)
{
    if (argc > 1) budget = atof(argv[1]);
    struct msg *msgs[EVENTS][VARIANTS];
    printf("| |");
    for (int e = 0; e < EVENTS; e++) {
        for (int v = 0; v < VARIANTS; v++) msgs[e][v] = events[e].make(events[e].parts, (uint64_t)v * 977 + 1);
        printf(" %s (%zu bytes) |", events[e].name, msg_text(msgs[e][0]).n);
    }
    printf("\n|---|---|---|---|---|\n");
    for (int level = 1; level <= 6; level++) measure_zlib(msgs, level, DEFLATE_WINDOW_BITS, 5);
    for (int window = 9; window <= 15; window++) measure_zlib(msgs, DEFLATE_LEVEL, window, 5);
    for (int memory = 4; memory <= 9; memory++) measure_zlib(msgs, DEFLATE_LEVEL, DEFLATE_WINDOW_BITS, memory);
    measure_libdeflate(msgs);
    struct compressor ours = {.libdeflate = deflater_new(DEFLATE_LEVEL, DEFLATE_WINDOW_BITS)};
    measure(&ours, compress_ours, msgs, "proto/deflate.h");
    deflater_free(ours.libdeflate);
    for (int e = 0; e < EVENTS; e++)
        for (int v = 0; v < VARIANTS; v++) msg_unref(msgs[e][v]);
    return 0;
}
