#include "task/download_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { READ_SIZE = 1 << 20, NOTE_MAX = 4096, ETAG_MAX = 512 };

struct download_part {
    char *path, *part, *note; // final name, NAME.part, NAME.part.json
    const struct repo_file *file;
    int fd;
    int64_t bytes;
    struct digest *digest;
    char etag[ETAG_MAX];
};

// ---- the note of what it is a part of
// ---------------------------------------------------------------------------------

static int write_note(const struct download_part *p, struct err *e)
{
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_ki64(&w, "size", p->file->size);
    jw_kstr(&w, "digest", p->file->digest);
    jw_kstr(&w, "etag", p->etag);
    jw_obj_end(&w);
    int rc = file_replace(p->note, buf_slice(&b), e);
    buf_release(&b);
    return rc;
}

// The ETag that the part's bytes came with, if it is a part of this file. False: of another, or nobody knows.
static bool read_note(const char *note, const struct repo_file *file, char etag[ETAG_MAX])
{
    struct buf b = BUF_INIT;
    json_t *v = file_read(note, NOTE_MAX, &b, NULL) == 0 ? json_read_object(buf_slice(&b), NULL) : NULL;
    buf_release(&b);
    const char *digest = json_string_value(json_object_get(v, "digest"));
    const char *tag = json_string_value(json_object_get(v, "etag"));
    const json_t *size = json_object_get(v, "size");
    bool same = digest && tag && json_is_integer(size) && json_integer_value(size) == file->size &&
                strcmp(digest, file->digest) == 0 && strlen(tag) < ETAG_MAX;
    // Where the hub says no hash, only the ETag tells that the bytes to come belong to these.
    same = same && (file->digest[0] || *tag);
    if (same) snprintf(etag, ETAG_MAX, "%s", tag);
    json_decref(v);
    return same;
}

int64_t part_found(const char *path, const struct repo_file *file)
{
    char *part = mem_printf("%s.part", path), *note = mem_printf("%s.part.json", path), etag[ETAG_MAX];
    int64_t n = file_size(part);
    if (n > 0 && (!read_note(note, file, etag) || (file->size >= 0 && n > file->size))) n = 0;
    free(part);
    free(note);
    return n < 0 ? 0 : n;
}

// ---- bytes on disk
// ----------------------------------------------------------------------------------------------------

static int read_through(int fd, const char *path, struct digest *d, int64_t *bytes, part_read_fn read_fn, void *ctx,
                        struct err *e)
{
    char *room = mem_alloc(READ_SIZE);
    int rc = 0;
    *bytes = 0;
    for (;;) {
        ssize_t n = read(fd, room, READ_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) rc = err_sys(e, errno, "can't read %s", path);
        if (n <= 0) break;
        digest_add(d, room, (size_t)n);
        *bytes += n;
        rc = read_fn ? read_fn(ctx, *bytes) : 0;
        if (rc) break;
    }
    free(room);
    return rc;
}

int part_is_whole(const char *path, const struct repo_file *file, part_read_fn read_fn, void *ctx, struct err *e)
{
    char hex[DIGEST_HEX_SIZE];
    int64_t bytes = 0;
    // Without a hash nobody can tell whether it is the one; then it is fetched again.
    if (!file->digest[0] || file_size(path) != file->size) return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return 0;
    struct digest *d = digest_new(file->digest_kind, file->size);
    int rc = read_through(fd, path, d, &bytes, read_fn, ctx, e);
    close(fd);
    digest_end(d, hex);
    digest_free(d);
    return rc ? rc : bytes == file->size && strcmp(hex, file->digest) == 0;
}

// ---- the part
// ---------------------------------------------------------------------------------------------------------

static void begin_digest(struct download_part *p)
{
    digest_free(p->digest);
    p->digest = digest_new(p->file->digest_kind, p->file->size);
}

int part_restart(struct download_part *p, const char *etag, struct err *e)
{
    begin_digest(p);
    p->bytes = 0;
    snprintf(p->etag, sizeof p->etag, "%s", strlen(etag) < ETAG_MAX ? etag : "");
    if (ftruncate(p->fd, 0) < 0 || lseek(p->fd, 0, SEEK_SET) < 0) return err_sys(e, errno, "can't write %s", p->part);
    return write_note(p, e);
}

int part_open(struct download_part **out, const char *path, const struct repo_file *file, part_read_fn read_fn,
              void *ctx, struct err *e)
{
    struct download_part *p = mem_zalloc(sizeof *p);
    p->path = mem_strdup(path);
    p->part = mem_printf("%s.part", path);
    p->note = mem_printf("%s.part.json", path);
    p->file = file;
    bool keep = part_found(path, file) > 0 && read_note(p->note, file, p->etag);
    p->fd = open(p->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int rc = p->fd < 0 ? err_sys(e, errno, "can't write %s", p->part) : 0;
    if (!rc) begin_digest(p);
    if (!rc && keep) rc = read_through(p->fd, p->part, p->digest, &p->bytes, read_fn, ctx, e);
    if (!rc && !keep) rc = part_restart(p, "", e);
    if (!rc) {
        *out = p;
        return 0;
    }
    part_close(p);
    return rc;
}

int64_t part_bytes(const struct download_part *p)
{
    return p->bytes;
}

const char *part_etag(const struct download_part *p)
{
    return p->etag;
}

int part_add(struct download_part *p, const void *data, size_t n, struct err *e)
{
    if (p->file->size >= 0 && p->bytes + (int64_t)n > p->file->size)
        return err_set(e, HW_EPROTOCOL, "%s: more bytes came than the %lld that the hub had announced", p->file->name,
                       (long long)p->file->size);
    int rc = file_write_all(p->fd, data, n, e);
    if (rc) return rc;
    digest_add(p->digest, data, n);
    p->bytes += (int64_t)n;
    return 0;
}

static int discard(struct download_part *p, int rc)
{
    unlink(p->part);
    unlink(p->note);
    return rc;
}

int part_commit(struct download_part *p, struct err *e)
{
    char hex[DIGEST_HEX_SIZE];
    const struct repo_file *f = p->file;
    if (f->size >= 0 && p->bytes < f->size)
        return err_set(e, HW_EUNAVAILABLE, "%s: the connection was closed after %lld of %lld bytes", f->name,
                       (long long)p->bytes, (long long)f->size);
    digest_end(p->digest, hex);
    if (f->digest[0] && strcmp(hex, f->digest) != 0)
        return discard(p, err_set(e, HW_EUNAVAILABLE, "%s: its hash is %s and the hub says %s: thrown away", f->name,
                                  hex, f->digest));
    int rc = file_commit(p->part, p->path, e);
    if (!rc) unlink(p->note);
    return rc;
}

void part_close(struct download_part *p)
{
    if (!p) return;
    if (p->fd >= 0) close(p->fd);
    digest_free(p->digest);
    free(p->path);
    free(p->part);
    free(p->note);
    free(p);
}
