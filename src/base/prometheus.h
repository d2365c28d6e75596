// Prometheus' text exposition format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
#ifndef HW_BASE_PROMETHEUS_H
#define HW_BASE_PROMETHEUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum prom_type { PROM_COUNTER, PROM_GAUGE, PROM_HISTOGRAM };

// Begins a family: `# HELP` and `# TYPE`. Its samples follow at once. `name`: [a-z_:][a-z0-9_:]*, a counter's ends in
// _total, a unit is a base unit (seconds, bytes).
void prom_family(struct buf *out, const char *name, enum prom_type type, const char *help);

// One sample of the family. `labels`: name and value in turn, ended by NULL; NULL for none. Values may hold any text.
void prom_sample(struct buf *out, const char *name, const char *const *labels, double value);
void prom_sample_u64(struct buf *out, const char *name, const char *const *labels, uint64_t value);

// A family of one sample without labels.
void prom_counter(struct buf *out, const char *name, const char *help, uint64_t value);
void prom_gauge(struct buf *out, const char *name, const char *help, double value);

// Durations, or anything else, counted by upper bounds.
struct prom_histogram {
    const double *bounds; // ascending, without the last, which is infinity
    size_t n_bounds;
    uint64_t *counts; // n_bounds + 1, each for itself alone
    double sum;
};
void prom_histogram_add(struct prom_histogram *h, double value);
// The samples of the family `name`: _bucket (cumulative), _sum, _count.
void prom_histogram_write(struct buf *out, const char *name, const char *const *labels, const struct prom_histogram *h);

#endif
