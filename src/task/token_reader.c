#include "task/token_reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { INDEX_MAX_BYTES = 64 << 20 };

struct shard {
    char *path;
    const uint32_t *ids; // mapped; NULL if it is empty
    uint64_t first, n;   // first: index of its first id in the whole
};

struct token_reader {
    struct shard *shards;
    size_t n_shards;
    uint64_t count, vocab_size;
};

static int map_shard(struct shard *s, struct err *e)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_sys(e, errno, "can't open %.300s", s->path);
    struct stat st;
    int rc = 0;
    if (fstat(fd, &st) < 0) {
        rc = err_sys(e, errno, "can't read %.300s", s->path);
    } else if ((uint64_t)st.st_size != s->n * sizeof *s->ids) {
        rc = err_set(e, (uint64_t)st.st_size < s->n * sizeof *s->ids ? HW_EEOF : HW_EINVALID,
                     "%.300s has %lld bytes; %" PRIu64 " ids need %" PRIu64, s->path, (long long)st.st_size, s->n,
                     s->n * sizeof *s->ids);
    } else if (s->n) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            rc = err_sys(e, errno, "can't map %.300s", s->path);
        else
            s->ids = p;
    }
    close(fd);
    return rc;
}

static int read_shards(struct token_reader *r, const char *dir, const json_t *shards, struct err *e)
{
    if (!json_is_array(shards)) return err_set(e, HW_EINVALID, "shards must be an array");
    r->shards = mem_array(json_array_size(shards) + 1, sizeof *r->shards);
    uint64_t at = 0;
    for (size_t i = 0; i < json_array_size(shards); i++) {
        const char *name;
        int64_t n;
        const json_t *o = json_array_get(shards, i);
        int rc = json_get_str(o, "file", "", &name, e);
        if (!rc) rc = json_get_i64(o, "tokens", -1, 0, INT64_MAX / 8, &n, e);
        if (rc) return rc;
        if (!*name || name[0] == '.' || strchr(name, '/') || n < 0)
            return err_set(e, HW_EINVALID, "shard %zu needs a file in the same folder and its number of tokens", i);
        struct shard *s = &r->shards[r->n_shards++];
        *s = (struct shard){.path = file_join(dir, name), .first = at, .n = (uint64_t)n};
        rc = map_shard(s, e);
        if (rc) return rc;
        at += s->n;
    }
    if (at != r->count) return err_set(e, HW_EINVALID, "tokens is %" PRIu64 ", the shards have %" PRIu64, r->count, at);
    return 0;
}

static int read_index(struct token_reader *r, const char *dir, const json_t *o, struct err *e)
{
    const char *format, *dtype;
    int64_t version, tokens, vocab_size;
    int rc = json_get_str(o, "format", "", &format, e);
    if (!rc) rc = json_get_i64(o, "version", 0, 0, INT64_MAX, &version, e);
    if (!rc) rc = json_get_str(o, "dtype", "", &dtype, e);
    if (!rc) rc = json_get_i64(o, "tokens", 0, 0, INT64_MAX / 8, &tokens, e);
    if (!rc) rc = json_get_i64(o, "vocab_size", 0, 0, UINT32_MAX, &vocab_size, e);
    if (rc) return rc;
    if (strcmp(format, "headway-tokens") != 0 || version != 1 || strcmp(dtype, "uint32") != 0)
        return err_set(
            e, HW_EUNSUPPORTED,
            "this is format \"%.40s\" version %lld of \"%.20s\"; \"headway-tokens\" version 1 of \"uint32\" is "
            "supported",
            format, (long long)version, dtype);
    r->count = (uint64_t)tokens;
    r->vocab_size = (uint64_t)vocab_size;
    return read_shards(r, dir, json_object_get(o, "shards"), e);
}

int token_reader_open(const char *dir, struct token_reader **out, struct err *e)
{
    struct token_reader *r = mem_zalloc(sizeof *r);
    char *path = file_join(dir, "index.json");
    struct buf text = BUF_INIT;
    struct err why = {0};
    json_t *o = NULL;
    *out = NULL;
    int rc = file_read(path, INDEX_MAX_BYTES, &text, &why);
    if (!rc) {
        o = json_read_object(buf_slice(&text), &why);
        rc = o ? read_index(r, dir, o, &why) : HW_EINVALID;
        if (rc) err_prefix(&why, "%.200s", path);
    }
    if (rc) err_set(e, rc, "%s", why.message); // without the field, which would be the file's and not the job's
    json_decref(o);
    buf_release(&text);
    free(path);
    if (rc)
        token_reader_close(r);
    else
        *out = r;
    return rc;
}

void token_reader_close(struct token_reader *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n_shards; i++) {
        struct shard *s = &r->shards[i];
        if (s->ids) munmap((void *)(uintptr_t)s->ids, s->n * sizeof *s->ids);
        free(s->path);
    }
    free(r->shards);
    free(r);
}

uint64_t token_reader_count(const struct token_reader *r)
{
    return r->count;
}

uint64_t token_reader_vocab_size(const struct token_reader *r)
{
    return r->vocab_size;
}

static size_t shard_of(const struct token_reader *r, uint64_t at)
{
    size_t lo = 0, hi = r->n_shards; // the last shard that begins at or before `at` lies in [lo, hi)
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->shards[mid].first <= at)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static int check(const struct shard *s, uint64_t at, size_t n, uint32_t limit, const uint32_t *ids, struct err *e)
{
    uint32_t max = 0;
    for (size_t i = 0; i < n; i++) max = ids[i] > max ? ids[i] : max;
    if (n == 0 || max < limit) return 0;
    size_t bad = 0;
    while (ids[bad] < limit) bad++;
    return err_field(e, HW_EVALIDATION, "tokens_path",
                     "%.200s: the id at position %" PRIu64 " is %" PRIu32 "; the model's vocabulary ends at %" PRIu32,
                     s->path, at + bad, ids[bad], limit - 1);
}

int token_reader_read(const struct token_reader *r, uint64_t first, size_t n, uint32_t limit, uint32_t *out,
                      struct err *e)
{
    assert(first <= r->count && n <= r->count - first);
    for (size_t i = n ? shard_of(r, first) : 0; n; i++) {
        const struct shard *s = &r->shards[i];
        uint64_t at = first - s->first, left = s->n - at;
        size_t part = left < n ? (size_t)left : n;
        if (part == 0) continue;
        memcpy(out, s->ids + at, part * sizeof *out);
        // What was copied is what is checked: the file may change meanwhile.
        int rc = check(s, at, part, limit, out, e);
        if (rc) return rc;
        out += part;
        first += part;
        n -= part;
    }
    return 0;
}
