// In the place of a training's task program: writes INGEST_ROWS metric lines to the worker as fast as its pipe takes
// them, one a layer and one over all for each step, and a line of progress every 50 ms, as train_sae does. What costs
// a real task its time, the digits, is prepared. The result says when it wrote its first line, and the processor time.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LAYERS = 4, TAILS = 4096, CHUNK = 32 << 10, LINE = 512 };

static const char *const columns[] = {"loss",
                                      "loss_reconstructed",
                                      "l0_sparsity",
                                      "l1_sparsity",
                                      "dead_neurons",
                                      "explained_variance",
                                      "learning_rate",
                                      "grad_norm",
                                      "gpu_memory_used_mb",
                                      "samples_per_second"};

static int64_t now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// Means over a batch have all the digits that a double has; counts and rates have few.
static void make_tail(char *out, size_t size, uint64_t *seed)
{
    size_t n = 0;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        double v = (double)(*seed >> 11) / 9007199254740992.0;
        bool count = i == 4 || i == 8;
        n += (size_t)snprintf(out + n, size - n, count ? ",\"%s\":%.0f" : ",\"%s\":%.16g", columns[i],
                              count    ? v * 1000
                              : i == 6 ? v / 1000
                                       : v * 30);
    }
    snprintf(out + n, size - n, "}\n");
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t wrote = write(fd, p, n);
        if (wrote < 0) return false;
        p += wrote, n -= (size_t)wrote;
    }
    return true;
}

int main(void)
{
    const char *rows_text = getenv("INGEST_ROWS"), *fd_text = getenv("HEADWAY_FD");
    long long rows = rows_text ? strtoll(rows_text, NULL, 10) : 100000, written = 0;
    int fd = fd_text ? (int)strtol(fd_text, NULL, 10) : STDOUT_FILENO;
    static char tails[TAILS][LINE], chunk[CHUNK + 2 * LINE];
    uint64_t seed = (uint64_t)getpid();
    for (int i = 0; i < TAILS; i++) make_tail(tails[i], sizeof tails[i], &seed);
    int64_t first = now_us(CLOCK_REALTIME), told = 0;
    bool open = true;
    while (open && written < rows) {
        size_t n = 0;
        int64_t now = now_us(CLOCK_MONOTONIC);
        if (now - told >= 50000) {
            n += (size_t)snprintf(chunk, LINE,
                                  "{\"type\":\"progress\",\"done\":%lld,\"total\":%lld,\"unit\":\"steps\"}\n", written,
                                  rows);
            told = now;
        }
        for (; n < CHUNK && written < rows; written++) {
            long long layer = written % (LAYERS + 1), step = written / (LAYERS + 1);
            int head = layer < LAYERS
                           ? snprintf(chunk + n, LINE, "{\"type\":\"metric\",\"step\":%lld,\"layer\":%lld", step, layer)
                           : snprintf(chunk + n, LINE, "{\"type\":\"metric\",\"step\":%lld,\"layer\":null", step);
            n += (size_t)head;
            const char *tail = tails[(uint64_t)written * 2654435761U % TAILS];
            size_t len = strlen(tail);
            memcpy(chunk + n, tail, len);
            n += len;
        }
        open = send_all(fd, chunk, n);
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    int n = snprintf(chunk, LINE,
                     "{\"type\":\"progress\",\"done\":%lld,\"total\":%lld,\"unit\":\"steps\"}\n"
                     "{\"type\":\"result\",\"first_us\":%lld,\"cpu_seconds\":%.6f}\n",
                     written, rows, (long long)first, cpu);
    return open && send_all(fd, chunk, (size_t)n) ? 0 : 1;
}
