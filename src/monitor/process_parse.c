#include "monitor/process.h"
#include "monitor/scan.h"

bool parse_pid_stat(struct slice text, struct process_stat *out)
{
    *out = (struct process_stat){0};
    struct slice line;
    if (!scan_line(&text, &line)) return false;
    uint64_t pid;
    if (!scan_u64(&line, &pid)) return false;
    // The program's name stands in parentheses and may hold anything, parentheses, blanks and digits included: it ends
    // at the last one.
    const char *close = line.n ? memrchr(line.p, ')', line.n) : NULL;
    if (!close || line.p[0] != ' ' || line.n < 2 || line.p[1] != '(') return false;
    line = slice_of(close + 1, line.n - (size_t)(close + 1 - line.p));
    struct slice state = scan_word(&line);
    if (state.n != 1) return false;

    // Fields 4 (ppid) to 22 (starttime) of proc(5); some of those that aren't wanted may be negative.
    uint64_t f[19];
    for (size_t i = 0; i < 19; i++) {
        scan_blanks(&line);
        if (line.n && line.p[0] == '-') line.p++, line.n--;
        if (!scan_u64(&line, &f[i])) return false;
    }
    if (pid > INT32_MAX || f[0] > INT32_MAX || f[1] > INT32_MAX) return false;
    *out = (struct process_stat){.pid = (int64_t)pid,
                                 .state = state.p[0],
                                 .ppid = (int64_t)f[0],
                                 .pgrp = (int64_t)f[1],
                                 .user_ticks = f[10],
                                 .system_ticks = f[11],
                                 .child_user_ticks = f[12],
                                 .child_system_ticks = f[13],
                                 .start_ticks = f[18]};
    return true;
}

struct opt_u64 parse_pid_statm_rss(struct slice text)
{
    struct slice line;
    uint64_t size, resident;
    if (!scan_line(&text, &line) || !scan_u64(&line, &size) || !scan_u64(&line, &resident)) return NO_U64;
    return some_u64(resident);
}

struct process_io parse_pid_io(struct slice text)
{
    struct process_io io = {0};
    struct slice line;
    while (scan_line(&text, &line)) {
        struct slice key = slice_cut(&line, ':');
        uint64_t v;
        if (!scan_u64(&line, &v)) continue;
        if (slice_is(key, "read_bytes")) io.read_bytes = some_u64(v);
        if (slice_is(key, "write_bytes")) io.write_bytes = some_u64(v);
    }
    return io;
}
