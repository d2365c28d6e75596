// Running the task `tokenize` in a test: a temporary folder with its input, a run, what it wrote.
#ifndef HW_TESTS_TOKENIZE_RUN_H
#define HW_TESTS_TOKENIZE_RUN_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "task/task.h"

#define TOKENIZER "sample/model/tokenizer.json"
#define CORPUS    "sample/corpus/kjv.jsonl.gz"

// A temporary folder, the job's parameters, and what it wrote on the wire.
struct job {
    char *dir;
    char *input, *output;
    json_t *params;
    atomic_int stop;
    struct err err;
    struct buf wire;
};

static inline struct job *job_new(const char *input_name)
{
    struct job *j = mem_zalloc(sizeof *j);
    const char *tmp = getenv("TMPDIR");
    j->dir = mem_printf("%s/headway-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(j->dir));
    j->input = input_name ? file_join(j->dir, input_name) : mem_strdup(CORPUS);
    j->output = file_join(j->dir, "tokens");
    j->params = json_pack("{s:s, s:s, s:s, s:i}", "tokenizer_path", TOKENIZER, "input_path", j->input, "output_dir",
                          j->output, "threads", 1);
    assert_non_null(j->params);
    return j;
}

static inline void job_free(struct job *j)
{
    struct err e;
    assert_int_equal(file_remove_tree(j->dir, &e), 0);
    free(j->dir);
    free(j->input);
    free(j->output);
    json_decref(j->params);
    buf_release(&j->wire);
    free(j);
}

static inline void job_set(struct job *j, const char *key, json_t *v)
{
    assert_int_equal(json_object_set_new(j->params, key, v), 0);
}

static inline void job_write(struct job *j, const void *data, size_t n)
{
    struct err e;
    assert_int_equal(file_write_atomic(j->input, slice_of(data, n), &e), 0);
}

static inline void job_write_gz(struct job *j, const char *text, size_t n)
{
    gzFile f = gzopen(j->input, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, text, (unsigned)n), (int)n);
    assert_int_equal(gzclose(f), Z_OK);
}

static inline int job_run(struct job *j)
{
    struct err e;
    char *path = file_join(j->dir, "wire");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    struct wire_writer *out = wire_writer_new(fd);
    struct task t = {.params = j->params, .out = out, .stop = &j->stop};
    err_clear(&j->err);
    int rc = task_tokenize(&t, &j->err);
    wire_writer_free(out);
    close(fd);
    buf_clear(&j->wire);
    assert_int_equal(file_read(path, 1 << 24, &j->wire, &e), 0);
    assert_int_equal(unlink(path), 0);
    free(path);
    return rc;
}

static inline void job_expect(struct job *j, int code, const char *why)
{
    int rc = job_run(j);
    if (rc != code || !strstr(j->err.message, why))
        fail_msg("wanted %d \"%s\", got %d \"%s\"", code, why, rc, j->err.message);
    char *tmp = mem_printf("%s.tmp", j->output);
    assert_false(file_exists(tmp));
    assert_false(file_exists(j->output));
    free(tmp);
}

static inline void job_succeed(struct job *j)
{
    if (job_run(j) != 0) fail_msg("%s", j->err.message);
    char *tmp = mem_printf("%s.tmp", j->output);
    assert_false(file_exists(tmp));
    free(tmp);
}

static inline struct buf job_file(const struct job *j, const char *name)
{
    struct buf b = BUF_INIT;
    struct err e;
    char *path = file_join(j->output, name);
    if (file_read(path, 1 << 28, &b, &e) != 0) fail_msg("%s", e.message);
    free(path);
    return b;
}

static inline json_t *job_index(const struct job *j)
{
    struct buf b = job_file(j, "index.json");
    json_t *v = json_read_object(buf_slice(&b), NULL);
    assert_non_null(v);
    buf_release(&b);
    return v;
}

// All shards behind one another.
static inline struct buf job_ids(const struct job *j, const json_t *index)
{
    struct buf all = BUF_INIT;
    size_t i;
    json_t *shard;
    json_array_foreach(json_object_get(index, "shards"), i, shard)
    {
        struct buf b = job_file(j, json_string_value(json_object_get(shard, "file")));
        assert_int_equal(b.n, 4 * json_integer_value(json_object_get(shard, "tokens")));
        buf_add_slice(&all, buf_slice(&b));
        buf_release(&b);
    }
    return all;
}

static inline json_int_t integer(const json_t *v, const char *key)
{
    assert_true(json_is_integer(json_object_get(v, key)));
    return json_integer_value(json_object_get(v, key));
}

// The documents' first tokens as decimal numbers.
static inline void expect_starts(const struct job *j, const char *wanted)
{
    struct buf b = job_file(j, "documents.bin"), text = BUF_INIT;
    for (size_t i = 0; i < b.n; i += 8) {
        uint64_t at = 0;
        for (int k = 7; k >= 0; k--) at = at << 8 | (uint8_t)b.p[i + (size_t)k];
        buf_addf(&text, "%s%llu", i ? " " : "", (unsigned long long)at);
    }
    assert_string_equal(buf_cstr(&text), wanted);
    buf_release(&text);
    buf_release(&b);
}

static inline void expect_ids(const struct job *j, const char *wanted)
{
    json_t *index = job_index(j);
    struct buf b = job_ids(j, index), text = BUF_INIT;
    for (size_t i = 0; i < b.n; i += 4)
        buf_addf(&text, "%s%u", i ? " " : "",
                 (unsigned)((uint8_t)b.p[i] | (uint8_t)b.p[i + 1] << 8 | (uint8_t)b.p[i + 2] << 16));
    assert_string_equal(buf_cstr(&text), wanted);
    buf_release(&text);
    buf_release(&b);
    json_decref(index);
}

#endif
