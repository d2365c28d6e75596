#include "base/prometheus.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void add_escaped(struct buf *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\n') {
            buf_add_str(out, "\\n");
            continue;
        }
        if (strchr(special, *text)) buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

void prom_family(struct buf *out, const char *name, enum prom_type type, const char *help)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    buf_addf(out, "# HELP %s ", name);
    add_escaped(out, help, "\\");
    buf_addf(out, "\n# TYPE %s %s\n", name, types[type]);
}

// {a="1",b="2"}; `more` is a label that comes last, or NULL.
static void add_labels(struct buf *out, const char *const *labels, const char *more, const char *value)
{
    bool any = false;
    for (; labels && labels[0]; labels += 2) {
        buf_addf(out, "%c%s=\"", any ? ',' : '{', labels[0]);
        add_escaped(out, labels[1], "\\\"");
        buf_add_char(out, '"');
        any = true;
    }
    if (more) {
        buf_addf(out, "%c%s=\"%s\"", any ? ',' : '{', more, value);
        any = true;
    }
    if (any) buf_add_char(out, '}');
}

static void add_number(struct buf *out, double v)
{
    if (isnan(v))
        buf_add_str(out, "NaN");
    else if (isinf(v))
        buf_add_str(out, v > 0 ? "+Inf" : "-Inf");
    else
        buf_addf(out, "%.15g", v);
}

void prom_sample(struct buf *out, const char *name, const char *const *labels, double value)
{
    buf_add_str(out, name);
    add_labels(out, labels, NULL, NULL);
    buf_add_char(out, ' ');
    add_number(out, value);
    buf_add_char(out, '\n');
}

void prom_sample_u64(struct buf *out, const char *name, const char *const *labels, uint64_t value)
{
    buf_add_str(out, name);
    add_labels(out, labels, NULL, NULL);
    buf_addf(out, " %llu\n", (unsigned long long)value);
}

void prom_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
    prom_family(out, name, PROM_COUNTER, help);
    prom_sample_u64(out, name, NULL, value);
}

void prom_gauge(struct buf *out, const char *name, const char *help, double value)
{
    prom_family(out, name, PROM_GAUGE, help);
    prom_sample(out, name, NULL, value);
}

void prom_histogram_add(struct prom_histogram *h, double value)
{
    size_t i = 0;
    while (i < h->n_bounds && value > h->bounds[i]) i++;
    h->counts[i]++;
    h->sum += value;
}

void prom_histogram_write(struct buf *out, const char *name, const char *const *labels, const struct prom_histogram *h)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= h->n_bounds; i++) {
        char bound[32] = "+Inf";
        if (i < h->n_bounds) snprintf(bound, sizeof bound, "%.15g", h->bounds[i]);
        total += h->counts[i];
        buf_addf(out, "%s_bucket", name);
        add_labels(out, labels, "le", bound);
        buf_addf(out, " %llu\n", (unsigned long long)total);
    }
    buf_addf(out, "%s_sum", name);
    add_labels(out, labels, NULL, NULL);
    buf_add_char(out, ' ');
    add_number(out, h->sum);
    buf_addf(out, "\n%s_count", name);
    add_labels(out, labels, NULL, NULL);
    buf_addf(out, " %llu\n", (unsigned long long)total);
}
