// What a train_sae job will take: memory, disk and time; and, where that is too much, the value that would fit. Pure.
//
// The server tells this before anything is queued, and links no kernels; so what ml/ allocates is counted here once
// more, and tests/unit/task/test_train_sae_refusals.c holds the two counts against each other.
#ifndef HW_JOBS_TRAINING_SIZE_H
#define HW_JOBS_TRAINING_SIZE_H

#include <stdbool.h>
#include <stdint.h>

struct training_size {
    bool topk; // else every feature may be active
    int64_t width, n_features, k;
    int64_t batch_size, total_steps;
    int64_t log_every, checkpoint_every;
    int n_layers, threads;
};

// Bytes: what the job allocates, without the program itself.
double training_allocates(const struct training_size *s);
// Bytes in memory, with the program and its libraries. Activations are mapped, and count as the kernel's cache.
double training_memory(const struct training_size *s);
// Bytes that stay on the disk: every checkpoint, the result, and the rows of the curves.
double training_disk(const struct training_size *s);
int64_t training_checkpoints(const struct training_size *s);

// Of what is free a training may take so much; the task program refuses to begin with less.
#define TRAINING_MEMORY_SHARE 0.95

// Bytes that are free; INFINITY: not known.
struct training_room {
    double memory, disk;
};
bool training_fits(const struct training_size *s, const struct training_room *r);

// The one value that would make it fit, the largest such (for checkpoint_every the smallest), rounded as people choose
// them. Tried in this order: batch_size (down to an eighth) where memory is short, checkpoint_every where only the disk
// is, then fewer layers, then n_features.
struct training_suggestion {
    const char *field; // NULL: no one value would
    int64_t value;     // of layers: how many, the first ones
};
struct training_suggestion training_suggest(const struct training_size *s, const struct training_room *r);

// ---- time ----------------------------------------------------------------------------------------------------------

// An earlier run of the same architecture and width, on this host.
struct training_pace {
    int64_t n_features, batch_size;
    double samples_per_second; // over the whole run, all layers together
    double seconds;            // that it ran
};

// Runs of like size: features within a factor of 2, batch within a factor of 4, of a second at least.
#define TRAINING_LIKE_FEATURES 2
#define TRAINING_LIKE_BATCH    4
bool training_is_like(const struct training_size *s, const struct training_pace *run);

struct training_time {
    double low, high; // seconds
    int runs;         // that it was judged by
};
// What each like run would have taken for it, a sample costing in proportion to the features; the span of these, a
// quarter wider at both ends. False: there is no like run.
bool training_time(const struct training_size *s, const struct training_pace *runs, int n, struct training_time *out);

#endif
