// Calls of the tables in a test: a function of the test that runs within one of the store's writes.
#ifndef HW_TESTS_IN_STORE_H
#define HW_TESTS_IN_STORE_H

#include <pthread.h>

#include "store/temp_store.h"

static inline int nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

// A write whose function runs on the test's own thread, where its assertions belong, while the store's thread waits.
struct handed {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_tx *tx;
    bool over;
};

static inline int hand_over(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)e;
    struct handed *h = ctx;
    pthread_mutex_lock(&h->lock);
    h->tx = tx;
    pthread_cond_broadcast(&h->wake);
    while (!h->over) pthread_cond_wait(&h->wake, &h->lock);
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static inline void in_store(struct temp_store *t, void (*fn)(struct store_tx *tx, struct err *e))
{
    // On the heap: an assertion that fails leaves this function, and the store's thread waiting.
    struct handed *h = calloc(1, sizeof *h);
    struct err e = {0};
    assert_int_equal(pthread_mutex_init(&h->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&h->wake, NULL), 0);
    store_write(t->s, hand_over, NULL, h);
    pthread_mutex_lock(&h->lock);
    while (!h->tx) pthread_cond_wait(&h->wake, &h->lock);
    pthread_mutex_unlock(&h->lock);
    fn(h->tx, &e);
    pthread_mutex_lock(&h->lock);
    h->over = true;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
    assert_int_equal(store_write_wait(t->s, nothing, NULL, NULL), 0); // `h` is out of use after it
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

#endif
