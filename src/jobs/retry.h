// Whether a job that failed is tried again by itself, when, and with what. Pure.
#ifndef HW_JOBS_RETRY_H
#define HW_JOBS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_BASE_US          2000000LL   // the longest wait after the first attempt; doubled after each further one
#define RETRY_CAP_US           300000000LL // and never longer than this
#define RETRY_NETWORK_ATTEMPTS 5           // attempts in all that a failing network gets, if the job has no more

struct retry_facts {
    const char *error_type;    // as job_classify gave it
    int attempt, max_attempts; // the one that failed, from 1; the job's own bound
    bool attached;             // runs where it was called: nobody can start it again
    bool stop_asked;           // somebody wants it to end
    bool auto_retry;           // its user allows one more attempt with other parameters
    int auto_retries;          // of that kind, made so far
    bool suggested;            // there are parameters that may work
    double random;             // from [0, 1)
};

struct retry_decision {
    bool again;
    bool changed; // with the suggested parameters
    int64_t delay_us;
};

// NETWORK: again, after a random time below a bound that doubles ("full jitter": what failed together doesn't come back
// together), up to five attempts or max_attempts, whichever is more. OOM and TIMEOUT: at once, with the suggested
// parameters, once, and only where the user allowed it. WORKER_LOST: at once, up to max_attempts. Anything else, above
// all VALIDATION, would fail again: never.
struct retry_decision retry_decide(const struct retry_facts *f);

// The bound of the random wait after the attempt of that number.
int64_t retry_wait_max(int attempt);

#endif
