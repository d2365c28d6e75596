// What stretches of a curve come to: for each metric the lowest and the highest value and where they lie. Summaries are
// made of rows and of other summaries, and rows are chosen from them for a chart. Pure.
//
// The rule by which rows are chosen. The rows are cut into buckets of nearly equal length. A bucket keeps its first and
// its last row, and for every metric, named or extra, the row of its lowest value, the row of its highest (the first
// such row, where there are several; infinities don't count), the first row without a value beside rows that have one,
// and the first rows with plus and with minus infinity. One row is often kept for several reasons. There are as many
// buckets as fit, and one at least: its rows are all kept, though they be more than asked for, which takes a maximum
// below 2 + 5 a metric.
#ifndef HW_STORE_METRIC_SUMMARY_H
#define HW_STORE_METRIC_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/slice.h"

struct metric_row;

// One metric in one summary. Steps are -1 where there is none.
struct metric_extremes {
    int name;               // an index: the columns of METRIC_COLUMNS in their order, then other names as they came
    double lowest, highest; // of the finite values
    int64_t lowest_at, highest_at;
    int64_t gap_at; // the first row without a value; a metric of which the summary has no value at all isn't in it
    int64_t up_at, down_at; // the first infinities
};

struct metric_summary {
    int64_t first_step, last_step, rows;
    size_t at; // where its metrics begin in the list's
    int n;     // how many it has
};

// Summaries that follow one another, in step order.
struct metric_summaries {
    struct metric_summary *list;
    size_t n, cap;
    struct metric_extremes *metrics;
    size_t n_metrics, metrics_cap;
    struct map names; // of the extra metrics: name → index
    int n_names;
    struct metric_extremes *sum; // scratch: one for each name
    size_t sum_cap;
};

void metric_summaries_init(struct metric_summaries *s);
void metric_summaries_release(struct metric_summaries *s);
void metric_summaries_clear(struct metric_summaries *s); // but for the names
void metric_summaries_truncate(struct metric_summaries *s, size_t n);
void metric_summaries_rotate(struct metric_summaries *s, size_t n); // the first n behind the others

void metric_summaries_add_row(struct metric_summaries *s, const struct metric_row *r);
// As written below. HW_EINTERNAL: that is no summary.
int metric_summaries_add(struct metric_summaries *s, int64_t first_step, int64_t last_step, int64_t rows,
                         struct slice data, struct err *e);
// The summary of those from `from` up to before `to`, one at least, as text (base64).
void metric_summaries_write(struct metric_summaries *s, size_t from, size_t to, struct buf *out);
// Replaces those from `from` on by one for each `group` of them.
void metric_summaries_fold(struct metric_summaries *s, size_t from, size_t group);
int64_t metric_summaries_rows(const struct metric_summaries *s, size_t from, size_t to);
// What one metric comes to in those from `from` up to before `to`, one at least; `name` is its place in METRIC_COLUMNS.
// Valid until the next call. NULL: there is no value.
const struct metric_extremes *metric_summaries_of(struct metric_summaries *s, size_t from, size_t to, int name);

// The steps of the rows that are chosen, ascending, and where each bucket ends (its last step).
struct metric_choice {
    int64_t *steps;
    size_t n;
    int64_t *bucket_ends;
    size_t n_buckets;
};
void metric_summaries_choose(struct metric_summaries *s, size_t max_rows, struct metric_choice *out);
void metric_choice_release(struct metric_choice *c);

#endif
