// What the job `tokenize` refuses, and that it leaves nothing where it fails or is stopped.
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tokenize_run.h"

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

// ---- stopped, out of space ----

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
