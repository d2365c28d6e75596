// The connections of one store: kept while they are few, closed after use when they are more, none while the server is
// away.
#include <stdlib.h>

#include "base/clock.h"
#include "store/postgres_internal.h"

// After a failure the next try waits, twice as long each time. One that is short finds a server that was restarted
// quickly; one that is longer than a few seconds would only keep users waiting.
static const int64_t BACKOFF_FIRST_US = 100000, BACKOFF_MOST_US = 3000000;

static void forget(struct backend *b, struct pg_conn *c)
{
    list_remove(&c->node);
    b->n_idle--;
    b->n_open--;
    pg_conn_free(c);
}

// What was open before the server went away has ended with it.
static void forget_idle(struct backend *b)
{
    while (!list_empty(&b->idle)) forget(b, LIST_ITEM(b->idle.next, struct pg_conn, node));
}

static void note(struct backend *b, int rc, const struct err *why)
{
    b->trying = false;
    if (!rc) {
        b->backoff_us = 0;
        return;
    }
    b->backoff_us = b->backoff_us ? b->backoff_us * 2 : BACKOFF_FIRST_US;
    if (b->backoff_us > BACKOFF_MOST_US) b->backoff_us = BACKOFF_MOST_US;
    b->retry_us = clock_mono_us() + b->backoff_us;
    b->away = *why;
}

// With the lock held, which is given back while it connects.
static int connect_new(struct backend *b, struct pg_conn **out, struct err *e)
{
    struct err why = {0};
    if (b->backoff_us && (b->trying || clock_mono_us() < b->retry_us)) {
        if (e) *e = b->away;
        return b->away.code;
    }
    if (b->n_open >= b->most)
        return err_set(e, HW_EUNAVAILABLE, "all %d connections to the database are busy", b->most);
    b->trying = b->backoff_us != 0;
    b->n_open++;
    pthread_mutex_unlock(&b->lock);
    int rc = pg_connect(out, b->url, &why);
    pthread_mutex_lock(&b->lock);
    if (rc) b->n_open--;
    if (rc && e) *e = why;
    note(b, rc, &why);
    return rc;
}

int pg_take(struct backend *b, struct pg_conn **out, struct err *e)
{
    int rc = 0;
    pthread_mutex_lock(&b->lock);
    if (list_empty(&b->idle)) {
        rc = connect_new(b, out, e);
    } else {
        *out = LIST_ITEM(b->idle.next, struct pg_conn, node);
        list_remove(&(*out)->node);
        b->n_idle--;
    }
    pthread_mutex_unlock(&b->lock);
    return rc;
}

void pg_give(struct backend *b, struct pg_conn *c)
{
    if (!c) return;
    pthread_mutex_lock(&b->lock);
    list_push_front(&b->idle, &c->node);
    b->n_idle++;
    if (c->broken)
        forget_idle(b);
    else if (b->n_open > b->keep)
        forget(b, c);
    pthread_mutex_unlock(&b->lock);
}
