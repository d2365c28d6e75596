// The writing half of safetensors.h.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ml/half.h"
#include "ml/safetensors.h"

struct declared {
    char *name;
    enum st_dtype dtype;
    int rank;
    int64_t shape[ST_MAX_RANK];
    uint64_t begin, end; // in the data
};

struct st_writer {
    char *path, *tmp;
    int fd; // -1 before start and after finish
    bool started, finished;
    struct declared *tensors;
    int count;
    struct buf metadata; // members of __metadata__, without the braces
    uint64_t data_start, data_size;
    uint64_t appended;
    atomic_uint_fast64_t written;
};

struct st_writer *st_writer_new(const char *path)
{
    struct st_writer *w = mem_zalloc(sizeof *w);
    w->path = mem_strdup(path);
    w->tmp = mem_printf("%s.tmp.%ld", path, (long)getpid());
    w->fd = -1;
    return w;
}

void st_writer_free(struct st_writer *w)
{
    if (!w) return;
    if (w->fd >= 0) close(w->fd);
    if (w->started && !w->finished) unlink(w->tmp);
    for (int i = 0; i < w->count; i++) free(w->tensors[i].name);
    free(w->tensors);
    buf_release(&w->metadata);
    free(w->path);
    free(w->tmp);
    free(w);
}

void st_writer_metadata(struct st_writer *w, const char *key, const char *value)
{
    assert(!w->started);
    struct jw j;
    if (w->metadata.n) buf_add_char(&w->metadata, ',');
    jw_init(&j, &w->metadata);
    jw_str(&j, key);
    buf_add_char(&w->metadata, ':');
    jw_init(&j, &w->metadata);
    jw_str(&j, value);
}

int st_writer_declare(struct st_writer *w, const char *name, enum st_dtype dtype, int rank, const int64_t *shape)
{
    assert(!w->started && rank >= 0 && rank <= ST_MAX_RANK);
    w->tensors = mem_realloc_array(w->tensors, (size_t)w->count + 1, sizeof *w->tensors);
    struct declared *d = &w->tensors[w->count];
    *d = (struct declared){.name = mem_strdup(name), .dtype = dtype, .rank = rank, .begin = w->data_size};
    uint64_t bytes = st_dtype_size(dtype);
    for (int i = 0; i < rank; i++) {
        assert(shape[i] >= 0);
        d->shape[i] = shape[i];
        bytes *= (uint64_t)shape[i];
    }
    d->end = w->data_size += bytes;
    return w->count++;
}

static void write_header(const struct st_writer *w, struct buf *out)
{
    uint64_t len = 0;
    buf_add(out, &len, sizeof len);
    struct jw j;
    jw_init(&j, out);
    jw_obj(&j);
    if (w->metadata.n) {
        struct buf meta = BUF_INIT;
        buf_add_char(&meta, '{');
        buf_add_slice(&meta, buf_slice(&w->metadata));
        buf_add_char(&meta, '}');
        jw_kraw(&j, "__metadata__", buf_slice(&meta));
        buf_release(&meta);
    }
    for (int i = 0; i < w->count; i++) {
        const struct declared *d = &w->tensors[i];
        jw_key(&j, d->name);
        jw_obj(&j);
        jw_kstr(&j, "dtype", st_dtype_name(d->dtype));
        jw_key(&j, "shape");
        jw_arr(&j);
        for (int k = 0; k < d->rank; k++) jw_i64(&j, d->shape[k]);
        jw_arr_end(&j);
        jw_key(&j, "data_offsets");
        jw_arr(&j);
        jw_u64(&j, d->begin);
        jw_u64(&j, d->end);
        jw_arr_end(&j);
        jw_obj_end(&j);
    }
    jw_obj_end(&j);
    // Spaces at the end put the data at a multiple of 64 bytes, so that readers may use it in place.
    while (out->n % 64) buf_add_char(out, ' ');
    len = out->n - sizeof len;
    memcpy(out->p, &len, sizeof len);
}

static int pwrite_all(struct st_writer *w, const void *data, size_t n, uint64_t at, struct err *e)
{
    const char *p = data;
    while (n) {
        ssize_t done = pwrite(w->fd, p, n, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return err_sys(e, errno, "can't write %.300s", w->path);
        p += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return 0;
}

int st_writer_start(struct st_writer *w, struct err *e)
{
    assert(!w->started);
    w->fd = open(w->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (w->fd < 0) return err_sys(e, errno, "can't create %.300s", w->tmp);
    w->started = true;
    struct buf header = BUF_INIT;
    write_header(w, &header);
    w->data_start = header.n;
    // A full disk shows here instead of after an hour's work. File systems that can't reserve room say so and find out
    // while writing.
    int rc = 0;
    if (fallocate(w->fd, 0, 0, (off_t)st_writer_file_size(w)) < 0 && (errno == ENOSPC || errno == EDQUOT))
        rc = err_sys(e, errno, "no room for the %" PRIu64 " bytes of %.300s", st_writer_file_size(w), w->path);
    if (!rc) rc = pwrite_all(w, header.p, header.n, 0, e);
    buf_release(&header);
    return rc;
}

uint64_t st_writer_file_size(const struct st_writer *w)
{
    return w->data_start + w->data_size;
}

int st_writer_append(struct st_writer *w, const void *data, size_t n, struct err *e)
{
    int rc = w->started ? 0 : st_writer_start(w, e);
    if (rc) return rc;
    if (n > w->data_size - w->appended)
        return err_set(e, HW_EINVALID, "%.300s: more data than the %" PRIu64 " bytes declared", w->path, w->data_size);
    rc = pwrite_all(w, data, n, w->data_start + w->appended, e);
    if (rc) return rc;
    w->appended += n;
    atomic_fetch_add(&w->written, n);
    return 0;
}

static const struct declared *current(const struct st_writer *w)
{
    for (int i = 0; i < w->count; i++)
        if (w->appended < w->tensors[i].end) return &w->tensors[i];
    return NULL;
}

int st_writer_append_f32(struct st_writer *w, const float *data, size_t count, struct err *e)
{
    if (count == 0) return 0;
    const struct declared *d = current(w);
    if (!d || count > (d->end - w->appended) / st_dtype_size(d->dtype))
        return err_set(e, HW_EINVALID, "%.300s: more data than the tensor %.100s declares", w->path, d ? d->name : "");
    if (d->dtype == ST_F32) return st_writer_append(w, data, count * sizeof *data, e);
    if (d->dtype != ST_F16 && d->dtype != ST_BF16)
        return err_set(e, HW_EUNSUPPORTED, "%.200s: tensor %.100s is %s; numbers can be written as F32, F16 or BF16",
                       w->path, d->name, st_dtype_name(d->dtype));
    uint16_t part[4096];
    while (count) {
        size_t n = count < 4096 ? count : 4096;
        if (d->dtype == ST_F16)
            half_from_f32_n(data, part, n);
        else
            bf16_from_f32_n(data, part, n);
        int rc = st_writer_append(w, part, n * sizeof *part, e);
        if (rc) return rc;
        data += n;
        count -= n;
    }
    return 0;
}

int st_writer_put(struct st_writer *w, int index, uint64_t offset, const void *data, size_t n, struct err *e)
{
    assert(w->started && index >= 0 && index < w->count);
    const struct declared *d = &w->tensors[index];
    if (offset > d->end - d->begin || n > d->end - d->begin - offset)
        return err_set(e, HW_EINVALID, "%.200s: bytes %" PRIu64 " to %" PRIu64 " lie outside the tensor %.100s",
                       w->path, offset, offset + n, d->name);
    int rc = pwrite_all(w, data, n, w->data_start + d->begin + offset, e);
    if (!rc) atomic_fetch_add(&w->written, n);
    return rc;
}

int st_writer_finish(struct st_writer *w, struct err *e)
{
    assert(!w->finished);
    int rc = w->started ? 0 : st_writer_start(w, e);
    if (rc) return rc;
    uint64_t written = atomic_load(&w->written);
    if (written != w->data_size)
        return err_set(e, HW_EINVALID, "%.300s: %" PRIu64 " bytes of data were declared, %" PRIu64 " written", w->path,
                       w->data_size, written);
    int fd = w->fd;
    w->fd = -1;
    if (close(fd) < 0) return err_sys(e, errno, "can't close %.300s", w->tmp);
    rc = file_commit(w->tmp, w->path, e);
    if (!rc) w->finished = true;
    return rc;
}
