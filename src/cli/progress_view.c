#include "cli/progress_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { BAR_WIDTH = 24, NAME_WIDTH = 22, DRAW_INTERVAL_US = 100000, ROWS_MAX = 256 };

struct row {
    char id[40], name[64], kind[24], status[16], phase[32], unit[16], error[256];
    int phase_index, phase_count;
    double progress, done, total, rate, eta, eta_low, eta_high;
    double loss, l0;
    char printed[96]; // what was said last of this job where there is no terminal
};

struct progress_view {
    FILE *to;
    bool tty;
    bool finishing; // the last drawing: nothing is waited for any more
    struct row *rows;
    int n;
    int lines; // drawn last time, to be drawn over
    int64_t drawn_us;
    char note[256];
};

struct progress_view *progress_view_new(FILE *to)
{
    struct progress_view *v = mem_zalloc(sizeof *v);
    v->to = to;
    v->tty = isatty(fileno(to)) == 1;
    return v;
}

void progress_view_free(struct progress_view *v)
{
    if (!v) return;
    free(v->rows);
    free(v);
}

static struct row *find(const struct progress_view *v, const char *id)
{
    for (int i = 0; i < v->n; i++)
        if (strcmp(v->rows[i].id, id) == 0) return &v->rows[i];
    return NULL;
}

static struct row *find_or_add(struct progress_view *v, const char *id)
{
    struct row *r = find(v, id);
    if (r || v->n == ROWS_MAX) return r;
    v->rows = mem_realloc_array(v->rows, (size_t)v->n + 1, sizeof *v->rows);
    r = &v->rows[v->n++];
    *r = (struct row){.progress = NAN,
                      .done = NAN,
                      .total = NAN,
                      .rate = NAN,
                      .eta = NAN,
                      .eta_low = NAN,
                      .eta_high = NAN,
                      .loss = NAN,
                      .l0 = NAN};
    snprintf(r->id, sizeof r->id, "%s", id);
    return r;
}

static void take_text(const json_t *o, const char *key, char *out, size_t size)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v)) return;
    snprintf(out, size, "%s", json_string_value(v));
    // One row is one line, and a job's words don't steer the terminal.
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f) *p = ' ';
}

static void take_number(const json_t *o, const char *key, double *out)
{
    const json_t *v = json_object_get(o, key);
    if (v) *out = json_is_number(v) ? json_number_value(v) : NAN;
}

void progress_view_update(struct progress_view *v, const json_t *job)
{
    const char *id = json_string_value(json_object_get(job, "id"));
    if (!id) id = json_string_value(json_object_get(job, "job_id"));
    struct row *r = id ? find_or_add(v, id) : NULL;
    if (!r) return;
    take_text(job, "name", r->name, sizeof r->name);
    take_text(job, "kind", r->kind, sizeof r->kind);
    take_text(job, "status", r->status, sizeof r->status);
    take_text(job, "phase", r->phase, sizeof r->phase);
    take_text(job, "unit", r->unit, sizeof r->unit);
    take_text(job, "error_message", r->error, sizeof r->error);
    double index = r->phase_index, count = r->phase_count;
    take_number(job, "phase_index", &index);
    take_number(job, "phase_count", &count);
    r->phase_index = index >= 0 && index < 1e6 ? (int)index : 0;
    r->phase_count = count >= 0 && count < 1e6 ? (int)count : 0;
    take_number(job, "progress", &r->progress);
    if (!isnan(r->progress)) r->progress = fmin(fmax(r->progress, 0), 100);
    take_number(job, "done", &r->done);
    take_number(job, "total", &r->total);
    take_number(job, "rate", &r->rate);
    // Job events carry the estimate alone, summaries its range too: a range must not outlive its estimate.
    if (json_object_get(job, "eta_seconds")) r->eta_low = r->eta_high = NAN;
    take_number(job, "eta_seconds", &r->eta);
    take_number(job, "eta_low", &r->eta_low);
    take_number(job, "eta_high", &r->eta_high);
    const json_t *training = json_object_get(job, "training");
    if (json_is_object(training)) progress_view_training(v, id, training);
}

void progress_view_training(struct progress_view *v, const char *job_id, const json_t *values)
{
    struct row *r = find(v, job_id);
    if (!r) return;
    take_number(values, "loss", &r->loss);
    take_number(values, "l0_sparsity", &r->l0);
}

void progress_view_note(struct progress_view *v, const char *text)
{
    snprintf(v->note, sizeof v->note, "%s", text ? text : "");
}

const char *progress_view_status(const struct progress_view *v, const char *job_id)
{
    const struct row *r = find(v, job_id);
    return r ? r->status : "";
}

const char *progress_view_error(const struct progress_view *v, const char *job_id)
{
    const struct row *r = find(v, job_id);
    return r ? r->error : "";
}

static bool ended(const struct row *r)
{
    return strcmp(r->status, "completed") == 0 || strcmp(r->status, "failed") == 0 ||
           strcmp(r->status, "cancelled") == 0;
}

bool progress_view_active(const struct progress_view *v)
{
    for (int i = 0; i < v->n; i++)
        if (!ended(&v->rows[i])) return true;
    return false;
}

// ---- drawing ------------------------------------------------------------------------------------------------------

static void add_bar(struct buf *b, double progress)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (isnan(progress)) {
        for (int i = 0; i < BAR_WIDTH; i++) buf_add_str(b, "·");
        buf_add_str(b, "    –  ");
        return;
    }
    double cells = progress / 100 * BAR_WIDTH;
    int full = (int)cells;
    for (int i = 0; i < BAR_WIDTH; i++) {
        if (i < full)
            buf_add_str(b, "█");
        else
            buf_add_str(b, i == full ? eighths[(int)((cells - full) * 8)] : " ");
    }
    char text[32];
    buf_addf(b, "▏%7s", format_progress(progress, text));
}

static void add_detail(struct buf *b, const struct row *r)
{
    char x[32], y[32], z[32];
    bool bytes = strcmp(r->unit, "bytes") == 0;
    char *(*fmt)(double, char *) = bytes ? format_bytes : format_count;
    if (strcmp(r->status, "running") != 0) {
        buf_addf(b, "  %s", r->status);
        if (r->error[0]) buf_addf(b, ": %s", r->error);
    } else {
        if (r->phase_count > 1) buf_addf(b, "  %s %d/%d", r->phase, r->phase_index, r->phase_count);
        if (r->total > 0)
            buf_addf(b, "  %s/%s%s%s", fmt(r->done, x), fmt(r->total, y), bytes ? "" : " ", bytes ? "" : r->unit);
        if (r->rate > 0) buf_addf(b, "  %s/s", fmt(r->rate, z));
        if (r->eta_low >= 0)
            buf_addf(b, "  %s–%s left", format_duration(r->eta_low, x), format_duration(r->eta_high, y));
        else if (r->eta >= 0)
            buf_addf(b, "  %s left", format_duration(r->eta, x));
    }
    if (!isnan(r->loss)) buf_addf(b, "  loss %.4g", r->loss);
    if (!isnan(r->l0)) buf_addf(b, "  L0 %.1f", r->l0);
}

static int terminal_width(FILE *to)
{
    struct winsize ws;
    return ioctl(fileno(to), TIOCGWINSZ, &ws) == 0 && ws.ws_col > 20 ? ws.ws_col : 100;
}

// Cuts a line to `width` characters (not bytes), so that it never wraps and the redrawing counts right.
static void cut(struct buf *line, int width)
{
    int seen = 0;
    for (size_t i = 0; i < line->n; i++) {
        if (((unsigned char)line->p[i] & 0xC0) == 0x80) continue;
        if (seen++ == width) {
            line->n = i;
            return;
        }
    }
}

// `width` characters of text (not bytes), filled up with spaces.
static void add_column(struct buf *b, const char *text, int width)
{
    int n = 0;
    for (const char *p = text; *p; p++) {
        bool starts = ((unsigned char)*p & 0xC0) != 0x80;
        if (starts && n++ == width) return;
        buf_add_char(b, *p);
    }
    for (; n < width; n++) buf_add_char(b, ' ');
}

static void draw_row(struct progress_view *v, const struct row *r, int width)
{
    struct buf line = BUF_INIT;
    const char *mark = strcmp(r->status, "completed") == 0 ? "✓"
                       : strcmp(r->status, "failed") == 0  ? "✗"
                       : strcmp(r->status, "queued") == 0  ? "·"
                                                           : "▸";
    buf_addf(&line, "%s ", mark);
    add_column(&line, r->name[0] ? r->name : r->kind, NAME_WIDTH);
    buf_add_str(&line, " ▕");
    add_bar(&line, r->progress);
    add_detail(&line, r);
    cut(&line, width - 1);
    fprintf(v->to, "\r\033[K%.*s\n", SLICE_FMT(buf_slice(&line)));
    buf_release(&line);
}

static void draw_terminal(struct progress_view *v)
{
    if (v->lines) fprintf(v->to, "\033[%dA", v->lines);
    int width = terminal_width(v->to), lines = 0;
    for (int i = 0; i < v->n; i++, lines++) draw_row(v, &v->rows[i], width);
    if (v->note[0]) {
        fprintf(v->to, "\r\033[K  %.*s\n", width - 3, v->note);
        lines++;
    }
    // What the previous drawing had below is cleared.
    for (int i = lines; i < v->lines; i++) fprintf(v->to, "\r\033[K\n");
    if (v->lines > lines) fprintf(v->to, "\033[%dA", v->lines - lines);
    v->lines = lines;
}

static void print_changes(struct progress_view *v)
{
    for (int i = 0; i < v->n; i++) {
        struct row *r = &v->rows[i];
        char now[sizeof r->printed];
        // A training's first loss is news: of a long one the next tenth may be hours away.
        snprintf(now, sizeof now, "%s %s %d%s", r->status, r->phase, isnan(r->progress) ? -1 : (int)(r->progress / 10),
                 isnan(r->loss) ? "" : " loss");
        if (strcmp(now, r->printed) == 0) continue;
        // A line isn't printed twice, so it waits for the reason, which comes just after the status.
        if (!v->finishing && strcmp(r->status, "failed") == 0 && !r->error[0]) continue;
        memcpy(r->printed, now, sizeof now);
        char text[32];
        struct buf line = BUF_INIT;
        add_column(&line, r->name[0] ? r->name : r->kind, NAME_WIDTH);
        buf_add_char(&line, ' ');
        if (isnan(r->progress))
            buf_add_str(&line, "    –  ");
        else
            buf_addf(&line, "%7s", format_progress(r->progress, text));
        add_detail(&line, r);
        fprintf(v->to, "%.*s\n", SLICE_FMT(buf_slice(&line)));
        buf_release(&line);
    }
}

void progress_view_draw(struct progress_view *v)
{
    int64_t now = clock_mono_us();
    if (now - v->drawn_us < DRAW_INTERVAL_US) return;
    v->drawn_us = now;
    if (v->tty)
        draw_terminal(v);
    else
        print_changes(v);
    fflush(v->to);
}

void progress_view_finish(struct progress_view *v)
{
    v->drawn_us = 0;
    v->note[0] = 0;
    v->finishing = true;
    progress_view_draw(v);
    v->finishing = false;
    v->lines = 0;
}
