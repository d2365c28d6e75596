#include "task/tokenize_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "task/output_folder.h"

enum { FLUSH_BYTES = 1 << 20 };

// A file that is written front to back through a buffer. The ids are little-endian whatever the machine.
struct out_file {
    char *path;
    int fd; // -1: not open
    struct buf waiting;
};

struct token_output {
    char *folder, *tmp;
    bool made, committed;
    uint64_t shard_tokens; // at most, in each
    struct out_file shard, starts;
    uint64_t *shards; // ids in each
    size_t n_shards, cap_shards;
    uint64_t tokens, documents;
    uint32_t vocab_size;
    struct sha256 sha;
    char hex[SHA256_HEX_SIZE];
};

static int out_open(struct out_file *f, const char *folder, const char *name, struct err *e)
{
    f->path = file_join(folder, name);
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return f->fd < 0 ? err_sys(e, errno, "can't create %s", f->path) : 0;
}

static int out_flush(struct out_file *f, struct err *e)
{
    int rc = file_write_all(f->fd, f->waiting.p, f->waiting.n, e);
    if (rc) err_prefix(e, "%s", f->path);
    buf_clear(&f->waiting);
    return rc;
}

static int out_flush_if_full(struct out_file *f, struct err *e)
{
    return f->waiting.n < FLUSH_BYTES ? 0 : out_flush(f, e);
}

static void out_drop(struct out_file *f)
{
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    buf_release(&f->waiting);
    *f = (struct out_file){.fd = -1};
}

// Writes what waits, flushes it to the disk and closes the file.
static int out_close(struct out_file *f, struct err *e)
{
    int rc = out_flush(f, e);
    if (!rc && fsync(f->fd) < 0) rc = err_sys(e, errno, "can't flush %s", f->path);
    int fd = f->fd;
    f->fd = -1;
    if (close(fd) < 0 && !rc) rc = err_sys(e, errno, "can't close %s", f->path);
    out_drop(f);
    return rc;
}

static void shard_name(size_t i, char out[32])
{
    snprintf(out, 32, "tokens_%05zu.bin", i);
}

static int prepare(struct token_output *o, struct err *e)
{
    int rc = output_folder_begin(o->tmp, o->folder, "index.json", e);
    o->made = rc == 0;
    return rc ? rc : out_open(&o->starts, o->tmp, "documents.bin", e);
}

struct token_output *token_output_new(const char *folder, int64_t shard_tokens, struct err *e)
{
    struct token_output *o = mem_zalloc(sizeof *o);
    o->folder = mem_strdup(folder);
    for (size_t n = strlen(folder); n > 1 && o->folder[n - 1] == '/'; n--) o->folder[n - 1] = 0;
    o->tmp = mem_printf("%s.tmp", o->folder);
    o->shard_tokens = (uint64_t)shard_tokens;
    o->shard.fd = o->starts.fd = -1;
    sha256_init(&o->sha);
    if (prepare(o, e) == 0) return o;
    token_output_free(o);
    return NULL;
}

void token_output_free(struct token_output *o)
{
    if (!o) return;
    out_drop(&o->shard);
    out_drop(&o->starts);
    // Nothing can be done about a failure here; the next attempt removes the folder before it starts.
    struct err ignored;
    if (o->made && !o->committed) (void)file_remove_tree(o->tmp, &ignored);
    free(o->folder);
    free(o->tmp);
    free(o->shards);
    free(o);
}

static void add_u64(struct buf *b, uint64_t v)
{
    uint8_t *p = (uint8_t *)buf_reserve(b, 8);
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(v >> 8 * i);
    b->n += 8;
}

int token_output_document(struct token_output *o, struct err *e)
{
    add_u64(&o->starts.waiting, o->tokens);
    o->documents++;
    return out_flush_if_full(&o->starts, e);
}

static int next_shard(struct token_output *o, struct err *e)
{
    char name[32];
    int rc = o->shard.fd >= 0 ? out_close(&o->shard, e) : 0;
    if (rc) return rc;
    if (o->n_shards == o->cap_shards) {
        o->cap_shards = o->cap_shards ? o->cap_shards * 2 : 16;
        o->shards = mem_realloc_array(o->shards, o->cap_shards, sizeof *o->shards);
    }
    shard_name(o->n_shards, name);
    o->shards[o->n_shards++] = 0;
    return out_open(&o->shard, o->tmp, name, e);
}

static void add_ids(struct buf *b, const uint32_t *ids, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    buf_add(b, ids, n * sizeof *ids);
#else
    for (size_t i = 0; i < n; i++) {
        uint32_t v = __builtin_bswap32(ids[i]);
        buf_add(b, &v, sizeof v);
    }
#endif
}

int token_output_add(struct token_output *o, const uint32_t *ids, size_t n, struct err *e)
{
    while (n) {
        int rc = 0;
        if (o->n_shards == 0 || o->shards[o->n_shards - 1] == o->shard_tokens) rc = next_shard(o, e);
        if (rc) return rc;
        uint64_t *count = &o->shards[o->n_shards - 1];
        size_t take = n;
        if (take > FLUSH_BYTES / sizeof *ids) take = FLUSH_BYTES / sizeof *ids;
        if (take > o->shard_tokens - *count) take = (size_t)(o->shard_tokens - *count);
        size_t from = o->shard.waiting.n;
        add_ids(&o->shard.waiting, ids, take);
        sha256_add(&o->sha, o->shard.waiting.p + from, take * sizeof *ids);
        *count += take;
        o->tokens += take;
        ids += take;
        n -= take;
        rc = out_flush_if_full(&o->shard, e);
        if (rc) return rc;
    }
    return 0;
}

uint64_t token_output_tokens(const struct token_output *o)
{
    return o->tokens;
}

uint64_t token_output_documents(const struct token_output *o)
{
    return o->documents;
}

static void write_index(const struct token_output *o, int64_t separator, struct buf *out)
{
    struct jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "format", "headway-tokens");
    jw_ki64(&w, "version", 1);
    jw_kstr(&w, "dtype", "uint32");
    jw_ki64(&w, "tokens", (int64_t)o->tokens);
    jw_ki64(&w, "documents", (int64_t)o->documents);
    jw_ki64(&w, "vocab_size", o->vocab_size);
    if (separator >= 0)
        jw_ki64(&w, "separator", separator);
    else
        jw_knull(&w, "separator");
    jw_kstr(&w, "sha256", o->hex);
    jw_key(&w, "shards");
    jw_arr(&w);
    for (size_t i = 0; i < o->n_shards; i++) {
        char name[32];
        shard_name(i, name);
        jw_obj(&w);
        jw_kstr(&w, "file", name);
        jw_ki64(&w, "tokens", (int64_t)o->shards[i]);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    buf_add_char(out, '\n');
}

int token_output_finish(struct token_output *o, uint32_t vocab_size, int64_t separator, char hex[SHA256_HEX_SIZE],
                        token_progress *progress, void *ctx, struct err *e)
{
    int rc = progress(ctx, 0, 3);
    if (!rc && o->shard.fd >= 0) rc = out_close(&o->shard, e);
    if (!rc) rc = progress(ctx, 1, 3);
    if (!rc) {
        add_u64(&o->starts.waiting, o->tokens);
        rc = out_close(&o->starts, e);
    }
    if (!rc) rc = progress(ctx, 2, 3);
    if (rc) return rc;
    sha256_end_hex(&o->sha, o->hex);
    memcpy(hex, o->hex, SHA256_HEX_SIZE);
    o->vocab_size = vocab_size;
    struct buf text = BUF_INIT;
    write_index(o, separator, &text);
    char *path = file_join(o->tmp, "index.json");
    rc = file_write_atomic(path, buf_slice(&text), e);
    free(path);
    buf_release(&text);
    return rc ? rc : progress(ctx, 3, 3);
}

// ---- reading it back

struct check {
    struct token_output *o;
    struct sha256 sha;
    uint64_t last_start; // of a document
    uint64_t starts;     // entries seen
    int64_t done, total; // bytes
    token_progress *progress;
    void *ctx;
};

static uint64_t get_le(const uint8_t *p, int n)
{
    uint64_t v = 0;
    for (int i = n; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static int check_ids(struct check *c, const uint8_t *p, size_t n, const char *path, struct err *e)
{
    sha256_add(&c->sha, p, n);
    uint32_t highest = 0;
    for (size_t i = 0; i < n; i += 4) {
        uint32_t id = (uint32_t)get_le(p + i, 4);
        if (id > highest) highest = id;
    }
    if (n && highest >= c->o->vocab_size)
        return err_set(e, HW_EIO, "%s holds the id %u, which is beyond the vocabulary of %u", path, highest,
                       c->o->vocab_size);
    return 0;
}

static int check_starts(struct check *c, const uint8_t *p, size_t n, const char *path, struct err *e)
{
    for (size_t i = 0; i < n; i += 8, c->starts++) {
        uint64_t at = get_le(p + i, 8);
        if (at < c->last_start || at > c->o->tokens)
            return err_set(e, HW_EIO, "%s: entry %llu is out of order", path, (unsigned long long)c->starts);
        c->last_start = at;
    }
    return 0;
}

typedef int check_bytes(struct check *c, const uint8_t *p, size_t n, const char *path, struct err *e);

static int check_file(struct check *c, const char *name, uint64_t size, check_bytes *look, struct err *e)
{
    char *path = file_join(c->o->tmp, name);
    uint8_t *room = mem_alloc(FLUSH_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? err_sys(e, errno, "can't open %s", path) : 0;
    uint64_t seen = 0;
    size_t have = 0;
    while (!rc) {
        ssize_t n = read(fd, room + have, FLUSH_BYTES - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) rc = err_sys(e, errno, "can't read %s", path);
        if (n <= 0) break;
        have += (size_t)n;
        seen += (uint64_t)n;
        c->done += n;
        if (have < FLUSH_BYTES && seen < size) continue; // whole ids only
        rc = look(c, room, have - have % 8, path, e);
        if (!rc && have % 8) rc = look(c, room + have - have % 8, have % 8, path, e);
        have = 0;
        if (!rc) rc = c->progress(c->ctx, c->done, c->total);
    }
    if (!rc && seen != size)
        rc = err_set(e, HW_EIO, "%s has %llu bytes, %llu were written", path, (unsigned long long)seen,
                     (unsigned long long)size);
    if (fd >= 0) close(fd);
    free(room);
    free(path);
    return rc;
}

int token_output_verify(struct token_output *o, token_progress *progress, void *ctx, struct err *e)
{
    struct check c = {.o = o, .progress = progress, .ctx = ctx};
    c.total = (int64_t)(o->tokens * 4 + (o->documents + 1) * 8);
    sha256_init(&c.sha);
    int rc = progress(ctx, 0, c.total);
    for (size_t i = 0; !rc && i < o->n_shards; i++) {
        char name[32];
        shard_name(i, name);
        rc = check_file(&c, name, o->shards[i] * 4, check_ids, e);
    }
    if (!rc) rc = check_file(&c, "documents.bin", (o->documents + 1) * 8, check_starts, e);
    if (rc) return rc;
    char hex[SHA256_HEX_SIZE];
    sha256_end_hex(&c.sha, hex);
    if (strcmp(hex, o->hex) != 0) return err_set(e, HW_EIO, "%s: the ids on disk are not those written", o->tmp);
    if (c.last_start != o->tokens) return err_set(e, HW_EIO, "%s: documents.bin doesn't end with the total", o->tmp);
    return 0;
}

int token_output_commit(struct token_output *o, struct err *e)
{
    int rc = output_folder_commit(o->tmp, o->folder, e);
    o->committed = rc == 0;
    return rc;
}
