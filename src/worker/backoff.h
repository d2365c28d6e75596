// Waiting between tries: longer each time, from 100 ms to 2 s, reset by success, cut short when the thread is to stop.
#ifndef HW_WORKER_BACKOFF_H
#define HW_WORKER_BACKOFF_H

#include <pthread.h>
#include <stdbool.h>

struct backoff {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopped;
    int ms;
};

void backoff_init(struct backoff *b);
void backoff_release(struct backoff *b);
void backoff_wait(struct backoff *b);    // returns at once when stopped
void backoff_reset(struct backoff *b);   // after a success
void backoff_stop(struct backoff *b);    // from any thread
bool backoff_stopped(struct backoff *b); // from any thread

#endif
