// Rows of a curve as JSON, as CSV (RFC 4180), and as columns of numbers for a page that draws them. Pure.
// docs/api/rest.md describes the three.
#ifndef HW_API_METRIC_FORMATS_H
#define HW_API_METRIC_FORMATS_H

#include "base/buf.h"
#include "base/err.h"
#include "store/metrics_table.h"

enum metric_format { METRIC_JSON, METRIC_CSV, METRIC_BINARY };

const char *metric_format_type(enum metric_format f); // its Content-Type
// HW_EVALIDATION: it can't be said in that format.
int metric_rows_write(struct buf *out, enum metric_format f, const char *training_id, const struct metric_rows *m,
                      struct err *e);

#endif
