// Whether two readers made the same of a line; shared by the tests and the fuzz targets of the wire format.
#ifndef HW_TESTS_WIRE_COMPARE_H
#define HW_TESTS_WIRE_COMPARE_H

#include <math.h>
#include <string.h>

#include "jobs/wire.h"

static inline bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

static inline bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool same_metric(const struct wire_event *a, const struct wire_event *b)
{
    bool same = a->u.metric.step == b->u.metric.step && a->u.metric.layer == b->u.metric.layer &&
                a->u.metric.given == b->u.metric.given && same_text(a->u.metric.extra, b->u.metric.extra);
#define X(name) same = same && same_number(a->u.metric.name, b->u.metric.name);
    WIRE_METRIC_COLUMNS(X)
#undef X
    return same;
}

static inline bool same_event(const struct wire_event *a, const struct wire_event *b)
{
    if (a->type != b->type || a->ts_us != b->ts_us) return false;
    if (a->type == WIRE_METRIC) return same_metric(a, b);
    if (a->type == WIRE_OUTPUT)
        return same_text(a->u.output.text, b->u.output.text) && same_text(a->u.output.stream, b->u.output.stream);
    return json_equal(a->json, b->json);
}

#endif
