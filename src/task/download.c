#include "task/download.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/repo_names.h"
#include "task/download_part.h"
#include "task/params.h"

// A transfer that is cut after so many bytes is gone on with at once; one that brings less is left to the queue, which
// waits longer each time.
enum { LISTING_MAX = 64 << 20, WORTH_GOING_ON = 1 << 20, STALL_SECONDS = 60 };

static int ask(void *ctx)
{
    return fetch_interrupted(ctx) ? HW_ECANCELLED : 0;
}

static int stall_seconds(void)
{
    unsigned long long n;
    const char *set = getenv("HEADWAY_STALL_SECONDS");
    return set && slice_u64(slice_str(set), &n) && n >= 1 && n <= 86400 ? (int)n : STALL_SECONDS;
}

int fetch_init(struct fetch *f, struct task *task, const json_t *params, const char *what, struct err *e)
{
    *f = (struct fetch){.task = task, .what = what};
    int rc = json_get_str(task->params, "endpoint", REPO_ENDPOINT_DEFAULT, &f->endpoint, e);
    if (!rc) rc = task_params_path(task->params, "output_dir", &f->output_dir, e);
    if (rc) return rc;
    f->repo_id = json_string_value(json_object_get(params, "repo_id"));
    f->revision = json_string_value(json_object_get(params, "revision"));
    if (!repo_endpoint_ok(slice_str(f->endpoint)))
        return err_field(e, HW_EVALIDATION, "endpoint", "\"%.200s\" is no hub's address", f->endpoint);
    if (!repo_id_ok(slice_str(f->repo_id)) || !repo_revision_ok(slice_str(f->revision)))
        return err_field(e, HW_EVALIDATION, "repo_id", "\"%.100s\" at \"%.100s\" is no repository's name", f->repo_id,
                         f->revision);
    progress_init(&f->progress, true);
    f->http = http_get_new(stall_seconds(), ask, f);
    return 0;
}

void fetch_release(struct fetch *f)
{
    http_get_free(f->http);
    repo_listing_release(&f->listing);
    download_release(&f->bytes);
}

int fetch_end(struct fetch *f, int rc, struct err *e)
{
    if (rc != HW_ECANCELLED || task_stopping(f->task) || !task_pausing(f->task)) return rc;
    err_clear(e);
    wire_paused(f->task->out, NULL); // its parts lie where the next start looks for them
    return 0;
}

// ---- the listing
// ------------------------------------------------------------------------------------------------------

// Each part between slashes encoded by itself; with `whole` the slashes are, too.
static void add_encoded(struct buf *b, const char *path, bool whole)
{
    struct slice rest = slice_str(path);
    bool first = true;
    while (rest.n) {
        struct slice part = whole ? rest : slice_cut(&rest, '/');
        if (whole) rest.n = 0;
        char *text = curl_easy_escape(NULL, part.p, (int)part.n);
        buf_addf(b, "%s%s", first ? "" : "/", text ? text : "");
        curl_free(text);
        first = false;
    }
}

static int add_to_buf(void *ctx, const void *data, size_t n, struct err *e)
{
    struct buf *b = ctx;
    if (b->n + n > LISTING_MAX)
        return err_set(e, HW_EPROTOCOL, "the hub's list of files has more than %d MiB", LISTING_MAX >> 20);
    buf_add(b, data, n);
    return 0;
}

int fetch_list(struct fetch *f, struct err *e)
{
    struct buf url = BUF_INIT, body = BUF_INIT;
    long status;
    buf_addf(&url, "%s/api/%s/%s/revision/", f->endpoint, f->what, f->repo_id);
    add_encoded(&url, f->revision, true);
    buf_addf(&url, "?blobs=true");
    const struct http_request r = {.url = buf_cstr(&url), .body = add_to_buf, .ctx = &body};
    int rc = http_get_run(f->http, &r, &status, e);
    if (!rc) rc = repo_listing_read(buf_slice(&body), &f->listing, e);
    if (rc && rc != HW_ECANCELLED) err_prefix(e, "%s at %s", f->repo_id, f->revision);
    buf_release(&url);
    buf_release(&body);
    return rc;
}

// ---- progress
// ---------------------------------------------------------------------------------------------------------

static void tell(struct fetch *f)
{
    char message[DOWNLOAD_MESSAGE_SIZE];
    int64_t now = clock_mono_us(), done = download_done(&f->bytes), total = download_total(&f->bytes);
    download_report(&f->bytes, &f->progress, now);
    if (!emission_due(&f->emission, &f->progress, now) && done != total) return;
    download_message(message, f->current + 1, f->listing.n, f->listing.files[f->current].name);
    wire_progress_now(f->task->out, done, total, "bytes", message);
}

// ---- one file
// ---------------------------------------------------------------------------------------------------------

struct transfer {
    struct fetch *f;
    struct download_part *part;
    int64_t asked_from;
};

// Whether the answer's bytes belong behind those on disk. An answer from the first byte begins anew.
static int on_begin(void *ctx, const struct http_answer *a, struct err *e)
{
    struct transfer *t = ctx;
    const struct repo_file *file = &t->f->listing.files[t->f->current];
    bool whole = a->status == 200;
    int64_t total = whole ? a->length : a->total;
    if (file->size >= 0 && total >= 0 && total != file->size)
        return err_set(e, HW_EPROTOCOL, "%s: the hub lists it with %lld bytes and sends it with %lld", file->name,
                       (long long)file->size, (long long)total);
    if (whole && t->asked_from > 0)
        wire_log(t->f->task->out, "info", "%s has changed, or the hub can't go on within a file: it begins anew",
                 file->name);
    if (whole) return part_restart(t->part, a->etag, e);
    const char *had = part_etag(t->part);
    if (a->from != t->asked_from || (*had && a->etag[0] && strcmp(had, a->etag) != 0))
        return err_set(e, HW_EPROTOCOL, "%s: what the hub sends doesn't belong to what is here", file->name);
    return 0;
}

static int on_bytes(void *ctx, const void *data, size_t n, struct err *e)
{
    struct transfer *t = ctx;
    int rc = part_add(t->part, data, n, e);
    if (rc) return rc;
    t->f->fetched += (int64_t)n;
    download_bytes(&t->f->bytes, t->f->current, part_bytes(t->part));
    tell(t->f);
    return 0;
}

static int one_transfer(struct fetch *f, struct download_part *part, const char *url, struct err *e)
{
    long status;
    struct transfer t = {f, part, part_bytes(part)};
    const struct http_request r = {
        .url = url, .from = t.asked_from, .etag = part_etag(part), .begin = on_begin, .body = on_bytes, .ctx = &t};
    int rc = http_get_run(f->http, &r, &status, e);
    // What is here can't be gone on with: too long by now (416), or of another file. It begins anew, once.
    bool misfit = t.asked_from > 0 && (status == 416 || (status == 206 && rc == HW_EPROTOCOL));
    if (!misfit) return rc;
    wire_log(f->task->out, "info", "%s begins anew: %s", f->listing.files[f->current].name, e->message);
    err_clear(e);
    rc = part_restart(part, "", e);
    t.asked_from = 0;
    const struct http_request again = {.url = url, .begin = on_begin, .body = on_bytes, .ctx = &t};
    download_bytes(&f->bytes, f->current, 0);
    return rc ? rc : http_get_run(f->http, &again, &status, e);
}

static int transfer(struct fetch *f, struct download_part *part, const char *url, struct err *e)
{
    const struct repo_file *file = &f->listing.files[f->current];
    int64_t furthest = part_bytes(part);
    if (file->size > 0 && furthest == file->size) return 0; // it had come whole, and was not looked at
    for (;;) {
        int rc = one_transfer(f, part, url, e);
        if (rc != HW_EUNAVAILABLE || part_bytes(part) < furthest + WORTH_GOING_ON) return rc;
        furthest = part_bytes(part);
        wire_log(f->task->out, "warning", "%s: %s; going on at byte %lld", file->name, e->message, (long long)furthest);
        err_clear(e);
    }
}

static void file_url(const struct fetch *f, const struct repo_file *file, struct buf *url)
{
    bool dataset = strcmp(f->what, "datasets") == 0;
    buf_addf(url, "%s/%s%s/resolve/", f->endpoint, dataset ? "datasets/" : "", f->repo_id);
    add_encoded(url, f->listing.commit[0] ? f->listing.commit : f->revision, true);
    buf_addf(url, "/");
    add_encoded(url, file->name, false);
}

static int read_again(void *ctx, int64_t done)
{
    (void)done;
    return ask(ctx);
}

static int fetch_one(struct fetch *f, const char *path, struct err *e)
{
    struct download_part *part = NULL;
    struct buf url = BUF_INIT;
    const struct repo_file *file = &f->listing.files[f->current];
    int rc = part_open(&part, path, file, read_again, f, e);
    if (rc) return rc;
    file_url(f, file, &url);
    download_bytes(&f->bytes, f->current, part_bytes(part));
    rc = transfer(f, part, buf_cstr(&url), e);
    if (rc && rc != HW_ECANCELLED && strncmp(e->message, file->name, strlen(file->name)) != 0)
        err_prefix(e, "%s", file->name);
    if (!rc) rc = part_commit(part, e);
    if (!rc) download_finished(&f->bytes, f->current);
    if (!rc) tell(f);
    part_close(part);
    buf_release(&url);
    return rc;
}

// ---- all -----------------------------------------------------------------------------------------------------------

static int check_room(const struct fetch *f, int64_t spare, struct err *e)
{
    struct statvfs fs;
    int64_t total = download_total(&f->bytes), need = total - download_done(&f->bytes) + spare;
    if (total < 0 || statvfs(f->output_dir, &fs) != 0) return 0;
    double room = (double)fs.f_bavail * (double)fs.f_frsize;
    if ((double)need <= room) return 0;
    return err_set(e, HW_EDISKFULL, "%.1f MB are needed at %s and %.1f MB are free", (double)need / 1e6, f->output_dir,
                   room / 1e6);
}

// What earlier attempts left: whole files are done, parts are gone on with. Neither is pace.
static int look_around(struct fetch *f, bool *done, struct err *e)
{
    for (int i = 0; i < f->listing.n; i++) {
        const struct repo_file *file = &f->listing.files[i];
        int at = download_add(&f->bytes, file->size);
        char *path = file_join(f->output_dir, file->name);
        int whole = part_is_whole(path, file, read_again, f, e);
        if (whole > 0) download_found(&f->bytes, at, file->size);
        if (whole > 0) download_finished(&f->bytes, at);
        if (whole == 0) download_found(&f->bytes, at, part_found(path, file));
        free(path);
        if (whole < 0) return whole;
        done[i] = whole > 0;
    }
    return 0;
}

static int make_folder_of(const char *path, struct err *e)
{
    char *folder = mem_strdup(path), *slash = strrchr(folder, '/');
    *slash = 0;
    int rc = file_mkdirs(folder, e);
    free(folder);
    return rc;
}

int fetch_files(struct fetch *f, int64_t spare, struct err *e)
{
    int rc = file_mkdirs(f->output_dir, e);
    bool *done = mem_array((size_t)f->listing.n + 1, sizeof *done);
    if (!rc) rc = look_around(f, done, e);
    if (!rc) rc = check_room(f, spare, e);
    if (!rc) tell(f);
    for (f->current = 0; !rc && f->current < f->listing.n; f->current++) {
        const struct repo_file *file = &f->listing.files[f->current];
        char *path = file_join(f->output_dir, file->name);
        rc = ask(f);
        if (!rc && !done[f->current]) rc = make_folder_of(path, e);
        if (!rc && !done[f->current]) rc = fetch_one(f, path, e);
        if (!rc && f->arrived) rc = f->arrived(f, file, e);
        free(path);
        if (rc) break; // `current` is the file that it broke at
    }
    free(done);
    return rc;
}

json_t *fetch_result(const struct fetch *f, const char *path, double seconds)
{
    json_t *v = json_pack("{s:s, s:s, s:s, s:s?, s:i, s:I, s:I, s:f}", "path", path, "repo_id", f->repo_id, "revision",
                          f->revision, "commit", f->listing.commit[0] ? f->listing.commit : NULL, "files", f->listing.n,
                          "bytes", (json_int_t)download_done(&f->bytes), "downloaded_bytes", (json_int_t)f->fetched,
                          "seconds", seconds);
    if (!v) mem_exhausted(0);
    return v;
}
