// Why a job failed, from what is known of its end; and what to change before trying again
// (retry_params.c). Pure.
#ifndef HW_JOBS_ERRORS_H
#define HW_JOBS_ERRORS_H

#include <stdbool.h>

#include "base/json.h"

struct job_exit {
    int code;               // exit status; ignored when signal > 0
    int signal;             // 0: it exited by itself
    bool oom_killed;        // the cgroup counted an out-of-memory kill
    bool timed_out;         // the user's own time limit was reached
    bool worker_lost;       // nobody saw the end
    const char *error_type; // from the job's own error line; NULL: none
    const char *error_message;
    const char *last_stderr; // its last lines; NULL: none
};

#define JOB_ERROR_TYPE_SIZE    16
#define JOB_ERROR_MESSAGE_SIZE 512

struct job_failure {
    char type[JOB_ERROR_TYPE_SIZE]; // OOM, VALIDATION, TIMEOUT, NETWORK, DISK_FULL, NOT_FOUND, WORKER_LOST, CANCELLED,
                                    // UNKNOWN
    char message[JOB_ERROR_MESSAGE_SIZE]; // one honest sentence; names the signal or the exit status
};

void job_classify(const struct job_exit *x, struct job_failure *out);

// Parameters that may work, from those that failed: half of every batch size (never below 1) for OOM and TIMEOUT, also
// in objects within them and among the words of a command. The members that change, whole, as a retry takes them. NULL
// when there is nothing to suggest. The caller owns the object.
json_t *job_suggest_retry(const char *error_type, const json_t *params);

#endif
