// The pre_tokenizer of a tokenizer.json: cuts text into the words within which merges happen.
//
// Any number of Split and Digits steps, then ByteLevel, which may put a blank before the text and split by GPT-2's
// pattern.
#ifndef HW_ML_PRETOKENIZE_H
#define HW_ML_PRETOKENIZE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "ml/pretokenize_regex.h"

enum { PRETOKENIZE_STEPS = 16 };

// What becomes of the matches of a Split step.
enum split_behavior { SPLIT_ISOLATED, SPLIT_REMOVED, SPLIT_CONTIGUOUS, SPLIT_WITH_PREVIOUS, SPLIT_WITH_NEXT };

struct pretokenize_step {
    struct regex *pattern;
    enum split_behavior behavior;
    bool invert; // what lies between the matches is taken for the matches
};

struct pretokenizer {
    struct pretokenize_step steps[PRETOKENIZE_STEPS];
    int n;
    bool add_prefix_space; // a blank before every piece that the steps leave and that doesn't start with one
    bool gpt2;             // then GPT-2's pattern
};

// Reads the JSON value; HW_EINVALID or HW_EUNSUPPORTED names the part. Release in either case.
int pretokenizer_read(struct pretokenizer *p, const json_t *v, struct err *e);
void pretokenizer_release(struct pretokenizer *p);

// One thread's scratch memory for the steps.
struct pretokenize_state;
struct pretokenize_state *pretokenize_state_new(const struct pretokenizer *p);
void pretokenize_state_free(struct pretokenize_state *s);

// Called for every piece in order, never an empty one; anything but 0 ends the splitting and is returned.
typedef int pretokenize_piece(void *ctx, struct slice piece, struct err *e);

// Runs the steps (not the ByteLevel part) over valid UTF-8.
int pretokenize_steps(const struct pretokenizer *p, struct pretokenize_state *s, struct slice text,
                      pretokenize_piece *piece, void *ctx, struct err *e);

#endif
