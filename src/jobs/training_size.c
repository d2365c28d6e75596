#include "jobs/training_size.h"

#include <math.h>
#include <stddef.h>

// ---- as ml/ allocates ---------------------------------------------------------------------------------------------

enum {
    LANES = 16,             // floats that rows are padded to
    SLICE_ROWS = 128,       // rows of a batch that a thread takes at a time
    RANGE_FEATURES = 32,    // features that a thread takes at a time
    SELECT_PAD = 16,        // room behind a row's active features
    BLOCK_BYTES = 64 << 20, // of active features that are held at a time
    ENTRY_BYTES = 12,       // of an active feature: row, value, gradient
};

// Measured: trainings of 64 to 4,096 features had 7 to 17 MiB more in memory than they allocate, mapped files included.
#define PROGRAM_BYTES (16.0 * 1024 * 1024)

// Of a layer's folder, beside its arrays: cfg.json and the headers of the safetensors files.
#define FOLDER_BYTES 4096.0
// Of a row of a curve in the database, with its part in the sums over tens of rows.
#define ROW_BYTES 160.0

static double padded(int64_t n)
{
    int64_t lanes = (n + LANES - 1) / LANES * LANES;
    return (double)lanes;
}

static double parameters(const struct training_size *s)
{
    double d = (double)s->width, f = (double)s->n_features;
    return 2 * d * f + f + d;
}

// Weights, both moments and gradient; norms, sums, and when each feature was last active.
static double layer_bytes(const struct training_size *s)
{
    double ld = padded(s->width), f = (double)s->n_features;
    return 16 * (2 * f * ld + f + ld) + f * 16;
}

static double row_cap(const struct training_size *s)
{
    return (double)(s->topk ? s->k : s->n_features) + SELECT_PAD;
}

static double block_rows(const struct training_size *s)
{
    double rows = floor(BLOCK_BYTES / (row_cap(s) * ENTRY_BYTES) / SLICE_ROWS) * SLICE_ROWS;
    double whole = ceil((double)s->batch_size / SLICE_ROWS) * SLICE_ROWS;
    return fmin(fmax(rows, SLICE_ROWS), whole);
}

static double work_bytes(const struct training_size *s)
{
    double rows = block_rows(s), ld = padded(s->width), f = (double)s->n_features, cap = row_cap(s);
    double by_columns = rows * cap * ENTRY_BYTES + rows / SLICE_ROWS * ((f + 1) * 4 + 2 * ld * 4);
    double member = SLICE_ROWS * (f * 4 + cap * ENTRY_BYTES) + f * 12;
    return rows * ld * 8 + by_columns + s->threads * member + f / RANGE_FEATURES * ld * 4;
}

double training_allocates(const struct training_size *s)
{
    // A checkpoint is written through one contiguous copy of the weights; a batch needs its indices.
    return work_bytes(s) + parameters(s) * 4 + (double)s->batch_size * 8 + s->n_layers * layer_bytes(s);
}

double training_memory(const struct training_size *s)
{
    return PROGRAM_BYTES + training_allocates(s);
}

// ---- disk ---------------------------------------------------------------------------------------------------------

// One at each so many steps, and one at the end.
int64_t training_checkpoints(const struct training_size *s)
{
    return s->total_steps / s->checkpoint_every + (s->total_steps % s->checkpoint_every != 0);
}

double training_disk(const struct training_size *s)
{
    double weights = parameters(s) * 4;
    // Weights, both moments, and each feature's last active step.
    double checkpoint = 3 * weights + 8 * (double)s->n_features + FOLDER_BYTES;
    int64_t steps_logged = s->total_steps / s->log_every + 2;
    double rows = (double)steps_logged * (s->n_layers + 1);
    return s->n_layers * ((double)training_checkpoints(s) * checkpoint + weights + FOLDER_BYTES) + rows * ROW_BYTES;
}

// ---- what would fit -----------------------------------------------------------------------------------------------

static bool memory_fits(const struct training_size *s, const struct training_room *r)
{
    return training_memory(s) <= TRAINING_MEMORY_SHARE * r->memory;
}

bool training_fits(const struct training_size *s, const struct training_room *r)
{
    return memory_fits(s, r) && training_disk(s) <= r->disk;
}

enum knob { BATCH, CHECKPOINTS, LAYERS, FEATURES };

static struct training_size turned(const struct training_size *s, enum knob knob, int64_t value)
{
    struct training_size t = *s;
    switch (knob) {
    case BATCH: t.batch_size = value; break;
    case CHECKPOINTS: t.checkpoint_every = value; break;
    case LAYERS: t.n_layers = (int)value; break;
    case FEATURES: t.n_features = value; break;
    }
    return t;
}

static bool fits_at(const struct training_size *s, enum knob knob, int64_t value, const struct training_room *r)
{
    struct training_size t = turned(s, knob, value);
    return training_fits(&t, r);
}

// The largest value from `low` to below `high` that fits; 0: none does.
static int64_t largest(const struct training_size *s, enum knob knob, int64_t low, int64_t high,
                       const struct training_room *r)
{
    if (low >= high || !fits_at(s, knob, low, r)) return 0;
    while (high - low > 1) {
        int64_t mid = low + (high - low) / 2;
        if (fits_at(s, knob, mid, r))
            low = mid;
        else
            high = mid;
    }
    return low;
}

// Down to a power of two.
static int64_t power_below(int64_t v)
{
    int64_t p = 1;
    while (p <= v / 2) p *= 2;
    return p;
}

// Down to a power of two and some sixteenths of it, such as 1,024, 1,088, 1,152.
static int64_t features_below(int64_t v, int64_t least)
{
    if (v < 16) return v;
    int64_t unit = power_below(v / 16), down = v / unit * unit;
    return down < least ? v : down;
}

// Up to 1, 2 or 5 with zeros.
static int64_t steps_above(int64_t v)
{
    static const int64_t leading[] = {1, 2, 5};
    for (int64_t unit = 1;; unit *= 10)
        for (int i = 0; i < 3; i++)
            if (leading[i] * unit >= v) return leading[i] * unit;
}

static int64_t fewer_checkpoints(const struct training_size *s, const struct training_room *r)
{
    if (!fits_at(s, CHECKPOINTS, s->total_steps, r)) return 0;
    int64_t low = s->checkpoint_every, high = s->total_steps; // too often, seldom enough
    while (high - low > 1) {
        int64_t mid = low + (high - low) / 2;
        if (fits_at(s, CHECKPOINTS, mid, r))
            high = mid;
        else
            low = mid;
    }
    int64_t round = steps_above(high);
    return round < s->total_steps && fits_at(s, CHECKPOINTS, round, r) ? round : high;
}

struct training_suggestion training_suggest(const struct training_size *s, const struct training_room *r)
{
    int64_t v;
    int64_t least_batch = s->batch_size / 8 > 1 ? s->batch_size / 8 : 1, least_features = s->topk ? s->k : 1;
    if (training_fits(s, r)) return (struct training_suggestion){0};
    if (!memory_fits(s, r)) {
        v = largest(s, BATCH, least_batch, s->batch_size, r);
        // The rounding must not go below what was tried.
        if (v) return (struct training_suggestion){"batch_size", power_below(v) >= least_batch ? power_below(v) : v};
    } else if (s->checkpoint_every < s->total_steps) {
        v = fewer_checkpoints(s, r);
        if (v) return (struct training_suggestion){"checkpoint_every", v};
    }
    v = largest(s, LAYERS, 1, s->n_layers, r);
    if (v) return (struct training_suggestion){"layers", v};
    v = largest(s, FEATURES, least_features, s->n_features, r);
    if (v) return (struct training_suggestion){"n_features", features_below(v, least_features)};
    return (struct training_suggestion){0};
}

// ---- time ----------------------------------------------------------------------------------------------------------

static bool within(int64_t a, int64_t b, int factor)
{
    return a <= b * factor && b <= a * factor;
}

bool training_is_like(const struct training_size *s, const struct training_pace *run)
{
    return within(s->n_features, run->n_features, TRAINING_LIKE_FEATURES) &&
           within(s->batch_size, run->batch_size, TRAINING_LIKE_BATCH) && run->seconds >= 1 &&
           run->samples_per_second > 0 && isfinite(run->samples_per_second);
}

bool training_time(const struct training_size *s, const struct training_pace *runs, int n, struct training_time *out)
{
    double samples = (double)s->total_steps * (double)s->batch_size * s->n_layers, low = INFINITY, high = 0;
    int counted = 0;
    for (int i = 0; i < n; i++) {
        if (!training_is_like(s, &runs[i])) continue;
        double seconds = samples / runs[i].samples_per_second * ((double)s->n_features / (double)runs[i].n_features);
        low = fmin(low, seconds);
        high = fmax(high, seconds);
        counted++;
    }
    if (!counted) return false;
    *out = (struct training_time){low * 0.8, high * 1.25, counted};
    return true;
}
