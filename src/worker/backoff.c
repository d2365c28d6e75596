#include "worker/backoff.h"

#include <time.h>

enum { FIRST_MS = 100, LONGEST_MS = 2000 };

void backoff_init(struct backoff *b)
{
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &attr);
    pthread_condattr_destroy(&attr);
    b->stopped = false;
    b->ms = FIRST_MS;
}

void backoff_release(struct backoff *b)
{
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
}

void backoff_wait(struct backoff *b)
{
    pthread_mutex_lock(&b->lock);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(b->ms % 1000) * 1000000;
    until.tv_sec += b->ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!b->stopped && pthread_cond_timedwait(&b->wake, &b->lock, &until) == 0) {
    }
    b->ms = b->ms * 2 > LONGEST_MS ? LONGEST_MS : b->ms * 2;
    pthread_mutex_unlock(&b->lock);
}

void backoff_reset(struct backoff *b)
{
    pthread_mutex_lock(&b->lock);
    b->ms = FIRST_MS;
    pthread_mutex_unlock(&b->lock);
}

void backoff_stop(struct backoff *b)
{
    pthread_mutex_lock(&b->lock);
    b->stopped = true;
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

bool backoff_stopped(struct backoff *b)
{
    pthread_mutex_lock(&b->lock);
    bool stopped = b->stopped;
    pthread_mutex_unlock(&b->lock);
    return stopped;
}
