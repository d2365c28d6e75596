// The program's diagnostics, one line each on standard error: time, level, component, text.
// Only programs (server, worker, cli, tasks' main) log; library code returns errors instead.
#ifndef HW_BASE_LOG_H
#define HW_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF /* as a threshold: nothing is said */ };

// The threshold is the one piece of process-wide state: it is set once, at the start, by main. Default LOG_INFO.
void log_set_level(enum log_level level);

void log_at(enum log_level level, const char *component, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)

#endif
