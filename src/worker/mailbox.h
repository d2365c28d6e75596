// What a worker's other threads have to say to its main thread: jobs, and verdicts of the server on jobs. Put in from
// any thread, taken out by the main thread, which waits on `wake_fd` among others.
#ifndef HW_WORKER_MAILBOX_H
#define HW_WORKER_MAILBOX_H

#include <jansson.h>
#include <pthread.h>

#include "base/err.h"
#include "base/list.h"

struct mail {
    struct list node;
    enum mail_type { MAIL_JOB, MAIL_CONTROL, MAIL_LOST, MAIL_UNKNOWN } what;
    char worker_id[32];         // JOB, UNKNOWN
    json_t *job;                // JOB
    char job_id[40], lease[64]; // CONTROL, LOST
    char control[8];            // CONTROL
};

struct mailbox {
    int wake_fd;          // readable while there is mail
    pthread_mutex_t lock; // guards mail
    struct list mail;
};

void mailbox_init(struct mailbox *b);
int mailbox_open(struct mailbox *b, struct err *e); // before anything is put in
void mailbox_release(struct mailbox *b);            // and the mail that nobody took

void mailbox_put_job(struct mailbox *b, const char *worker_id, const json_t *job); // copies it
void mailbox_put_verdict(struct mailbox *b, enum mail_type what, const char *job_id, const char *lease,
                         const char *control);
void mailbox_put_unknown(struct mailbox *b, const char *worker_id); // the server doesn't know that worker

// All there is, oldest first, into `got`, which is made empty before. The caller frees each.
void mailbox_take(struct mailbox *b, struct list *got);
void mail_free(struct mail *m); // and takes it out of its list

#endif
