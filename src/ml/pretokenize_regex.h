// A Split pattern of a tokenizer.json, matched by PCRE2 (JIT where the system allows it).
//
// Hugging Face matches with Oniguruma. Where the two read a pattern differently it is rewritten (\s, \w and their
// opposites) or refused (\h, which is a hexadecimal digit to one and a blank to the other).
#ifndef HW_ML_PRETOKENIZE_REGEX_H
#define HW_ML_PRETOKENIZE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct regex;       // immutable, shared by threads
struct regex_match; // one thread's

// NULL with `e` filled (HW_EINVALID: not a pattern, HW_EUNSUPPORTED). `literal`: the text itself is looked for.
struct regex *regex_new(struct slice pattern, bool literal, struct err *e);
void regex_free(struct regex *r);

struct regex_match *regex_match_new(const struct regex *r);
void regex_match_free(struct regex_match *m);

// The next match in `text` (valid UTF-8) from *at on, an empty one right after the last match skipped as Oniguruma's
// callers do. 1: found, *start and *end say where and *at moves on; 0: none; negative: HW_EINVALID, the pattern needs
// too many steps on this text. Start each text with *at = 0 and *last_end = SIZE_MAX.
int regex_next(const struct regex *r, struct regex_match *m, struct slice text, size_t *at, size_t *last_end,
               size_t *start, size_t *end, struct err *e);

#endif
