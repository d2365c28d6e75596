#include "jobs/retry.h"

#include <string.h>

int64_t retry_wait_max(int attempt)
{
    int64_t wait = RETRY_BASE_US;
    for (int i = 1; i < attempt && wait < RETRY_CAP_US; i++) wait *= 2;
    return wait < RETRY_CAP_US ? wait : RETRY_CAP_US;
}

struct retry_decision retry_decide(const struct retry_facts *f)
{
    struct retry_decision never = {0}, at_once = {.again = true};
    if (f->attached || f->stop_asked) return never;
    if (strcmp(f->error_type, "NETWORK") == 0) {
        int bound = f->max_attempts > RETRY_NETWORK_ATTEMPTS ? f->max_attempts : RETRY_NETWORK_ATTEMPTS;
        if (f->attempt >= bound) return never;
        return (struct retry_decision){.again = true,
                                       .delay_us = (int64_t)(f->random * (double)retry_wait_max(f->attempt))};
    }
    if (strcmp(f->error_type, "OOM") == 0 || strcmp(f->error_type, "TIMEOUT") == 0) {
        // The same parameters would meet the same end.
        if (!f->auto_retry || f->auto_retries > 0 || !f->suggested) return never;
        return (struct retry_decision){.again = true, .changed = true};
    }
    if (strcmp(f->error_type, "WORKER_LOST") == 0 && f->attempt < f->max_attempts) return at_once;
    return never;
}
