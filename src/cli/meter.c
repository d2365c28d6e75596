#include "cli/meter.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/progress_view.h"

enum { WIDTH = 24, DRAW_EVERY_US = 100000 };

void meter_begin(struct meter *m)
{
    *m = (struct meter){.interrupt = cli_catch_interrupt(), .tty = isatty(STDERR_FILENO) == 1};
}

static bool interrupted(const struct meter *m)
{
    struct pollfd fd = {.fd = m->interrupt, .events = POLLIN};
    return m->interrupt >= 0 && poll(&fd, 1, 0) == 1;
}

static void draw(struct meter *m, int64_t done, int64_t total, int64_t now)
{
    char bar[WIDTH * 3 + 1] = "", left[32] = "";
    double part = total > 0 ? (double)done / (double)total : 0;
    if (part > 0.99) part = 0.99; // the total is an estimate, and the end is said otherwise
    for (int i = 0; i < WIDTH; i++) strcat(bar, i < (int)(part * WIDTH) ? "█" : "░");
    double spent = (double)(now - m->begun_us) / 1e6;
    if (part > 0.02 && spent > 1) format_duration(spent * (1 - part) / part, left);
    fprintf(stderr, "\r\033[K%-10s %s %3.0f %%%s%s", m->what, bar, part * 100, *left ? "   about " : "", left);
    fflush(stderr);
    m->drawn = true;
    m->drawn_us = now;
}

bool meter_step(void *ctx, const char *what, int64_t done, int64_t total)
{
    struct meter *m = ctx;
    int64_t now = clock_mono_us();
    if (!m->what || strcmp(m->what, what) != 0) m->begun_us = now, m->drawn_us = 0;
    m->what = what;
    if (m->tty && now - m->drawn_us >= DRAW_EVERY_US) draw(m, done, total, now);
    return !interrupted(m);
}

void meter_end(struct meter *m)
{
    if (m->drawn) fputs("\r\033[K", stderr);
    fflush(stderr);
    if (m->interrupt >= 0) close(m->interrupt);
}
