#include "jobs/log_bounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void log_bounds_add(struct job_row *r, int64_t seq, int64_t text)
{
    int64_t cost = text + LOG_LINE_COST;
    if (r->log_tail_begin == 0 && r->log_bytes + cost > LOG_HEAD_BYTES) {
        r->log_head_end = seq - 1;
        r->log_tail_begin = seq;
        r->log_bytes = 0;
    }
    r->log_bytes += cost;
}

int64_t log_bounds_excess(const struct job_row *r)
{
    return r->log_tail_begin && r->log_bytes > LOG_TAIL_BYTES ? r->log_bytes - LOG_TAIL_BYTES : 0;
}

void log_bounds_cut(struct job_row *r, const struct job_logs_cut *cut)
{
    r->log_tail_begin = cut->begin;
    r->log_bytes -= cut->text + cut->lines * LOG_LINE_COST;
    r->log_cut_bytes += cut->text;
}

int64_t log_bounds_missing(const struct job_row *r)
{
    return r->log_tail_begin ? r->log_tail_begin - r->log_head_end - 1 : 0;
}

// 1234567 → "1,234,567"
static void grouped(int64_t n, char *out, size_t size)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t len = strlen(digits), at = 0;
    for (size_t i = 0; i < len && at + 2 < size; i++) {
        if (i && (len - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
}

void log_bounds_text(const struct job_row *r, char *out, size_t size)
{
    char lines[32];
    grouped(log_bounds_missing(r), lines, sizeof lines);
    bool one = log_bounds_missing(r) == 1;
    snprintf(out, size, "… %s line%s (%.1f MiB) %s not kept …", lines, one ? "" : "s",
             (double)r->log_cut_bytes / (1 << 20), one ? "is" : "are");
}
