#include "task/corpus_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"

enum { PACKED_ROOM = 1 << 18 };

struct corpus_source {
    char *path;
    int fd;
    int64_t size, taken; // bytes of the file: in all, read so far
    bool compressed;
    // gzip only
    z_stream z;
    bool inflating;    // inflateInit was called
    bool member_ended; // between two members, or at the end
    bool ended;        // nothing but padding follows
    int64_t unpacked;
    uint8_t *packed;
};

static int64_t read_file(struct corpus_source *s, void *to, size_t room, struct err *e)
{
    for (;;) {
        ssize_t n = read(s->fd, to, room);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return err_sys(e, errno, "can't read %s", s->path);
        s->taken += n;
        return n;
    }
}

static int start(struct corpus_source *s, struct err *e)
{
    struct stat st;
    uint8_t magic[2];
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe without a writer mustn't hold it up
    if (s->fd < 0) return err_sys(e, errno, "can't open %s", s->path);
    if (fstat(s->fd, &st) < 0) return err_sys(e, errno, "can't read %s", s->path);
    if (!S_ISREG(st.st_mode)) return err_set(e, HW_EVALIDATION, "%s is not a file", s->path);
    s->size = st.st_size;
    s->compressed = pread(s->fd, magic, 2, 0) == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    if (!s->compressed) return 0;
    s->packed = mem_alloc(PACKED_ROOM);
    if (inflateInit2(&s->z, 15 + 16) != Z_OK) return err_set(e, HW_EINTERNAL, "zlib can't be started");
    s->inflating = true;
    return 0;
}

struct corpus_source *corpus_source_open(const char *path, struct err *e)
{
    struct corpus_source *s = mem_zalloc(sizeof *s);
    s->path = mem_strdup(path);
    if (start(s, e) == 0) return s;
    corpus_source_free(s);
    return NULL;
}

void corpus_source_free(struct corpus_source *s)
{
    if (!s) return;
    if (s->fd >= 0) close(s->fd);
    if (s->inflating) inflateEnd(&s->z);
    free(s->packed);
    free(s->path);
    free(s);
}

bool corpus_source_compressed(const struct corpus_source *s)
{
    return s->compressed;
}

int64_t corpus_source_size(const struct corpus_source *s)
{
    return s->size;
}

int64_t corpus_source_done(const struct corpus_source *s)
{
    return s->taken - (int64_t)s->z.avail_in;
}

static int damaged(const struct corpus_source *s, const char *what, struct err *e)
{
    return err_set(e, HW_EINVALID, "%s is damaged at byte %lld of %lld: %s", s->path, (long long)corpus_source_done(s),
                   (long long)s->size, what);
}

// More packed bytes, if there are none at hand. 0, or a code.
static int refill(struct corpus_source *s, struct err *e)
{
    if (s->z.avail_in) return 0;
    int64_t n = read_file(s, s->packed, PACKED_ROOM, e);
    if (n < 0) return (int)n;
    s->z.next_in = s->packed;
    s->z.avail_in = (uInt)n;
    return 0;
}

// Between members (RFC 1952 §2.2 allows any number): the next one, or zeros that a block device padded the file with,
// or the end.
static int next_member(struct corpus_source *s, struct err *e)
{
    while (s->z.avail_in && *s->z.next_in == 0) s->z.next_in++, s->z.avail_in--;
    if (s->z.avail_in == 0) {
        int rc = refill(s, e);
        if (rc) return rc;
        if (s->z.avail_in == 0) s->ended = true;
        return 0;
    }
    s->member_ended = false;
    return inflateReset(&s->z) == Z_OK ? 0 : err_set(e, HW_EINTERNAL, "zlib can't be restarted");
}

static int64_t read_packed(struct corpus_source *s, uint8_t *to, size_t room, struct err *e)
{
    s->z.next_out = to;
    s->z.avail_out = (uInt)room;
    while (s->z.avail_out == room && !s->ended) {
        int rc = s->member_ended ? next_member(s, e) : refill(s, e);
        if (rc) return rc;
        if (s->member_ended) continue;
        if (s->z.avail_in == 0)
            return err_set(e, HW_EEOF, "%s is cut off: the compressed data ends at byte %lld, after %lld bytes of text",
                           s->path, (long long)s->taken, (long long)s->unpacked);
        rc = inflate(&s->z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END)
            s->member_ended = true;
        else if (rc != Z_OK && rc != Z_BUF_ERROR)
            return damaged(s, s->z.msg ? s->z.msg : "not gzip data", e);
    }
    int64_t n = (int64_t)(room - s->z.avail_out);
    s->unpacked += n;
    return n;
}

int64_t corpus_source_read(struct corpus_source *s, size_t room, struct buf *out, struct err *e)
{
    if (room > 1 << 30) room = 1 << 30;
    char *to = buf_reserve(out, room);
    int64_t n = s->compressed ? read_packed(s, (uint8_t *)to, room, e) : read_file(s, to, room, e);
    if (n > 0) out->n += (size_t)n;
    return n;
}
