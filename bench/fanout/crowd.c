#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "now.h"

#define EVENTS 1024

void crowd_init(struct crowd *w, const struct options *o, struct check *check)
{
    *w = (struct crowd){.n = o->clients, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    w->clients = calloc(w->n, sizeof *w->clients);
    w->env = (struct client_env){.options = o, .check = check, .buf = malloc(CLIENT_READ_BYTES)};
    if (w->epoll < 0 || !w->clients || !w->env.buf) {
        fprintf(stderr, "fanout: no memory for the clients\n");
        exit(1);
    }
    for (uint32_t i = 0; i < w->n; i++) w->clients[i].fd = -1;
}

static bool watch(struct crowd *w, uint32_t i, int how, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.u64 = i};
    return epoll_ctl(w->epoll, how, w->clients[i].fd, &ev) == 0;
}

bool crowd_event(struct crowd *w, uint32_t i, uint32_t events)
{
    struct client *c = &w->clients[i];
    enum client_state before = c->state;
    client_event(c, &w->env, (events & (EPOLLOUT | EPOLLERR)) != 0);
    if (before == CLIENT_CONNECTING && c->state == CLIENT_UPGRADING) (void)watch(w, i, EPOLL_CTL_MOD, EPOLLIN);
    if (before != CLIENT_READY && c->state == CLIENT_READY) {
        w->ready++;
        if (i < w->env.options->stuck)
            (void)watch(w, i, EPOLL_CTL_DEL, 0);
        else
            check_receiver(w->env.check, i);
    }
    return c->state != CLIENT_FAILED;
}

bool crowd_open(struct crowd *w, uint64_t until_ns)
{
    uint32_t opened = 0;
    while (w->ready < w->n) {
        for (; opened < w->n && opened - w->ready < w->env.options->connecting; opened++) {
            if (!client_open(&w->clients[opened], opened, &w->env)) return false;
            if (!watch(w, opened, EPOLL_CTL_ADD, EPOLLOUT)) return false;
        }
        struct epoll_event events[EVENTS];
        int n = epoll_wait(w->epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            if (!crowd_event(w, (uint32_t)events[i].data.u64, events[i].events)) return false;
        }
        if (now_ns() > until_ns) {
            w->env.why = "the clients didn't all connect in time";
            return false;
        }
    }
    return true;
}

void crowd_release(struct crowd *w)
{
    for (uint32_t i = 0; i < w->n; i++) client_close(&w->clients[i]);
    free(w->clients);
    free(w->env.buf);
    close(w->epoll);
}
