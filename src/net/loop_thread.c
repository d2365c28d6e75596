#include "net/loop_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/loop.h"

struct loop_thread {
    struct loop *loop;
    pthread_t thread;
};

static void *run(void *arg)
{
    loop_run(arg);
    return NULL;
}

int loop_thread_start(struct loop_thread **out, const char *name, struct err *e)
{
    *out = NULL;
    struct loop_thread *t = mem_zalloc(sizeof *t);
    int rc = loop_new(&t->loop, e);
    if (rc) {
        free(t);
        return rc;
    }
    // Signals are the main thread's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&t->thread, NULL, run, t->loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        loop_free(t->loop);
        free(t);
        return err_sys(e, error, "can't start the thread %s", name);
    }
    (void)pthread_setname_np(t->thread, name); // for top(1) and debuggers; a thread without a name works as well
    *out = t;
    return 0;
}

struct loop *loop_thread_loop(const struct loop_thread *t)
{
    return t->loop;
}

void loop_thread_join(struct loop_thread *t)
{
    loop_stop(t->loop);
    pthread_join(t->thread, NULL);
}

void loop_thread_free(struct loop_thread *t)
{
    if (!t) return;
    loop_free(t->loop);
    free(t);
}
