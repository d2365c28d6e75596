#include "server/serve.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/log.h"
#include "net/loop.h"
#include "server/app.h"

struct serving {
    struct loop *loop;
    struct app *app;
    bool stopping;
};

static void stopped(void *ctx)
{
    struct serving *s = ctx;
    loop_stop(s->loop);
}

static void on_signal(void *ctx, int signum)
{
    struct serving *s = ctx;
    if (s->stopping) {
        log_warn("server", "asked to stop again: what is left is cut off");
        loop_stop(s->loop);
        return;
    }
    log_info("server", "stopping (%s)", signum == SIGINT ? "Ctrl-C" : signum == SIGTERM ? "SIGTERM" : "SIGHUP");
    s->stopping = true;
    app_stop(s->app, stopped, s);
}

// Each client is a descriptor: as many as the system lets us have.
static void raise_descriptor_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r) != 0) log_warn("server", "the limit of open files stays at its soft value");
    log_debug("server", "at most %llu open files", (unsigned long long)r.rlim_cur);
}

int serve_run(const struct settings *settings, struct err *e)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct serving s = {0};
    raise_descriptor_limit();
    int rc = loop_new(&s.loop, e);
    if (rc) return rc;
    rc = app_new(&s.app, s.loop, settings, e);
    for (size_t i = 0; i < sizeof signals / sizeof *signals && !rc; i++)
        rc = loop_on_signal(s.loop, signals[i], on_signal, &s, e);
    if (!rc) {
        printf("Headway is at %s/\n", app_url(s.app));
        fflush(stdout);
        loop_run(s.loop);
    }
    app_close_store(s.app);
    loop_free(s.loop);
    app_free(s.app);
    if (!rc) log_info("server", "stopped");
    return rc;
}
