// The job `tokenize` from its parameters to its files: the reference digest, shards, threads, bad input, cancelling.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "task/task.h"

#define TOKENIZER "sample/model/tokenizer.json"
#define CORPUS    "sample/corpus/kjv.jsonl.gz"
#define DIGEST    "c1af9389c6f32083733f6d27eee4da2bd7f9528ca316843d314ada85aa656aea"

// A temporary folder, the job's parameters, and what it wrote on the wire.
struct job {
    char *dir;
    char *input, *output;
    json_t *params;
    atomic_int stop;
    struct err err;
    struct buf wire;
};

static struct job *job_new(const char *input_name)
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

static void job_free(struct job *j)
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

static void job_set(struct job *j, const char *key, json_t *v)
{
    assert_int_equal(json_object_set_new(j->params, key, v), 0);
}

static void job_write(struct job *j, const void *data, size_t n)
{
    struct err e;
    assert_int_equal(file_write_atomic(j->input, slice_of(data, n), &e), 0);
}

static void job_write_gz(struct job *j, const char *text, size_t n)
{
    gzFile f = gzopen(j->input, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, text, (unsigned)n), (int)n);
    assert_int_equal(gzclose(f), Z_OK);
}

static int job_run(struct job *j)
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

static void job_expect(struct job *j, int code, const char *why)
{
    int rc = job_run(j);
    if (rc != code || !strstr(j->err.message, why))
        fail_msg("wanted %d \"%s\", got %d \"%s\"", code, why, rc, j->err.message);
    char *tmp = mem_printf("%s.tmp", j->output);
    assert_false(file_exists(tmp));
    assert_false(file_exists(j->output));
    free(tmp);
}

static void job_succeed(struct job *j)
{
    if (job_run(j) != 0) fail_msg("%s", j->err.message);
    char *tmp = mem_printf("%s.tmp", j->output);
    assert_false(file_exists(tmp));
    free(tmp);
}

static struct buf job_file(const struct job *j, const char *name)
{
    struct buf b = BUF_INIT;
    struct err e;
    char *path = file_join(j->output, name);
    if (file_read(path, 1 << 28, &b, &e) != 0) fail_msg("%s", e.message);
    free(path);
    return b;
}

static json_t *job_index(const struct job *j)
{
    struct buf b = job_file(j, "index.json");
    json_t *v = json_read_object(buf_slice(&b), NULL);
    assert_non_null(v);
    buf_release(&b);
    return v;
}

// All shards behind one another.
static struct buf job_ids(const struct job *j, const json_t *index)
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

static json_int_t integer(const json_t *v, const char *key)
{
    assert_true(json_is_integer(json_object_get(v, key)));
    return json_integer_value(json_object_get(v, key));
}

// The documents' first tokens as decimal numbers.
static void expect_starts(const struct job *j, const char *wanted)
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

static void expect_ids(const struct job *j, const char *wanted)
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

// ---- what it makes

static void the_sample_corpus_has_the_reference_digest(void **state)
{
    (void)state;
    struct job *j = job_new(NULL);
    job_set(j, "threads", json_integer(0));
    job_succeed(j);
    json_t *index = job_index(j);
    assert_string_equal(json_string_value(json_object_get(index, "sha256")), DIGEST);
    assert_string_equal(json_string_value(json_object_get(index, "format")), "headway-tokens");
    assert_int_equal(integer(index, "version"), 1);
    assert_int_equal(integer(index, "tokens"), 1036491);
    assert_int_equal(integer(index, "documents"), 1189);
    assert_int_equal(integer(index, "vocab_size"), 4096);
    assert_int_equal(integer(index, "separator"), 0);
    json_decref(index);
    job_free(j);
}

static void shards_and_threads_change_nothing_but_the_files(void **state)
{
    (void)state;
    struct buf first = BUF_INIT, starts = BUF_INIT;
    for (int run = 0; run < 3; run++) {
        static const int threads[] = {1, 4, 3}, shard_tokens[] = {16777216, 100000, 99999};
        struct job *j = job_new(NULL);
        job_set(j, "threads", json_integer(threads[run]));
        job_set(j, "shard_tokens", json_integer(shard_tokens[run]));
        job_succeed(j);
        json_t *index = job_index(j);
        struct buf ids = job_ids(j, index), documents = job_file(j, "documents.bin");
        assert_int_equal(json_array_size(json_object_get(index, "shards")), run ? 11 : 1);
        assert_string_equal(json_string_value(json_object_get(index, "sha256")), DIGEST);
        if (run) {
            assert_true(slice_eq(buf_slice(&ids), buf_slice(&first)));
            assert_true(slice_eq(buf_slice(&documents), buf_slice(&starts)));
            buf_release(&ids);
            buf_release(&documents);
        } else {
            first = ids;
            starts = documents;
        }
        json_decref(index);
        job_free(j);
    }
    buf_release(&first);
    buf_release(&starts);
}

static void documents_separators_and_blank_lines(void **state)
{
    (void)state;
    struct job *j = job_new("a.jsonl");
    static const char text[] =
        "\xEF\xBB\xBF{\"text\":\"a\"}\n\n  \r\n{\"n\":[1,{\"text\":2}],\"te\\u0078t\":\"b\\u0062\\ud83d\\ude42\"}\r\n"
        "{\"text\":\"\"}";
    job_write(j, text, sizeof text - 1);
    job_succeed(j);
    expect_ids(j, "0 98 0 1328 241 160 154 131 0");
    expect_starts(j, "0 2 8 9");
    job_free(j);

    j = job_new("a.jsonl");
    job_write(j, text, sizeof text - 1);
    job_set(j, "separator", json_null());
    job_set(j, "max_documents", json_integer(2));
    job_succeed(j);
    expect_ids(j, "98 1328 241 160 154 131");
    expect_starts(j, "0 1 6");
    json_t *index = job_index(j);
    assert_true(json_is_null(json_object_get(index, "separator")));
    json_decref(index);
    job_free(j);
}

static void plain_text_is_a_document_a_line(void **state)
{
    (void)state;
    struct job *j = job_new("a.txt.gz");
    job_write_gz(j, "a\r\n\nb {\n", 8);
    job_set(j, "separator", json_integer(7));
    job_succeed(j);
    expect_ids(j, "7 98 7 99 33 124");
    expect_starts(j, "0 2 6");
    job_free(j);
}

static void gzip_in_several_members_and_padded(void **state)
{
    (void)state;
    struct job *j = job_new("corpus.txt"); // told by its bytes, not its name
    job_write_gz(j, "a\nb", 3);
    struct buf all = BUF_INIT;
    struct err e;
    for (int i = 0; i < 2; i++) assert_int_equal(file_read(j->input, 1 << 20, &all, &e), 0);
    buf_add(&all, "\0\0\0\0", 4);
    job_write(j, all.p, all.n);
    buf_release(&all);
    job_succeed(j);
    expect_ids(j, "0 98 0 3336 0 99"); // "a", "ba", "b"
    job_free(j);
}

static void an_empty_corpus_is_whole_too(void **state)
{
    (void)state;
    struct job *j = job_new("a.jsonl");
    job_write(j, "", 0);
    job_succeed(j);
    expect_starts(j, "0");
    json_t *index = job_index(j);
    assert_int_equal(integer(index, "tokens"), 0);
    assert_int_equal(json_array_size(json_object_get(index, "shards")), 0);
    json_decref(index);
    job_free(j);
}

// The phases of the contract in their order, progress inside them that never falls, the result last.
static void the_wire_tells_every_phase(void **state)
{
    static const struct {
        const char *name;
        double from, to;
    } phases[] = {{"loading", 0, 10},   {"tokenizer", 10, 20}, {"sampling", 20, 40},
                  {"encoding", 40, 80}, {"writing", 80, 95},   {"verifying", 95, 100}};
    (void)state;
    struct job *j = job_new(NULL);
    job_succeed(j);
    struct slice rest = buf_slice(&j->wire);
    size_t phase = 0;
    json_int_t last = 0;
    bool result = false, finished = false;
    while (rest.n) {
        json_t *v = json_read_object(slice_cut(&rest, '\n'), NULL);
        assert_non_null(v);
        assert_false(result);
        const char *type = json_string_value(json_object_get(v, "type"));
        if (strcmp(type, "phase") == 0) {
            assert_true(phase < 6 && (phase == 0 || finished));
            assert_string_equal(json_string_value(json_object_get(v, "name")), phases[phase].name);
            assert_int_equal(integer(v, "index"), phase + 1);
            assert_true(json_number_value(json_object_get(v, "from")) == phases[phase].from);
            assert_true(json_number_value(json_object_get(v, "to")) == phases[phase].to);
            phase++;
            last = 0;
        } else if (strcmp(type, "progress") == 0) {
            json_int_t done = integer(v, "done"), total = integer(v, "total");
            assert_true(done >= last && done <= total);
            finished = done == total;
            last = done;
            if (phase == 4) assert_string_equal(json_string_value(json_object_get(v, "unit")), "bytes");
        } else if (strcmp(type, "result") == 0) {
            result = true;
            assert_int_equal(integer(v, "tokens"), 1036491);
            assert_int_equal(integer(v, "documents"), 1189);
            assert_int_equal(integer(v, "vocab_size"), 4096);
            assert_int_equal(integer(v, "bytes_in"), 4136660);
            assert_true(json_number_value(json_object_get(v, "bytes_per_second")) > 0);
            assert_string_equal(json_string_value(json_object_get(v, "sha256")), DIGEST);
            assert_string_equal(json_string_value(json_object_get(v, "tokens_path")), j->output);
        }
        json_decref(v);
    }
    assert_true(result && finished);
    assert_int_equal(phase, 6);
    job_free(j);
}

// ---- what it refuses

static void parameters_that_cannot_work(void **state)
{
    (void)state;
    struct job *j = job_new("a.jsonl");
    job_write(j, "{\"text\":\"a\"}\n", 13);
    job_set(j, "format", json_string("csv"));
    job_expect(j, HW_EVALIDATION, "format");
    job_set(j, "format", json_string("auto"));
    job_set(j, "separator", json_integer(4096));
    job_expect(j, HW_EVALIDATION, "separator");
    assert_string_equal(j->err.field, "separator");
    json_object_del(j->params, "separator");
    job_set(j, "shard_tokens", json_integer(0));
    job_expect(j, HW_EVALIDATION, "shard_tokens");
    json_object_del(j->params, "shard_tokens");
    json_object_del(j->params, "tokenizer_path");
    job_expect(j, HW_EVALIDATION, "tokenizer_path");
    job_set(j, "tokenizer_path", json_string("no/such/tokenizer.json"));
    job_expect(j, HW_ENOTFOUND, "no/such/tokenizer.json");
    job_set(j, "tokenizer_path", json_string(j->input));
    job_expect(j, HW_EUNSUPPORTED, "pre_tokenizer");
    job_free(j);
    static const char *const names[] = {"a.parquet", "a.jsonl.zst", "a.data"};
    static const int codes[] = {HW_EUNSUPPORTED, HW_EUNSUPPORTED, HW_EVALIDATION};
    for (int i = 0; i < 3; i++) {
        j = job_new(names[i]);
        job_write(j, "x", 1);
        job_expect(j, codes[i], names[i]);
        job_free(j);
    }
    j = job_new("missing.jsonl");
    job_expect(j, HW_ENOTFOUND, "missing.jsonl");
    job_set(j, "input_path", json_string(j->dir));
    job_expect(j, HW_EVALIDATION, "is not a file");
    job_free(j);
}

static void a_bad_line_is_named_by_its_number(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"{\"text\":\"a\"", "line 30001: not valid JSON"},
        {"{\"text\":\"a\"} x", "line 30001: not valid JSON: something follows the object (column 14)"},
        {"[]", "line 30001: not valid JSON: each line must be an object"},
        {"{\"other\":\"a\"}", "line 30001: there is no member \"text\""},
        {"{\"text\":3}", "line 30001: the member \"text\" is no string"},
        {"{\"text\":null}", "line 30001: the member \"text\" is no string"},
        {"{\"text\":\"a\",\"text\":\"b\"}", "line 30001: the member \"text\" is there twice"},
        {"{\"text\":\"\\ud800 \"}",
         "line 30001: not valid JSON: a bad \\u escape or half a surrogate pair (column 10)"},
        {"{\"text\":\"caf\xE9\"}", "line 30001: not UTF-8 (column 13)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct job *j = job_new("a.jsonl");
        struct buf text = BUF_INIT;
        // Far enough in for the line to lie in a later batch, and one more bad line behind it.
        for (int k = 0; k < 30000; k++) buf_add_str(&text, k % 3 ? "{\"text\":\"some words\"}\n" : "\n");
        buf_addf(&text, "%s\n{}\n", cases[i].line);
        job_write(j, text.p, text.n);
        job_set(j, "threads", json_integer(1 + (int)(i % 3)));
        job_expect(j, HW_EINVALID, cases[i].why);
        // Documents before the bad line can still be had.
        job_set(j, "max_documents", json_integer(20000));
        job_succeed(j);
        buf_release(&text);
        job_free(j);
    }
}

static void a_cut_or_damaged_gzip_file_is_refused_with_the_place(void **state)
{
    (void)state;
    struct buf whole = BUF_INIT;
    struct err e;
    assert_int_equal(file_read(CORPUS, 1 << 24, &whole, &e), 0);
    static const size_t cuts[] = {5, 700000, 1217763};
    for (size_t i = 0; i < 3; i++) {
        char why[64];
        struct job *j = job_new("a.jsonl.gz");
        job_write(j, whole.p, cuts[i]);
        snprintf(why, sizeof why, "ends at byte %zu", cuts[i]);
        job_expect(j, HW_EEOF, why);
        job_free(j);
    }
    struct job *j = job_new("a.jsonl.gz");
    whole.p[600000] ^= 0x55;
    job_write(j, whole.p, whole.n);
    int rc = job_run(j);
    // The text that the flipped bits make is bad before the checksum shows it, or the checksum shows it.
    assert_int_equal(rc, HW_EINVALID);
    assert_false(file_exists(j->output));
    whole.p[600000] ^= 0x55;
    whole.p[whole.n - 6] ^= 1; // the checksum itself
    job_write(j, whole.p, whole.n);
    job_expect(j, HW_EINVALID, "is damaged at byte");
    job_free(j);
    buf_release(&whole);
}

static void an_earlier_attempt_is_replaced_but_never_a_folder_with_something_else(void **state)
{
    (void)state;
    struct job *j = job_new("a.txt");
    struct err e;
    job_write(j, "a\n", 2);
    char *tmp = mem_printf("%s.tmp", j->output), *old = file_join(tmp, "tokens_00000.bin");
    assert_int_equal(file_mkdirs(tmp, &e), 0);
    assert_int_equal(file_write_atomic(old, SLICE_LIT("left behind"), &e), 0);
    job_succeed(j);
    expect_ids(j, "0 98");
    job_write(j, "b\n", 2);
    job_succeed(j);
    expect_ids(j, "0 99");
    char *index = file_join(j->output, "index.json"), *away = file_join(j->output, "renamed.json");
    assert_int_equal(rename(index, away), 0);
    assert_int_equal(job_run(j), HW_ECONFLICT);
    assert_non_null(strstr(j->err.message, "is there already"));
    free(index);
    free(away);
    free(tmp);
    free(old);
    job_free(j);
}

static void cancelling_leaves_nothing(void **state)
{
    (void)state;
    struct job *j = job_new(NULL);
    atomic_store(&j->stop, 1);
    job_expect(j, HW_ECANCELLED, "stopped");
    job_free(j);
}

// Sets the stop flag as soon as the wire says that encoding has begun.
struct watcher {
    int fd;
    atomic_int *stop;
    bool seen;
};

static void *watch(void *arg)
{
    struct watcher *w = arg;
    struct buf text = BUF_INIT;
    for (;;) {
        ssize_t n = read(w->fd, buf_reserve(&text, 4096), 4096);
        if (n <= 0) break;
        text.n += (size_t)n;
        if (w->seen || !strstr(buf_cstr(&text), "\"encoding\"")) continue;
        w->seen = true;
        atomic_store(w->stop, 1);
    }
    buf_release(&text);
    return NULL;
}

static void cancelling_in_the_middle_leaves_nothing_either(void **state)
{
    (void)state;
    struct job *j = job_new("a.txt");
    struct buf text = BUF_INIT;
    uint32_t seed = 99;
    // Words that no cache knows: encoding them all takes a second or more.
    for (int i = 0; i < 12 << 20; i++) {
        seed = seed * 1664525 + 1013904223;
        buf_add_char(&text, i % 4000 == 0 ? '\n' : i % 16 == 0 ? ' ' : (char)('a' + (seed >> 24) % 26));
    }
    job_write(j, text.p, text.n);
    buf_release(&text);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct watcher w = {.fd = ends[0], .stop = &j->stop};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, watch, &w), 0);
    struct wire_writer *out = wire_writer_new(ends[1]);
    struct task t = {.params = j->params, .out = out, .stop = &j->stop};
    int rc = task_tokenize(&t, &j->err);
    wire_writer_free(out);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    assert_true(w.seen);
    assert_int_equal(rc, HW_ECANCELLED);
    char *tmp = mem_printf("%s.tmp", j->output);
    assert_false(file_exists(tmp) || file_exists(j->output));
    free(tmp);
    job_free(j);
}

// A small disk of our own, where the system lets us mount one.
static void a_full_disk_is_said_to_be_full(void **state)
{
    (void)state;
    struct job *j = job_new(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *disk = file_join(j->dir, "disk"), *output = file_join(disk, "tokens");
        struct err e;
        if (file_mkdirs(disk, &e) != 0 || unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("tmpfs", disk, "tmpfs", 0, "size=3m") != 0)
            _exit(77);
        // The first documents tell that the whole can't fit: refused before anything is encoded.
        json_object_set_new(j->params, "output_dir", json_string(output));
        struct wire_writer *out = wire_writer_new(open("/dev/null", O_WRONLY));
        struct task t = {.params = j->params, .out = out, .stop = &j->stop};
        int estimated = task_tokenize(&t, &j->err);
        // And a job whose estimate fits, just so, finds out by writing.
        json_object_set_new(j->params, "max_documents", json_integer(500));
        char *ballast = file_join(disk, "ballast");
        struct buf fill = BUF_INIT;
        memset(buf_reserve(&fill, 1280 << 10), 0, 1280 << 10);
        fill.n = 1280 << 10;
        bool filled = file_write_atomic(ballast, buf_slice(&fill), &e) == 0;
        int written = task_tokenize(&t, &j->err);
        _exit(!filled                                                           ? 77
              : estimated != HW_EDISKFULL                                       ? 1
              : written != HW_EDISKFULL || strstr(j->err.message, "are needed") ? 2
              : file_exists(output)                                             ? 3
                                                                                : 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    job_free(j);
    if (WEXITSTATUS(status) == 77) skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_corpus_has_the_reference_digest),
        cmocka_unit_test(shards_and_threads_change_nothing_but_the_files),
        cmocka_unit_test(documents_separators_and_blank_lines),
        cmocka_unit_test(plain_text_is_a_document_a_line),
        cmocka_unit_test(gzip_in_several_members_and_padded),
        cmocka_unit_test(an_empty_corpus_is_whole_too),
        cmocka_unit_test(the_wire_tells_every_phase),
        cmocka_unit_test(parameters_that_cannot_work),
        cmocka_unit_test(a_bad_line_is_named_by_its_number),
        cmocka_unit_test(a_cut_or_damaged_gzip_file_is_refused_with_the_place),
        cmocka_unit_test(an_earlier_attempt_is_replaced_but_never_a_folder_with_something_else),
        cmocka_unit_test(cancelling_leaves_nothing),
        cmocka_unit_test(cancelling_in_the_middle_leaves_nothing_either),
        cmocka_unit_test(a_full_disk_is_said_to_be_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
