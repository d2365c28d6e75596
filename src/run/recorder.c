#include "run/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/wire.h"
#include "run/session.h"
#include "term/progress.h"
#include "term/screen.h"
#include "worker/job_events.h"
#include "worker/lines.h"
#include "worker/reporter.h"
#include "worker/shipment.h"
#include "worker/spool.h"

// Output is taken so often at most: a program that writes a little all the time would else wake us each time.
enum { TAKE_MS = 20 };
enum { TICK_MS = 50, DRAIN_MS = 3000, LAST_TRY_MS = 2000, READ_SIZE = 64 << 10, N_STREAMS = 2 };
static const int64_t HEARTBEAT_US = 1000000; // a cancel comes in the answer to a report
static const struct spool_limits LIMITS = {2 << 20, 256ULL << 20};

// Output that waits to be delivered, at most: while the server takes reports, and while it is away. What the program
// reports itself may fill the spool.
enum { OUTPUT_WAITING = 4 << 20, OUTPUT_WAITING_AWAY = 64 << 20 };

// How much output is looked at: bytes at once, then bytes a second. More than anybody reads; a program that writes
// faster isn't to share its processor with us.
enum { OUTPUT_BURST = 1 << 20, OUTPUT_RATE = 256 << 10, LINE_COST = 64 /* bytes, besides its own */ };

struct stream {
    struct recorder *r;
    const char *name;
    struct tap tap;
    struct term_screen *screen;
    struct term_progress progress;
    bool cut; // bytes are missing before what comes: the rest of a line isn't one
};

struct recorder {
    struct recorder_options o;
    char *url, *dir;
    struct session *session;
    struct reporter *reporter;
    struct spool *spool, *early; // `early`: events of a job that isn't known to the server yet
    struct stream streams[N_STREAMS];
    int wake_fd;
    pthread_t thread;
    bool begun; // the thread
    atomic_llong pid;
    atomic_bool ending, lost;
    struct recorder_end end; // before `ending` is set
    // the thread's
    struct lines wire;
    struct job_events events;
    struct resources *resources;
    int64_t followed; // process group
    int64_t reported_us, tokens_us, tokens;
    uint64_t lines_left_out, batches_left_out;
    uint64_t next_batch;
    struct session_identity as; // under which the last batch went out
};

static void wake(struct recorder *r)
{
    uint64_t one = 1;
    ssize_t ignored = write(r->wake_fd, &one, sizeof one); // full: it is awake
    (void)ignored;
}

// ---- what the other threads say -----------------------------------------------------------------------------------

static void on_identity(void *ctx)
{
    wake(ctx);
}

static bool is_ours(struct recorder *r, const char *job_id, const char *lease)
{
    struct session_identity id;
    return session_get(r->session, &id) && strcmp(id.job_id, job_id) == 0 && strcmp(id.lease, lease) == 0;
}

// Nothing else is asked of a program that runs where it was called.
static void on_control(void *ctx, const char *job_id, const char *lease, const char *control)
{
    struct recorder *r = ctx;
    if (strcmp(control, "cancel") == 0 && is_ours(r, job_id, lease)) r->o.cancel(r->o.ctx);
}

// The job was given up. The program goes on; nothing more of it is wanted.
static void on_lost(void *ctx, const char *job_id, const char *lease)
{
    struct recorder *r = ctx;
    if (is_ours(r, job_id, lease)) atomic_store(&r->lost, true);
}

static void on_unknown(void *ctx, const char *worker_id)
{
    session_renew(((struct recorder *)ctx)->session, worker_id);
}

// ---- batches ------------------------------------------------------------------------------------------------------

// An error of the spool's disk: the batch stays in memory, of which there is a bound as well.
static void keep(struct spool *s, const char *as, struct buf *body)
{
    (void)spool_push(s, as, body, NULL);
}

static void push(struct recorder *r, const struct session_identity *id, struct slice events)
{
    struct shipment s;
    struct buf body;
    if (strcmp(id->worker_id, r->as.worker_id) != 0) r->next_batch = 1; // each worker counts its own
    r->as = *id;
    shipment_begin(&s, id->worker_id, (int64_t)r->next_batch++);
    shipment_add(&s, id->job_id, id->attempt, id->lease, events);
    if (shipment_end(&s, &body)) keep(r->spool, id->worker_id, &body);
}

static void push_early(struct recorder *r, const struct session_identity *id)
{
    struct spool_batch b = {0};
    while (!spool_empty(r->early)) {
        if (spool_wait(r->early, 0, &b)) {
            push(r, id, buf_slice(&b.body));
            spool_drop(r->early);
        }
    }
    buf_release(&b.body);
}

static uint64_t waiting(struct recorder *r)
{
    return spool_bytes(r->spool) + spool_bytes(r->early);
}

static bool away(struct recorder *r)
{
    struct session_identity id;
    return reporter_away(r->reporter) || !session_get(r->session, &id);
}

static void ship(struct recorder *r, int64_t now)
{
    struct session_identity id;
    struct buf events;
    bool known = session_get(r->session, &id);
    if (known) push_early(r, &id);
    while (batches_take(&r->events.batches, &events)) {
        if (atomic_load(&r->lost))
            buf_release(&events);
        else if (spool_full(r->spool) || spool_full(r->early))
            r->batches_left_out++, buf_release(&events);
        else if (known)
            push(r, &id, buf_slice(&events)), buf_release(&events);
        else
            keep(r->early, "early", &events);
        r->reported_us = now;
    }
}

// ---- output -------------------------------------------------------------------------------------------------------

static void on_line(void *ctx, struct slice text)
{
    struct stream *s = ctx;
    struct recorder *r = s->r;
    job_events_last_words(&r->events, text);
    r->tokens -= LINE_COST;
    if (waiting(r) > (away(r) ? OUTPUT_WAITING_AWAY : OUTPUT_WAITING)) {
        r->lines_left_out++;
        return;
    }
    if (r->lines_left_out) {
        char note[96];
        snprintf(note, sizeof note, "%" PRIu64 " lines are left out here: the server did not take them in time",
                 r->lines_left_out);
        r->lines_left_out = 0;
        job_events_output(&r->events, "log", slice_str(note));
    }
    job_events_output(&r->events, s->name, text);
    if (batches_large(&r->events.batches)) ship(r, clock_mono_us());
}

static void on_row(void *ctx, int64_t row, bool settled, bool redrawn, struct slice text)
{
    struct stream *s = ctx;
    if (!s->r->events.tells_progress)
        term_progress_row(&s->progress, row, settled, redrawn, text, term_screen_top(s->screen));
}

// The bar that the program draws, as if it had reported it. What it reports itself is better.
static void take_bar(struct stream *s)
{
    struct term_bar b;
    struct job_events *ev = &s->r->events;
    if (!term_progress_take(&s->progress, &b) || ev->tells_progress) return;
    struct jw w;
    buf_clear(&ev->progress);
    jw_init(&w, &ev->progress);
    jw_obj(&w);
    jw_kstr(&w, "type", "progress");
    jw_ktime(&w, "ts", clock_now_us());
    jw_ki64(&w, "done", b.done);
    if (b.total >= 0) jw_ki64(&w, "total", b.total);
    if (b.unit[0]) {
        jw_key(&w, "unit");
        jw_slice(&w, slice_str(b.unit));
    }
    if (b.label[0]) {
        jw_key(&w, "message");
        jw_slice(&w, slice_str(b.label));
    }
    jw_obj_end(&w);
}

static void left_out(struct stream *s, struct tap_piece *p)
{
    char note[96];
    term_screen_finish(s->screen);
    snprintf(note, sizeof note, "%" PRIu64 " bytes of %s are left out here: written faster than they are kept",
             p->left_out, s->name);
    job_events_output(&s->r->events, "log", slice_str(note));
}

static void take_output(struct stream *s)
{
    struct recorder *r = s->r;
    struct tap_piece p = {0};
    if (!s->name || !tap_take(&s->tap, &p)) {
        tap_piece_release(&p);
        return;
    }
    term_screen_feed(s->screen, buf_slice(&p.bytes));
    struct slice tail = buf_slice(&p.tail);
    if (p.left_out) {
        left_out(s, &p);
        (void)slice_cut(&tail, '\n'); // the rest of a line whose beginning is missing
    }
    term_screen_feed(s->screen, tail);
    take_bar(s);
    r->tokens -= (int64_t)(p.bytes.n + p.tail.n);
    tap_piece_release(&p);
}

// ---- the wire -----------------------------------------------------------------------------------------------------

static void on_wire_line(void *ctx, struct slice line, bool whole)
{
    struct recorder *r = ctx;
    job_events_wire_line(&r->events, line, whole);
    if (batches_large(&r->events.batches)) ship(r, clock_mono_us());
}

// What the pipe holds now, a good deal of it at most.
static void read_wire(struct recorder *r)
{
    char bytes[READ_SIZE];
    for (int i = 0; r->o.wire_fd >= 0 && i < 16; i++) {
        ssize_t n = read(r->o.wire_fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            lines_finish(&r->wire, on_wire_line, r);
            close(r->o.wire_fd);
            r->o.wire_fd = -1;
            return;
        }
        lines_feed(&r->wire, slice_of(bytes, (size_t)n), on_wire_line, r);
    }
}

// ---- the thread ---------------------------------------------------------------------------------------------------

static void note_start(struct recorder *r)
{
    int64_t pid = atomic_load(&r->pid);
    if (pid == 0 || r->followed) return;
    r->followed = pid;
    resources_follow(r->resources, pid);
    job_events_started(&r->events, pid);
}

static void tick(struct recorder *r, int64_t now)
{
    job_events_flush_progress(&r->events, now, false);
    if (r->followed && resources_measure(r->resources, now))
        job_events_resources(&r->events, r->resources, r->followed);
    if (batches_empty(&r->events.batches) && now - r->reported_us >= HEARTBEAT_US && r->followed && !away(r))
        job_events_heartbeat(&r->events);
    ship(r, now);
}

static void refill(struct recorder *r, int64_t now)
{
    r->tokens += (now - r->tokens_us) * OUTPUT_RATE / 1000000;
    if (r->tokens > OUTPUT_BURST) r->tokens = OUTPUT_BURST;
    r->tokens_us = now;
}

static int timeout_of(const struct recorder *r, bool may_take)
{
    if (!may_take) return TAKE_MS;
    if (r->events.progress.n || !batches_empty(&r->events.batches)) return TICK_MS;
    return r->followed ? 250 : -1;
}

static void end_events(struct recorder *r)
{
    for (int i = 0; i < N_STREAMS; i++) {
        take_output(&r->streams[i]); // what is there is bounded
        if (!r->streams[i].name) continue;
        term_screen_finish(r->streams[i].screen);
        take_bar(&r->streams[i]);
    }
    // A process that the program left behind may hold the pipe open.
    for (int i = 0; i < 64 && r->o.wire_fd >= 0; i++) read_wire(r);
    lines_finish(&r->wire, on_wire_line, r);
    job_events_flush_progress(&r->events, 0, true);
    if (r->end.failure) job_events_failure(&r->events, r->end.code == 127 ? "NOT_FOUND" : "UNKNOWN", r->end.failure);
    const struct job_end end = {.code = r->end.code, .signal = r->end.signal, .interrupted = r->end.interrupted};
    job_events_exited(&r->events, &end);
}

static void *run(void *arg)
{
    struct recorder *r = arg;
    uint64_t ignored;
    int64_t next_tick = 0, next_take = 0;
    r->tokens_us = clock_mono_us();
    while (!atomic_load(&r->ending)) {
        int64_t now = clock_mono_us();
        refill(r, now);
        bool may_take = r->tokens > 0 && now >= next_take;
        struct pollfd fds[2] = {{.fd = may_take ? r->wake_fd : -1, .events = POLLIN},
                                {.fd = r->o.wire_fd, .events = POLLIN}};
        if (poll(fds, 2, timeout_of(r, may_take)) < 0 && errno != EINTR) break;
        if (fds[0].revents && read(r->wake_fd, &ignored, sizeof ignored) < 0 && errno != EAGAIN) break;
        note_start(r);
        if (fds[1].revents) read_wire(r);
        now = clock_mono_us();
        if (fds[0].revents) {
            for (int i = 0; i < N_STREAMS; i++) take_output(&r->streams[i]);
            next_take = now + TAKE_MS * 1000LL;
        }
        if (now < next_tick) continue;
        tick(r, now);
        next_tick = now + TICK_MS * 1000LL;
    }
    note_start(r);
    end_events(r);
    return NULL;
}

// ---- life ---------------------------------------------------------------------------------------------------------

static int make_folder(struct recorder *r, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    r->dir = mem_printf("%s/headway-run-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (mkdtemp(r->dir)) return 0;
    int rc = err_sys(e, errno, "can't make a folder in %s", tmp && *tmp ? tmp : "/tmp");
    free(r->dir);
    r->dir = NULL;
    return rc;
}

static int open_spools(struct recorder *r, struct err *e)
{
    char *spool = file_join(r->dir, "spool"), *early = file_join(r->dir, "early");
    int rc = spool_open(&r->spool, spool, LIMITS, e);
    if (!rc) rc = spool_open(&r->early, early, LIMITS, e);
    free(spool);
    free(early);
    return rc;
}

static void recorder_free(struct recorder *r)
{
    session_free(r->session);
    spool_close(r->spool);
    spool_close(r->early);
    if (r->dir) (void)file_remove_tree(r->dir, NULL); // it is in the folder for temporary files
    for (int i = 0; i < N_STREAMS; i++) {
        tap_release(&r->streams[i].tap);
        term_screen_free(r->streams[i].screen);
    }
    lines_release(&r->wire);
    job_events_release(&r->events);
    resources_free(r->resources);
    if (r->o.wire_fd >= 0) close(r->o.wire_fd);
    if (r->wake_fd >= 0) close(r->wake_fd);
    free(r->dir);
    free(r->url);
    free(r);
}

static int begin(struct recorder *r, struct err *e)
{
    int rc = make_folder(r, e);
    if (!rc) rc = open_spools(r, e);
    if (!rc && fcntl(r->o.wire_fd, F_SETFL, O_NONBLOCK) < 0) rc = err_sys(e, errno, "can't set up a pipe");
    // The session first: it is what the reporter's events ask.
    if (!rc) rc = session_start(&r->session, r->url, r->o.job, on_identity, r, e);
    if (!rc)
        rc = reporter_start(&r->reporter, r->url, r->spool,
                            (struct reporter_events){on_control, on_lost, on_unknown, r}, e);
    if (!rc) {
        int sys = pthread_create(&r->thread, NULL, run, r);
        if (sys) rc = err_sys(e, sys, "can't start a thread");
        r->begun = sys == 0;
    }
    return rc;
}

int recorder_start(struct recorder **out, const struct recorder_options *o, struct err *e)
{
    struct recorder *r = mem_zalloc(sizeof *r);
    r->o = *o;
    r->url = mem_strdup(o->server_url);
    r->tokens = OUTPUT_BURST;
    r->resources = resources_new(NULL, 0); // the system's library, the usual interval
    lines_init(&r->wire, WIRE_LINE_MAX);
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = r->wake_fd < 0 ? err_sys(e, errno, "eventfd") : 0;
    for (int i = 0; i < N_STREAMS; i++) {
        struct stream *s = &r->streams[i];
        *s = (struct stream){.r = r, .name = o->streams[i], .progress = TERM_PROGRESS_INIT};
        tap_init(&s->tap, r->wake_fd);
        s->screen = term_screen_new((struct term_screen_events){on_line, on_row, s});
    }
    if (!rc) rc = begin(r, e);
    if (rc) {
        struct err ignored;
        reporter_stop(r->reporter, 0);
        if (r->session) session_stop(r->session, 0, &ignored);
        recorder_free(r);
        return rc;
    }
    *out = r;
    return 0;
}

struct tap *recorder_tap(struct recorder *r, int i)
{
    return &r->streams[i].tap;
}

bool recorder_job_id(struct recorder *r, int timeout_ms, char id[RECORDER_JOB_ID_SIZE])
{
    struct session_identity known;
    if (!session_wait(r->session, timeout_ms, &known)) return false;
    memcpy(id, known.job_id, sizeof known.job_id);
    return true;
}

void recorder_started(struct recorder *r, int64_t pid)
{
    atomic_store(&r->pid, pid);
    wake(r);
}

bool recorder_finish(struct recorder *r, const struct recorder_end *end, struct err *why)
{
    struct session_identity id;
    err_clear(why);
    r->end = *end;
    atomic_store(&r->ending, true);
    wake(r);
    pthread_join(r->thread, NULL);
    session_stop(r->session, LAST_TRY_MS, why);
    bool known = session_get(r->session, &id);
    ship(r, clock_mono_us());
    reporter_stop(r->reporter, DRAIN_MS);
    bool whole = known && spool_empty(r->spool) && r->batches_left_out == 0;
    if (known && !whole) err_set(why, HW_EUNAVAILABLE, "the server did not take all of it in time");
    recorder_free(r);
    return whole;
}
