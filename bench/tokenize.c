// How fast text becomes ids: the encoder alone, in CPU time, on the sample corpus. Recorded in bench/tokenize.md.
//
//     bench/tokenize [TOKENIZER [CORPUS]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "ml/bpe.h"
#include "ml/bpe_reference.h"

enum { ROUNDS = 9 };

static double cpu_seconds(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) return 0;
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct texts {
    struct buf bytes;
    size_t *ends;
    size_t n, cap;
};

enum { LINE_MAX_BYTES = 16 << 20 };

static void add_text(struct texts *t, const json_t *text)
{
    buf_add(&t->bytes, json_string_value(text), json_string_length(text));
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1024;
        t->ends = mem_realloc_array(t->ends, t->cap, sizeof *t->ends);
    }
    t->ends[t->n++] = t->bytes.n;
}

// The member "text" of every line; gzip or not.
static int read_texts(const char *path, struct texts *t, struct err *e)
{
    gzFile in = gzopen(path, "rb");
    if (!in) return err_set(e, HW_EIO, "can't open %s", path);
    char *line = mem_alloc(LINE_MAX_BYTES);
    int rc = 0;
    while (!rc && gzgets(in, line, LINE_MAX_BYTES)) {
        json_t *v = json_read_object(slice_str(line), e);
        const json_t *text = json_object_get(v, "text");
        if (json_is_string(text))
            add_text(t, text);
        else
            rc = err_set(e, HW_EINVALID, "%s: document %zu has no text", path, t->n + 1);
        json_decref(v);
    }
    free(line);
    gzclose(in);
    return rc;
}

static double encode_all(const struct bpe *b, struct bpe_encoder *enc, const struct texts *t, struct bpe_ids *ids,
                         struct err *e)
{
    double start = cpu_seconds();
    ids->n = 0;
    for (size_t i = 0, from = 0; i < t->n; from = t->ends[i++]) {
        struct slice text = slice_of(t->bytes.p + from, t->ends[i] - from);
        int rc = enc ? bpe_encode(enc, text, ids, e) : bpe_reference_encode(b, text, ids, e);
        if (rc) return -1;
    }
    return cpu_seconds() - start;
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static int run(const struct bpe *b, const struct texts *t, struct err *e)
{
    struct bpe_ids ids = {0};
    double cold[ROUNDS], warm[ROUNDS], megabytes = (double)t->bytes.n / 1e6;
    bool ok = true;
    for (int i = 0; i < ROUNDS; i++) {
        struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
        cold[i] = encode_all(b, enc, t, &ids, e);
        warm[i] = encode_all(b, enc, t, &ids, e);
        ok = ok && cold[i] > 0 && warm[i] > 0;
        bpe_encoder_free(enc);
    }
    qsort(cold, ROUNDS, sizeof *cold, by_size);
    qsort(warm, ROUNDS, sizeof *warm, by_size);
    double reference = encode_all(b, NULL, t, &ids, e);
    ok = ok && reference > 0;
    if (ok)
        printf("%zu documents, %.2f MB, %zu ids; median of %d, per CPU second:\n"
               "  empty cache      %7.1f MB/s\n  filled cache     %7.1f MB/s\n  textbook version %7.1f MB/s (once)\n",
               t->n, megabytes, ids.n, ROUNDS, megabytes / cold[ROUNDS / 2], megabytes / warm[ROUNDS / 2],
               megabytes / reference);
    bpe_ids_release(&ids);
    return ok ? 0 : e->code;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct texts t = {0};
    double start = cpu_seconds();
    struct bpe *b = bpe_open(argc > 1 ? argv[1] : "sample/model/tokenizer.json", &e);
    double load = cpu_seconds() - start;
    int rc = b ? read_texts(argc > 2 ? argv[2] : "sample/corpus/kjv.jsonl.gz", &t, &e) : e.code;
    if (!rc) printf("tokenizer.json read in %.1f ms\n", load * 1e3);
    if (!rc) rc = run(b, &t, &e);
    if (rc) fprintf(stderr, "%s\n", e.message);
    buf_release(&t.bytes);
    free(t.ends);
    bpe_free(b);
    return rc ? 1 : 0;
}
