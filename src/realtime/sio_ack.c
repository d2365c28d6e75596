// The acknowledgements a socket waits for.
#include <stdlib.h>

#include "base/mem.h"
#include "realtime/sio_internal.h"

struct sio_awaited {
    struct sio_awaited *next;
    uint64_t id;
    sio_ack_fn fn;
    void *ctx;
};

uint64_t sio_await(struct sio_socket *s, sio_ack_fn fn, void *ctx)
{
    size_t n = 0;
    struct sio_awaited **last = &s->awaited;
    for (; *last; last = &(*last)->next) n++;
    if (n >= SIO_MAX_AWAITED_ACKS) return SIO_NO_ID;
    struct sio_awaited *a = mem_zalloc(sizeof *a);
    a->id = ++s->n_asked;
    a->fn = fn;
    a->ctx = ctx;
    *last = a;
    return a->id;
}

// One that nobody waits for (any more) is passed over.
void sio_acknowledged(struct sio_socket *s, const struct sio_packet *p)
{
    for (struct sio_awaited **at = &s->awaited; *at; at = &(*at)->next) {
        struct sio_awaited *a = *at;
        if (a->id != p->id) continue;
        *at = a->next;
        a->fn(a->ctx, s, p);
        free(a);
        return;
    }
}

void sio_give_up_awaited(struct sio_socket *s)
{
    while (s->awaited) {
        struct sio_awaited *a = s->awaited;
        s->awaited = a->next;
        a->fn(a->ctx, s, NULL);
        free(a);
    }
}
