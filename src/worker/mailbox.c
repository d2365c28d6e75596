#include "worker/mailbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

void mailbox_init(struct mailbox *b)
{
    b->wake_fd = -1;
    pthread_mutex_init(&b->lock, NULL);
    list_init(&b->mail);
}

int mailbox_open(struct mailbox *b, struct err *e)
{
    b->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return b->wake_fd < 0 ? err_sys(e, errno, "eventfd") : 0;
}

void mailbox_release(struct mailbox *b)
{
    LIST_EACH(node, next, &b->mail)
    {
        mail_free(LIST_ITEM(node, struct mail, node));
    }
    if (b->wake_fd >= 0) close(b->wake_fd);
    pthread_mutex_destroy(&b->lock);
}

// ---- putting in ---------------------------------------------------------------------------------------------------

static struct mail *mail_new(enum mail_type what)
{
    struct mail *m = mem_zalloc(sizeof *m);
    m->what = what;
    return m;
}

void mail_free(struct mail *m)
{
    list_remove(&m->node);
    json_decref(m->job);
    free(m);
}

static void put(struct mailbox *b, struct mail *m)
{
    pthread_mutex_lock(&b->lock);
    list_push_back(&b->mail, &m->node);
    pthread_mutex_unlock(&b->lock);
    uint64_t one = 1;
    if (write(b->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN) log_error("worker", "eventfd: %s", strerror(errno));
}

void mailbox_put_job(struct mailbox *b, const char *worker_id, const json_t *job)
{
    struct mail *m = mail_new(MAIL_JOB);
    snprintf(m->worker_id, sizeof m->worker_id, "%s", worker_id);
    m->job = json_deep_copy(job); // Jansson's counts aren't shared between threads
    if (!m->job) mem_exhausted(0);
    put(b, m);
}

void mailbox_put_verdict(struct mailbox *b, enum mail_type what, const char *job_id, const char *lease,
                         const char *control)
{
    struct mail *m = mail_new(what);
    snprintf(m->control, sizeof m->control, "%s", control);
    snprintf(m->job_id, sizeof m->job_id, "%s", job_id);
    snprintf(m->lease, sizeof m->lease, "%s", lease);
    put(b, m);
}

void mailbox_put_unknown(struct mailbox *b, const char *worker_id)
{
    struct mail *m = mail_new(MAIL_UNKNOWN);
    snprintf(m->worker_id, sizeof m->worker_id, "%s", worker_id);
    put(b, m);
}

// ---- taking out ---------------------------------------------------------------------------------------------------

void mailbox_take(struct mailbox *b, struct list *got)
{
    uint64_t ignored;
    if (read(b->wake_fd, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
        log_error("worker", "eventfd: %s", strerror(errno));
    list_init(got);
    pthread_mutex_lock(&b->lock);
    while (!list_empty(&b->mail)) {
        struct list *node = b->mail.next;
        list_remove(node);
        list_push_back(got, node);
    }
    pthread_mutex_unlock(&b->lock);
}
