// The main readings of the machine at one moment: what is kept for long, of all that a sample holds. Two tables say
// which; to the rest of the code a reading is an index.
#ifndef HW_MONITOR_MOMENT_H
#define HW_MONITOR_MOMENT_H

#include <stdint.h>

#include "monitor/sample.h"

enum { MACHINE_READINGS = 7, GPU_READINGS = 4 };

struct reading_kind {
    const char *name;
    int decimals; // that mean something
};

extern const struct reading_kind machine_readings[MACHINE_READINGS];
extern const struct reading_kind gpu_readings[GPU_READINGS];

struct gpu_moment {
    int gpu_id;
    float v[GPU_READINGS];
};

// Floats: four bytes a reading, and seven digits are more than a reading is worth. NaN: it could not be taken.
struct moment {
    int64_t at_us; // wall clock
    float v[MACHINE_READINGS];
    int n_gpus;
    struct gpu_moment gpus[];
};

struct moment *moment_new(const struct sample *s, int64_t at_us); // freed with free()

#endif
