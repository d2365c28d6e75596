// download_dataset: a dataset's text files from a hub, read once more from the disk, and made one corpus.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "task/download.h"
#include "task/download_part.h"
#include "task/params.h"

enum { PHASES = 4, COPY_SIZE = 1 << 20 };

struct run {
    struct fetch f;
    const char *split;
    int64_t before, total; // of the phase: bytes of the files that are done with, and of all
};

static void phase(const struct run *r, int i)
{
    const struct phase_spec *p = &download_dataset_phases[i];
    wire_phase(r->f.task->out, p->name, i + 1, PHASES, p->from, p->to);
}

static int tell_read(void *ctx, int64_t done)
{
    const struct run *r = ctx;
    wire_progress(r->f.task->out, r->before + done, r->total, "bytes", NULL);
    return fetch_interrupted(&r->f) ? HW_ECANCELLED : 0;
}

// What was written is what can be read: the hashes once more, from the files themselves.
static int verify(struct run *r, struct err *e)
{
    phase(r, 2);
    r->before = 0;
    r->total = download_done(&r->f.bytes);
    for (int i = 0; i < r->f.listing.n; i++) {
        const struct repo_file *file = &r->f.listing.files[i];
        char *path = file_join(r->f.output_dir, file->name);
        int64_t size = file_size(path);
        int whole = file->digest[0] ? part_is_whole(path, file, tell_read, r, e) : size >= 0;
        free(path);
        if (whole < 0) return whole;
        if (!whole) return err_set(e, HW_EIO, "%s was written whole and is read otherwise", file->name);
        r->before += size;
        wire_progress(r->f.task->out, r->before, r->total, "bytes", NULL);
    }
    return 0;
}

// ---- one corpus of several files
// --------------------------------------------------------------------------------------

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcasecmp(name + n - m, end) == 0;
}

static const char *form_of(const char *name)
{
    static const char *const forms[] = {".jsonl.gz", ".jsonl", ".txt.gz", ".txt"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (ends_with(name, forms[i])) return forms[i];
    return ".txt";
}

// Appends a file. A last line without an end gets one, lest the next file's first be its second half; of a packed file
// that can't be told without unpacking it, so it gets a member of its own that holds a newline: an empty line is no
// document.
static int append(struct run *r, int to, const char *path, bool packed, struct err *e)
{
    static const unsigned char newline_gz[] = {0x1F, 0x8B, 8,    0,  0,    0, 0,    0,    0, 0xFF, 1, 1,
                                               0,    0xFE, 0xFF, 10, 0x93, 6, 0xD7, 0x32, 1, 0,    0, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_sys(e, errno, "can't open %s", path);
    char *room = mem_alloc(COPY_SIZE), last = '\n';
    int64_t done = 0;
    int rc = 0;
    while (!rc) {
        ssize_t n = read(fd, room, COPY_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) rc = err_sys(e, errno, "can't read %s", path);
        if (n <= 0) break;
        last = room[n - 1];
        rc = file_write_all(to, room, (size_t)n, e);
        done += n;
        if (!rc) rc = tell_read(r, done);
    }
    if (!rc && packed) rc = file_write_all(to, newline_gz, sizeof newline_gz, e);
    if (!rc && !packed && last != '\n') rc = file_write_all(to, "\n", 1, e);
    r->before += done;
    free(room);
    close(fd);
    return rc;
}

static int join(struct run *r, const char *path, struct err *e)
{
    bool packed = ends_with(path, ".gz");
    char *tmp = mem_printf("%s.tmp", path);
    int to = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int rc = to < 0 ? err_sys(e, errno, "can't write %s", tmp) : 0;
    for (int i = 0; !rc && i < r->f.listing.n; i++) {
        char *from = file_join(r->f.output_dir, r->f.listing.files[i].name);
        rc = append(r, to, from, packed, e);
        free(from);
    }
    if (to >= 0) close(to);
    if (!rc) rc = file_commit(tmp, path, e);
    if (rc) unlink(tmp);
    free(tmp);
    return rc;
}

// The corpus: the one file, or all of them in one, of which only that one is kept.
static char *corpus_path(const struct run *r)
{
    const char *first = r->f.listing.files[0].name;
    if (r->f.listing.n == 1) return file_join(r->f.output_dir, first);
    return mem_printf("%s/corpus%s", r->f.output_dir, form_of(first));
}

static int index_files(struct run *r, const char *path, struct err *e)
{
    phase(r, 3);
    r->before = 0;
    r->total = download_done(&r->f.bytes);
    wire_progress(r->f.task->out, 0, r->total, "bytes", NULL);
    int rc = r->f.listing.n > 1 ? join(r, path, e) : 0;
    for (int i = 0; !rc && r->f.listing.n > 1 && i < r->f.listing.n; i++) {
        char *part = file_join(r->f.output_dir, r->f.listing.files[i].name);
        if (strcmp(part, path) != 0) unlink(part);
        free(part);
    }
    return rc;
}

// ---- the whole
// --------------------------------------------------------------------------------------------------------

static int run(struct run *r, struct err *e)
{
    struct fetch *f = &r->f;
    int64_t started = clock_mono_us();
    phase(r, 0);
    wire_progress(f->task->out, 0, 1, "lists", NULL);
    int rc = fetch_list(f, e);
    if (!rc) rc = repo_listing_keep_dataset(&f->listing, f->repo_id, &r->split, e);
    if (rc) return rc;
    wire_progress(f->task->out, 1, 1, "lists", NULL);
    phase(r, 1);
    int64_t size = repo_listing_size(&f->listing);
    rc = fetch_files(f, f->listing.n > 1 && size > 0 ? size : 0, e);
    if (!rc) rc = verify(r, e);
    if (rc) return rc;
    char *path = corpus_path(r);
    rc = index_files(r, path, e);
    json_t *dataset = rc ? NULL : inspect_dataset(path, e);
    if (!rc && !dataset) rc = e->code;
    if (!rc) {
        wire_progress(f->task->out, r->total, r->total, "bytes", NULL);
        json_t *result = fetch_result(f, path, (double)(clock_mono_us() - started) / 1e6);
        json_object_set_new(result, "dataset", dataset);
        if (*r->split) json_object_set_new(result, "split", json_string(r->split));
        wire_result(f->task->out, result);
        json_decref(result);
    }
    free(path);
    return rc;
}

int task_download_dataset(struct task *t, struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    struct run r = {.f = {.task = t}};
    json_t *params = task_params_resolve("download_dataset", t->params, e);
    int rc = params ? fetch_init(&r.f, t, params, "datasets", e) : e->code;
    r.split = json_string_value(json_object_get(params, "split"));
    if (!rc) rc = fetch_end(&r.f, run(&r, e), e);
    fetch_release(&r.f);
    json_decref(params);
    return rc;
}
