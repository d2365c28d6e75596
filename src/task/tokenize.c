// The job `tokenize`: a corpus of text to shards of token ids. The main thread reads and writes, a pool encodes; what
// is in memory is bounded by the number of threads, whatever the size of the corpus.
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ml/bpe_reference.h"
#include "task/document_lengths.h"
#include "task/task.h"
#include "task/tokenize_output.h"
#include "task/tokenize_params.h"
#include "task/tokenize_pool.h"

enum {
    PHASES = 6,
    BATCH_BYTES = 256 << 10,
    SAMPLE_DOCUMENTS = 32,    // compared with the textbook tokenizer,
    SAMPLE_TEXT_MAX = 4 << 10 // if they are no longer than this: it is slow on long words
};

struct run {
    struct task *task;
    struct tokenize_params params;
    struct bpe *bpe;
    struct corpus *corpus;
    struct token_pool *pool;
    struct token_output *output;
    struct document_lengths *lengths;
    int64_t separator;
    struct token_batch sample; // the first lines of the corpus
    int64_t sample_packed;     // bytes of the file that they came from
    int64_t lines;             // of the batches written
    int64_t bytes_in;          // of the text of the documents written
    char sha256[SHA256_HEX_SIZE];
};

static int stopped(const struct run *r, struct err *e)
{
    return task_stopping(r->task) ? err_set(e, HW_ECANCELLED, "stopped on request") : 0;
}

static struct token_pool_config pool_config(const struct run *r)
{
    return (struct token_pool_config){.bpe = r->bpe,
                                      .format = corpus_format(r->corpus),
                                      .text_field = r->params.text_field,
                                      .separator = r->separator,
                                      .threads = r->params.threads,
                                      .stop = r->task->stop};
}

static int open_corpus(struct run *r, struct err *e)
{
    corpus_free(r->corpus);
    r->corpus = corpus_open(r->params.input_path, r->params.format, e);
    return r->corpus ? 0 : e->code;
}

// Proves that the file can be read, and keeps its first lines for the sampling.
static int load(struct run *r, struct err *e)
{
    wire_phase(r->task->out, "loading", 1, PHASES, 0, 10);
    wire_progress(r->task->out, 0, 1, "files", NULL);
    int rc = open_corpus(r, e);
    if (!rc) rc = corpus_read(r->corpus, BATCH_BYTES, &r->sample.lines, e);
    if (rc < 0) return rc;
    r->sample_packed = corpus_done(r->corpus);
    wire_progress(r->task->out, 1, 1, "files", NULL);
    return stopped(r, e);
}

static int load_tokenizer(struct run *r, struct err *e)
{
    wire_phase(r->task->out, "tokenizer", 2, PHASES, 10, 20);
    wire_progress(r->task->out, 0, 1, "files", NULL);
    r->bpe = bpe_open(r->params.tokenizer_path, e);
    if (!r->bpe) return e->code;
    int rc = tokenize_params_separator(&r->params, r->bpe, &r->separator, e);
    if (rc) return rc;
    wire_progress(r->task->out, 1, 1, "files", NULL);
    return stopped(r, e);
}

// Where the line of an error is: batches before this one, then within it.
static int at_line(const struct run *r, const struct token_batch *b, struct err *e)
{
    *e = b->err;
    if (b->err.code != HW_ECANCELLED)
        // NOLINTNEXTLINE(bugprone-misplaced-widening-cast): long is 64 bits here
        err_prefix(e, "%s: line %lld", r->params.input_path, (long long)(r->lines + b->lines_taken));
    return b->err.code;
}

// The first documents once more with the textbook tokenizer: ids that are wrong are worse than no ids.
static int compare_with_reference(struct run *r, struct err *e)
{
    struct slice rest = buf_slice(&r->sample.lines), text;
    struct buf scratch = BUF_INIT;
    struct bpe_ids ids = {0};
    size_t from = 0;
    int64_t line = 0;
    int rc = 0;
    size_t n = r->sample.lengths.n < SAMPLE_DOCUMENTS ? r->sample.lengths.n : SAMPLE_DOCUMENTS;
    for (size_t i = 0; !rc && i < n; i++) {
        rc = corpus_next(&rest, corpus_format(r->corpus), slice_str(r->params.text_field), &scratch, &line, &text, e);
        if (rc <= 0) break;
        rc = stopped(r, e);
        ids.n = 0;
        if (r->separator >= 0) bpe_ids_add(&ids, (uint32_t)r->separator);
        bool compared = !rc && text.n <= SAMPLE_TEXT_MAX;
        if (compared) rc = bpe_reference_encode(r->bpe, text, &ids, e);
        bool same = !compared || (ids.n == r->sample.lengths.p[i] &&
                                  (ids.n == 0 || memcmp(ids.p, r->sample.ids.p + from, ids.n * sizeof *ids.p) == 0));
        if (!rc && !same)
            rc = err_set(e, HW_EINTERNAL, "%s: line %lld: the two tokenizers disagree", r->params.input_path,
                         (long long)line);
        from += r->sample.lengths.p[i];
        wire_progress(r->task->out, (int64_t)i + 1, (int64_t)n, "documents", NULL);
    }
    bpe_ids_release(&ids);
    buf_release(&scratch);
    return rc;
}

// Refuses early what can't fit on the disk: the sample tells how many bytes of ids a byte of the file makes.
static int check_room(const struct run *r, struct err *e)
{
    double whole = (double)corpus_size(r->corpus) / (double)(r->sample_packed > 0 ? r->sample_packed : 1);
    double documents = whole * (double)r->sample.lengths.n;
    if (r->params.max_documents && documents > (double)r->params.max_documents)
        whole *= (double)r->params.max_documents / documents;
    double need = whole * (double)(r->sample.ids.n * 4 + r->sample.lengths.n * 8);
    wire_log(r->task->out, "info", "about %.0f documents and %.0f tokens, %.1f MB", documents,
             whole * (double)r->sample.ids.n, need / 1e6);
    struct statvfs fs;
    // The output folder doesn't exist yet; its temporary one was made beside it.
    char *tmp = mem_printf("%s.tmp", r->params.output_dir);
    int rc = 0;
    if (statvfs(tmp, &fs) == 0) {
        double room = (double)fs.f_bavail * (double)fs.f_frsize;
        // An estimate: only what is hopeless is refused, the rest is found out by writing.
        if (need * 0.8 > room)
            rc = err_field(e, HW_EDISKFULL, "output_dir", "about %.0f MB are needed at %s and %.0f MB are free",
                           need / 1e6, r->params.output_dir, room / 1e6);
    }
    free(tmp);
    return rc;
}

static int sample(struct run *r, struct err *e)
{
    wire_phase(r->task->out, "sampling", 3, PHASES, 20, 40);
    struct token_pool_config config = pool_config(r);
    struct bpe_encoder *enc = bpe_encoder_new(r->bpe, r->task->stop);
    struct buf scratch = BUF_INIT;
    token_batch_encode(&r->sample, &config, enc, &scratch);
    buf_release(&scratch);
    bpe_encoder_free(enc);
    // A bad line matters only if it is wanted.
    bool enough = r->params.max_documents && (int64_t)r->sample.lengths.n >= r->params.max_documents;
    if (r->sample.err.code && !enough) return at_line(r, &r->sample, e);
    int rc = compare_with_reference(r, e);
    if (!rc) rc = check_room(r, e);
    return rc;
}

// Writes what a batch holds, up to max_documents.
static int write_batch(struct run *r, struct token_batch *b, struct err *e)
{
    size_t n = b->lengths.n, from = 0;
    uint64_t have = token_output_documents(r->output), max = (uint64_t)r->params.max_documents;
    bool last = max && max - have <= n;
    if (last) n = (size_t)(max - have);
    for (size_t i = 0; i < n; i++) {
        int rc = token_output_document(r->output, e);
        if (!rc) rc = token_output_add(r->output, b->ids.p + from, b->lengths.p[i], e);
        if (rc) return rc;
        from += b->lengths.p[i];
        document_lengths_add(r->lengths, b->lengths.p[i]);
        r->bytes_in += b->bytes.p[i];
    }
    if (!last && b->err.code) return at_line(r, b, e);
    r->lines += b->lines_taken;
    return 0;
}

static bool has_enough(const struct run *r)
{
    return r->params.max_documents && token_output_documents(r->output) >= (uint64_t)r->params.max_documents;
}

static int encode_all(struct run *r, struct err *e)
{
    bool ended = false;
    int rc = 0;
    while (!rc && !has_enough(r)) {
        struct token_batch *b;
        while (!rc && !ended && (b = token_pool_take_empty(r->pool))) {
            int got = corpus_read(r->corpus, BATCH_BYTES, &b->lines, e);
            if (got < 0) rc = got;
            if (got <= 0) ended = true;
            b->position = corpus_done(r->corpus);
            if (got > 0) token_pool_submit(r->pool, b);
        }
        // A damaged file's good part is looked at first: a bad line in it is the earlier fault.
        struct err later = rc ? *e : (struct err){0};
        int read_rc = rc;
        rc = 0;
        do {
            b = token_pool_wait(r->pool);
            if (!b) break;
            rc = write_batch(r, b, e);
            if (b->position < corpus_size(r->corpus))
                wire_progress(r->task->out, b->position, corpus_size(r->corpus), "bytes", NULL);
            token_pool_give_back(r->pool, b);
        } while (!rc && read_rc && !has_enough(r));
        if (!rc && read_rc && !has_enough(r)) {
            *e = later;
            rc = read_rc;
        }
        if (!rc) rc = stopped(r, e);
        if (!b) break;
    }
    if (!rc) wire_progress(r->task->out, corpus_size(r->corpus), corpus_size(r->corpus), "bytes", NULL);
    return rc;
}

static int encode(struct run *r, struct err *e)
{
    wire_phase(r->task->out, "encoding", 4, PHASES, 40, 80);
    int rc = open_corpus(r, e);
    if (rc) return rc;
    struct token_pool_config config = pool_config(r);
    r->pool = token_pool_new(&config, e);
    return r->pool ? encode_all(r, e) : e->code;
}

static int report(void *ctx, int64_t done, int64_t total)
{
    struct run *r = ctx;
    wire_progress(r->task->out, done, total, "bytes", NULL);
    return task_stopping(r->task) ? HW_ECANCELLED : 0;
}

static int report_files(void *ctx, int64_t done, int64_t total)
{
    struct run *r = ctx;
    wire_progress(r->task->out, done, total, "files", NULL);
    return task_stopping(r->task) ? HW_ECANCELLED : 0;
}

static void write_result(const struct run *r, int64_t started_us)
{
    double seconds = (double)(clock_mono_us() - started_us) / 1e6;
    json_t *v = json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:s, s:s, s:o*}", "tokens",
                          (json_int_t)token_output_tokens(r->output), "documents",
                          (json_int_t)token_output_documents(r->output), "vocab_size",
                          (json_int_t)bpe_vocab_size(r->bpe), "bytes_in", (json_int_t)r->bytes_in, "seconds", seconds,
                          "bytes_per_second", seconds > 0 ? (double)r->bytes_in / seconds : 0.0, "sha256", r->sha256,
                          "tokens_path", r->params.output_dir, "document_lengths", document_lengths_json(r->lengths));
    if (v) wire_result(r->task->out, v);
    json_decref(v);
}

static int run_phases(struct run *r, struct err *e)
{
    int64_t started = clock_mono_us();
    int rc = tokenize_params_read(r->task->params, &r->params, e);
    if (!rc) rc = load(r, e);
    if (!rc) rc = load_tokenizer(r, e);
    if (rc) return rc;
    r->output = token_output_new(r->params.output_dir, r->params.shard_tokens, e);
    rc = r->output ? sample(r, e) : e->code;
    if (!rc) rc = encode(r, e);
    if (rc) return rc;
    wire_phase(r->task->out, "writing", 5, PHASES, 80, 95);
    rc = token_output_finish(r->output, bpe_vocab_size(r->bpe), r->separator, r->sha256, report_files, r, e);
    if (rc) return rc;
    wire_phase(r->task->out, "verifying", 6, PHASES, 95, 100);
    rc = token_output_verify(r->output, report, r, e);
    if (!rc) rc = token_output_commit(r->output, e);
    if (!rc) write_result(r, started);
    return rc;
}

int task_tokenize(struct task *t, struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    struct run r = {.task = t};
    r.lengths = document_lengths_new();
    int rc = run_phases(&r, e);
    document_lengths_free(r.lengths);
    token_pool_free(r.pool);
    token_output_free(r.output);
    token_batch_release(&r.sample);
    corpus_free(r.corpus);
    bpe_free(r.bpe);
    return rc;
}
