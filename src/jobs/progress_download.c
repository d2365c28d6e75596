#include "jobs/progress_download.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const int64_t MOVING_US = 2000000;

const struct phase_spec download_dataset_phases[] = {
    {"resolving", 0, 10}, {"downloading", 10, 70}, {"verifying", 70, 90}, {"indexing", 90, 100}, {NULL, 0, 0},
};

void download_release(struct download *d)
{
    free(d->files);
    *d = DOWNLOAD_INIT;
}

int download_add(struct download *d, int64_t size)
{
    d->files = mem_realloc_array(d->files, (size_t)d->n + 1, sizeof *d->files);
    d->files[d->n] = (struct download_file){.size = size < 0 ? -1 : size};
    return d->n++;
}

void download_size(struct download *d, int i, int64_t size)
{
    d->files[i].size = size < 0 ? -1 : size;
}

void download_found(struct download *d, int i, int64_t bytes)
{
    if (bytes <= 0) return;
    d->files[i].bytes += bytes;
    d->found += bytes;
}

void download_bytes(struct download *d, int i, int64_t bytes)
{
    d->files[i].bytes = bytes < 0 ? 0 : bytes;
}

void download_finished(struct download *d, int i)
{
    d->files[i].size = d->files[i].bytes;
    d->files[i].over = true;
}

void download_missing(struct download *d, int i)
{
    d->files[i] = (struct download_file){.over = true};
}

int64_t download_done(const struct download *d)
{
    int64_t n = 0;
    for (int i = 0; i < d->n; i++) n += d->files[i].bytes;
    return n;
}

int64_t download_total(const struct download *d)
{
    int64_t n = 0;
    for (int i = 0; i < d->n; i++) {
        const struct download_file *f = &d->files[i];
        if (f->size < 0) return -1;
        // More came than was said: then at least that much was to come.
        n += f->bytes > f->size ? f->bytes : f->size;
    }
    return d->n ? n : -1;
}

bool download_over(const struct download *d)
{
    for (int i = 0; i < d->n; i++)
        if (!d->files[i].over) return false;
    return d->n > 0;
}

void download_report(struct download *d, struct progress *p, int64_t now_us)
{
    progress_found(p, d->found);
    d->found = 0;
    progress_report(p, download_done(d), download_total(d), "bytes", now_us);
}

void download_message(char out[DOWNLOAD_MESSAGE_SIZE], int index, int count, const char *file)
{
    snprintf(out, DOWNLOAD_MESSAGE_SIZE, "file %d of %d: %s", index, count, file);
}

// "12" up to `end`, which is stepped over.
static bool number(const char **at, const char *end, int *out)
{
    char *rest;
    if (!isdigit((unsigned char)**at)) return false;
    long v = strtol(*at, &rest, 10);
    size_t n = strlen(end);
    if (v < 1 || v > 1000000 || strncmp(rest, end, n) != 0) return false;
    *out = (int)v;
    *at = rest + n;
    return true;
}

const char *download_message_file(const char *message, int *index, int *count)
{
    const char *at = message;
    *index = *count = -1;
    int i, n;
    if (!at || strncmp(at, "file ", 5) != 0) return NULL;
    at += 5;
    if (!number(&at, " of ", &i) || !number(&at, ": ", &n) || i > n || !*at) return NULL;
    *index = i;
    *count = n;
    return at;
}

// 29 of 100 bytes may come out as 28.999999999999996 percent.
static double whole_percent(double percent)
{
    return floor(percent + 1e-9);
}

bool emission_due(struct emission *e, const struct progress *p, int64_t now_us)
{
    bool percent = !isnan(p->percent) && (isnan(e->percent) || whole_percent(p->percent) > whole_percent(e->percent));
    bool moving = p->done != e->done && now_us - e->us >= MOVING_US;
    if (e->begun && !percent && !moving) return false;
    *e = (struct emission){true, p->percent, p->done, now_us};
    return true;
}
