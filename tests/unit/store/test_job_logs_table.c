// Lines of jobs' logs: read by sequence, stream and end, the oldest let go.
#include "store/in_store.h"

#include "store/job_logs_table.h"

static void logs(struct store_tx *tx, struct err *e)
{
    struct job_log_row *rows;
    int n;
    for (int64_t i = 1; i <= 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "line %lld", (long long)i);
        assert_int_equal(job_log_insert(tx, "job_1", i, i * 1000, i % 2 ? "stdout" : "stderr", slice_str(text), e), 0);
    }
    assert_int_equal(job_log_insert(tx, "job_2", 1, 1, "log", slice_str(""), e), 0);
    assert_int_equal(job_logs_list(tx, "job_1", 4, 3, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].seq, 5);
    assert_string_equal(rows[2].text, "line 7");
    job_logs_free(rows, n);
    assert_int_equal(job_logs_list(tx, "job_1", 0, 100, "stderr", &rows, &n, e), 0);
    assert_int_equal(n, 5);
    job_logs_free(rows, n);
    assert_int_equal(job_logs_newest(tx, "job_1", 0, INT64_MAX, 2, "stderr", &rows, &n, e), 0);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].text, "line 8");
    assert_string_equal(rows[1].text, "line 10");
    job_logs_free(rows, n);
    assert_int_equal(job_logs_newest(tx, "job_1", 0, 4, 2, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].text, "line 2");
    job_logs_free(rows, n);
    assert_int_equal(job_logs_newest(tx, "job_1", 9, INT64_MAX, 5, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 1);
    job_logs_free(rows, n);
    assert_int_equal(job_logs_list(tx, "job_2", 0, 100, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].text_len, 0);
    job_logs_free(rows, n);
    // Oldest first, until enough is freed; a line counts its text and its place.
    struct job_logs_cut cut;
    assert_int_equal(job_logs_cut(tx, "job_1", 3, 2 * (6 + LOG_LINE_COST) - 1, 100, &cut, e), 0);
    assert_int_equal(cut.lines, 2);
    assert_int_equal(cut.text, 12);
    assert_int_equal(cut.begin, 5);
    assert_int_equal(job_logs_list(tx, "job_1", 0, 100, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 8);
    assert_int_equal(rows[1].seq, 2);
    assert_int_equal(rows[2].seq, 5);
    job_logs_free(rows, n);
    assert_int_equal(job_logs_cut(tx, "job_1", 5, INT64_MAX, 3, &cut, e), 0);
    assert_int_equal(cut.lines, 3); // no more than it may at once
    assert_int_equal(job_logs_cut(tx, "job_1", 8, 0, 3, &cut, e), 0);
    assert_int_equal(cut.lines, 0);
    assert_int_equal(job_logs_cut(tx, "job_1", 8, INT64_MAX, 100, &cut, e), 0);
    assert_int_equal(cut.begin, 11);
    assert_int_equal(job_logs_cut(tx, "job_1", 11, INT64_MAX, 100, &cut, e), 0);
    assert_int_equal(cut.lines, 0);
    assert_int_equal(cut.begin, 11);
    assert_int_equal(job_logs_list(tx, "job_2", 0, 100, NULL, &rows, &n, e), 0);
    assert_int_equal(n, 1); // another job's
    job_logs_free(rows, n);
}

// Chunks of several lines, of any bytes: read from anywhere in them, forward and backward, all and one stream.
static void log_chunks(struct store_tx *tx, struct err *e)
{
    static const char *const texts[] = {"", "two words", "line\nbreak", "12 o 3 abc", "Grüße", " ", "-1 l 0 "};
    static const char *const names[] = {"stdout", "stderr", "log"};
    enum { TEXTS = 7, LINES = 100 };
    struct log_chunk c = LOG_CHUNK_INIT;
    for (int64_t seq = 1; seq <= LINES; seq++) {
        log_chunk_add(&c, seq, seq - 50, names[seq % 3], slice_str(texts[seq % TEXTS]));
        if (seq % 13 == 0) assert_int_equal(log_chunk_store(tx, "job_3", &c, e), 0);
    }
    assert_int_equal(log_chunk_store(tx, "job_3", &c, e), 0);
    assert_int_equal(log_chunk_store(tx, "job_3", &c, e), 0); // nothing
    log_chunk_release(&c);
    for (int64_t from = 0; from <= LINES; from++) {
        for (int limit = 1; limit <= 40; limit += 13) {
            for (int stream = -1; stream < 3; stream++) {
                const char *name = stream < 0 ? NULL : names[stream];
                struct job_log_row *rows;
                int n, k = 0;
                assert_int_equal(job_logs_list(tx, "job_3", from, limit, name, &rows, &n, e), 0);
                for (int64_t seq = from + 1; seq <= LINES && k < limit; seq++) {
                    if (stream >= 0 && seq % 3 != stream) continue;
                    assert_true(k < n);
                    assert_int_equal(rows[k].seq, seq);
                    assert_int_equal(rows[k].ts_us, seq - 50);
                    assert_string_equal(rows[k].stream, names[seq % 3]);
                    assert_string_equal(rows[k].text, texts[seq % TEXTS]);
                    k++;
                }
                assert_int_equal(n, k);
                job_logs_free(rows, n);
                assert_int_equal(job_logs_newest(tx, "job_3", from / 2, from, limit, name, &rows, &n, e), 0);
                k = n;
                for (int64_t seq = from - 1; seq > from / 2 && n - k < limit; seq--) {
                    if (stream >= 0 && seq % 3 != stream) continue;
                    assert_true(k > 0);
                    assert_int_equal(rows[--k].seq, seq);
                    assert_string_equal(rows[k].text, texts[seq % TEXTS]);
                }
                assert_int_equal(k, 0);
                job_logs_free(rows, n);
            }
        }
    }
    // They go whole.
    struct job_logs_cut cut;
    assert_int_equal(job_logs_cut(tx, "job_3", 1, 1, 100, &cut, e), 0);
    assert_int_equal(cut.begin, 14);
    assert_int_equal(cut.lines, 13);
}

static void log_lines_are_read_by_sequence_stream_and_end(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, logs);
    in_store(&t, log_chunks);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_lines_are_read_by_sequence_stream_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
