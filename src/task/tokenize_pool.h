// Encoding batches of a corpus on several threads, results in the order in which they went in.
//
// One thread (the owner) puts batches in and takes results out; the pool's threads only ever touch a batch between the
// two.
#ifndef HW_TASK_TOKENIZE_POOL_H
#define HW_TASK_TOKENIZE_POOL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ml/bpe.h"
#include "task/corpus.h"

struct token_batch {
    // in
    struct buf lines; // whole lines of the corpus
    int64_t position; // bytes of the file used up to their end
    // out
    struct bpe_ids ids;     // of all documents, separators included
    struct bpe_ids lengths; // ids of each document, its separator included
    struct bpe_ids bytes;   // of each document's text
    int64_t lines_taken;    // on an error the bad line, from 1
    struct err err;         // code 0: whole
};

struct token_pool_config {
    const struct bpe *bpe;
    enum corpus_format format;
    const char *text_field;
    int64_t separator; // -1: none
    int threads;       // at least 1
    const atomic_int *stop;
};

struct token_pool;

// Starts the threads; NULL with HW_EIO if the system has none to give. Everything in the config is borrowed.
struct token_pool *token_pool_new(const struct token_pool_config *config, struct err *e);
// Waits for the batches that are being encoded (the stop flag cuts that short) and joins the threads.
void token_pool_free(struct token_pool *p);

// A batch whose `lines` are to be filled, NULL while all are in use; nothing is taken until it is submitted.
struct token_batch *token_pool_take_empty(struct token_pool *p);
void token_pool_submit(struct token_pool *p, struct token_batch *b);

// The result of the batch that was submitted first; blocks until it is there. NULL if none is under way. Give it back
// before the next call.
struct token_batch *token_pool_wait(struct token_pool *p);
void token_pool_give_back(struct token_pool *p, struct token_batch *b);

// Encodes the batch with the caller's encoder: what the pool's threads do.
void token_batch_encode(struct token_batch *b, const struct token_pool_config *config, struct bpe_encoder *enc,
                        struct buf *scratch);
void token_batch_release(struct token_batch *b);

#endif
