#include "ml/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

struct member {
    struct team *team;
    int number;
    pthread_t thread;
};

struct team {
    int size;
    int started; // threads that exist
    struct member *members;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t work, done;
    uint64_t round; // counts team_run calls
    int running;    // members of this round that have not finished, the caller's excepted
    bool closing;
    void (*fn)(void *ctx, int member);
    void *ctx;
};

static void *member_main(void *arg)
{
    struct member *m = arg;
    struct team *t = m->team;
    uint64_t seen = 0;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (t->round == seen && !t->closing) pthread_cond_wait(&t->work, &t->lock);
        if (t->closing) break;
        seen = t->round;
        void (*fn)(void *, int) = t->fn;
        void *ctx = t->ctx;
        pthread_mutex_unlock(&t->lock);
        fn(ctx, m->number);
        pthread_mutex_lock(&t->lock);
        if (--t->running == 0) pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct team *team_new(int size, struct err *e)
{
    struct team *t = mem_zalloc(sizeof *t);
    t->size = size < 1 ? 1 : size;
    t->members = mem_array((size_t)t->size, sizeof *t->members);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->done, NULL);
    for (int i = 1; i < t->size; i++) {
        t->members[i] = (struct member){.team = t, .number = i};
        int rc = pthread_create(&t->members[i].thread, NULL, member_main, &t->members[i]);
        if (rc) {
            err_sys(e, rc, "starting thread %d of %d", i + 1, t->size);
            team_free(t);
            return NULL;
        }
        t->started++;
    }
    return t;
}

void team_free(struct team *t)
{
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->closing = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (int i = 1; i <= t->started; i++) pthread_join(t->members[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    free(t->members);
    free(t);
}

int team_size(const struct team *t)
{
    return t->size;
}

int team_default_size(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n;
}

void team_run(struct team *t, void (*fn)(void *ctx, int member), void *ctx)
{
    if (t->size > 1) {
        pthread_mutex_lock(&t->lock);
        t->fn = fn;
        t->ctx = ctx;
        t->running = t->size - 1;
        t->round++;
        pthread_cond_broadcast(&t->work);
        pthread_mutex_unlock(&t->lock);
    }
    fn(ctx, 0);
    if (t->size > 1) {
        pthread_mutex_lock(&t->lock);
        while (t->running > 0) pthread_cond_wait(&t->done, &t->lock);
        pthread_mutex_unlock(&t->lock);
    }
}
