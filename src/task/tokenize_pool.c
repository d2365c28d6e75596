#include "task/tokenize_pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum slot_state { EMPTY, READY, RUNNING, DONE };

struct slot {
    struct token_batch batch;
    enum slot_state state;
};

// The slots form a ring: filled, run and emptied in the same order.
struct token_pool {
    struct token_pool_config config;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t ready; // a slot became READY, or `quit`
    pthread_cond_t done;  // a slot became DONE
    struct slot *slots;
    size_t n;
    uint64_t filled, started, emptied; // slots so far; modulo n the next one of each
    bool quit;
    pthread_t *threads;
    int n_threads;
};

void token_batch_release(struct token_batch *b)
{
    buf_release(&b->lines);
    bpe_ids_release(&b->ids);
    bpe_ids_release(&b->lengths);
    bpe_ids_release(&b->bytes);
}

static bool stopping(const struct token_pool_config *config)
{
    return config->stop && atomic_load_explicit(config->stop, memory_order_relaxed) != 0;
}

void token_batch_encode(struct token_batch *b, const struct token_pool_config *config, struct bpe_encoder *enc,
                        struct buf *scratch)
{
    struct slice rest = buf_slice(&b->lines), text;
    int rc;
    b->ids.n = b->lengths.n = b->bytes.n = 0;
    b->lines_taken = 0;
    err_clear(&b->err);
    // NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the value is this condition's own
    while ((rc = corpus_next(&rest, config->format, slice_str(config->text_field), scratch, &b->lines_taken, &text,
                             &b->err)) > 0) {
        size_t before = b->ids.n;
        if (config->separator >= 0) bpe_ids_add(&b->ids, (uint32_t)config->separator);
        rc = stopping(config) ? err_set(&b->err, HW_ECANCELLED, "stopped on request")
                              : bpe_encode(enc, text, &b->ids, &b->err);
        if (rc) return;
        bpe_ids_add(&b->lengths, (uint32_t)(b->ids.n - before));
        bpe_ids_add(&b->bytes, (uint32_t)text.n);
    }
}

static void *run(void *arg)
{
    struct token_pool *p = arg;
    struct bpe_encoder *enc = bpe_encoder_new(p->config.bpe, p->config.stop);
    struct buf scratch = BUF_INIT;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->quit && p->started == p->filled) pthread_cond_wait(&p->ready, &p->lock);
        if (p->quit) break;
        struct slot *s = &p->slots[p->started++ % p->n];
        s->state = RUNNING;
        pthread_mutex_unlock(&p->lock);
        token_batch_encode(&s->batch, &p->config, enc, &scratch);
        pthread_mutex_lock(&p->lock);
        s->state = DONE;
        pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    buf_release(&scratch);
    bpe_encoder_free(enc);
    return NULL;
}

struct token_pool *token_pool_new(const struct token_pool_config *config, struct err *e)
{
    struct token_pool *p = mem_zalloc(sizeof *p);
    p->config = *config;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->ready, NULL);
    pthread_cond_init(&p->done, NULL);
    // One batch a thread is run while as many wait, one is filled and one is written.
    p->n = (size_t)config->threads * 2 + 2;
    p->slots = mem_array(p->n, sizeof *p->slots);
    p->threads = mem_array((size_t)config->threads, sizeof *p->threads);
    while (p->n_threads < config->threads) {
        int rc = pthread_create(&p->threads[p->n_threads], NULL, run, p);
        if (rc) {
            err_sys(e, rc, "can't start thread %d of %d", p->n_threads + 1, config->threads);
            token_pool_free(p);
            return NULL;
        }
        p->n_threads++;
    }
    return p;
}

void token_pool_free(struct token_pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->ready);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_threads; i++) pthread_join(p->threads[i], NULL);
    for (size_t i = 0; i < p->n; i++) token_batch_release(&p->slots[i].batch);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->ready);
    pthread_mutex_destroy(&p->lock);
    free(p->slots);
    free(p->threads);
    free(p);
}

struct token_batch *token_pool_take_empty(struct token_pool *p)
{
    // Only the owner fills and empties, so both counts can be read without the lock.
    return p->filled - p->emptied < p->n ? &p->slots[p->filled % p->n].batch : NULL;
}

void token_pool_submit(struct token_pool *p, struct token_batch *b)
{
    pthread_mutex_lock(&p->lock);
    struct slot *s = &p->slots[p->filled++ % p->n];
    assert(&s->batch == b);
    (void)b;
    s->state = READY;
    pthread_cond_signal(&p->ready);
    pthread_mutex_unlock(&p->lock);
}

struct token_batch *token_pool_wait(struct token_pool *p)
{
    if (p->filled == p->emptied) return NULL;
    struct slot *s = &p->slots[p->emptied % p->n];
    pthread_mutex_lock(&p->lock);
    while (s->state != DONE) pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return &s->batch;
}

void token_pool_give_back(struct token_pool *p, struct token_batch *b)
{
    pthread_mutex_lock(&p->lock);
    struct slot *s = &p->slots[p->emptied++ % p->n];
    assert(&s->batch == b);
    (void)b;
    s->state = EMPTY;
    pthread_mutex_unlock(&p->lock);
}
