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
#include "base/mem.h"
#include "jobs/wire.h"
#include "run/delivery.h"
#include "term/progress.h"
#include "term/screen.h"
#include "worker/job_events.h"
#include "worker/lines.h"

// Output is taken so often at most: a program that writes a little all the time would else wake us each time.
enum { TAKE_MS = 20 };
enum { TICK_MS = 50, READ_SIZE = 64 << 10, N_STREAMS = 2 };
static const int64_t HEARTBEAT_US = 1000000; // a cancel comes in the answer to a report

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
};

struct recorder {
    struct recorder_options o;
    struct delivery *delivery;
    struct stream streams[N_STREAMS];
    int wake_fd;
    pthread_t thread;
    atomic_llong pid;
    atomic_bool ending;
    struct recorder_end end; // before `ending` is set
    // the thread's
    struct lines wire;
    struct job_events events;
    struct resources *resources;
    int64_t followed; // process group
    int64_t reported_us, tokens_us, tokens;
    uint64_t lines_left_out;
};

static void wake(struct recorder *r)
{
    uint64_t one = 1;
    ssize_t ignored = write(r->wake_fd, &one, sizeof one); // full: it is awake
    (void)ignored;
}

// ---- what the other threads say -----------------------------------------------------------------------------------

static void on_known(void *ctx)
{
    wake(ctx);
}

static void on_cancel(void *ctx)
{
    struct recorder *r = ctx;
    r->o.cancel(r->o.ctx);
}

// ---- output -------------------------------------------------------------------------------------------------------

static void ship(struct recorder *r, int64_t now)
{
    if (delivery_take(r->delivery, &r->events.batches)) r->reported_us = now;
}

static void on_line(void *ctx, struct slice text)
{
    struct stream *s = ctx;
    struct recorder *r = s->r;
    job_events_last_words(&r->events, text);
    r->tokens -= LINE_COST;
    if (delivery_waiting(r->delivery) > (delivery_away(r->delivery) ? OUTPUT_WAITING_AWAY : OUTPUT_WAITING)) {
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
    if (batches_empty(&r->events.batches) && now - r->reported_us >= HEARTBEAT_US && r->followed &&
        !delivery_away(r->delivery))
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

static void recorder_free(struct recorder *r)
{
    for (int i = 0; i < N_STREAMS; i++) {
        tap_release(&r->streams[i].tap);
        term_screen_free(r->streams[i].screen);
    }
    lines_release(&r->wire);
    job_events_release(&r->events);
    resources_free(r->resources);
    if (r->o.wire_fd >= 0) close(r->o.wire_fd);
    if (r->wake_fd >= 0) close(r->wake_fd);
    free(r);
}

static int begin(struct recorder *r, struct err *e)
{
    int rc = fcntl(r->o.wire_fd, F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, errno, "can't set up a pipe") : 0;
    if (!rc)
        rc = delivery_start(&r->delivery, r->o.server_url, r->o.job, (struct delivery_events){on_known, on_cancel, r},
                            e);
    if (!rc) {
        int sys = pthread_create(&r->thread, NULL, run, r);
        if (sys) rc = err_sys(e, sys, "can't start a thread");
    }
    return rc;
}

int recorder_start(struct recorder **out, const struct recorder_options *o, struct err *e)
{
    struct recorder *r = mem_zalloc(sizeof *r);
    r->o = *o;
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
        delivery_free(r->delivery);
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
    if (!delivery_wait_known(r->delivery, timeout_ms, &known)) return false;
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
    err_clear(why);
    r->end = *end;
    atomic_store(&r->ending, true);
    wake(r);
    pthread_join(r->thread, NULL);
    bool whole = delivery_finish(r->delivery, &r->events.batches, why);
    recorder_free(r);
    return whole;
}
