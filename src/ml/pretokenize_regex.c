#include "ml/pretokenize_regex.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    PATTERN_MAX = 1 << 16,
    JIT_STACK_MIN = 32 << 10,
    JIT_STACK_MAX = 8 << 20,
    MATCH_LIMIT = 10 * 1000 * 1000, // steps in one match; patterns that tokenizers use need a few a character
    HEAP_LIMIT_KIB = 64 << 10,
};

struct regex {
    pcre2_code *code;
};

struct regex_match {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

// What Oniguruma means by \s and \w in Unicode text; PCRE2's own differ by U+180E, by marks and by connectors.
#define SPACE_SET "\\p{White_Space}"
#define WORD_SET  "\\p{L}\\p{M}\\p{Nd}\\p{Pc}"

static int translate_escape(char c, bool in_class, struct buf *out, struct err *e)
{
    switch (c) {
    case 's': buf_add_str(out, SPACE_SET); return 0;
    case 'S': buf_add_str(out, "\\P{White_Space}"); return 0;
    case 'w': buf_add_str(out, in_class ? WORD_SET : "[" WORD_SET "]"); return 0;
    case 'W':
        if (in_class) return err_set(e, HW_EUNSUPPORTED, "\\W inside [ ] is not supported");
        buf_add_str(out, "[^" WORD_SET "]");
        return 0;
    case 'h':
    case 'H':
    case 'b':
    case 'B':
        if (in_class && c == 'b') break; // a backspace to both
        return err_set(e, HW_EUNSUPPORTED, "\\%c is not supported in a pattern", c);
    default: break;
    }
    buf_add_char(out, '\\');
    buf_add_char(out, c);
    return 0;
}

// The pattern in PCRE2's dialect.
static int translate(struct slice pattern, struct buf *out, struct err *e)
{
    size_t depth = 0; // of [ ]: PCRE2 knows no sets within sets
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '\\' && i + 1 < pattern.n) {
            int rc = translate_escape(pattern.p[++i], depth > 0, out, e);
            if (rc) return rc;
            continue;
        }
        bool posix = depth && c == '[' && i + 1 < pattern.n && pattern.p[i + 1] == ':';
        if (depth && c == '&' && i + 1 < pattern.n && pattern.p[i + 1] == '&')
            return err_set(e, HW_EUNSUPPORTED, "the intersection && of character sets is not supported");
        if (posix) {
            // "[:alpha:]" goes through whole.
            while (i < pattern.n && pattern.p[i] != ']') buf_add_char(out, pattern.p[i++]);
            if (i == pattern.n) break;
        } else if (c == '[') {
            if (depth) return err_set(e, HW_EUNSUPPORTED, "a character set within a character set is not supported");
            depth++;
            buf_add_char(out, c);
            // "[]" and "[^]" hold a bracket: it doesn't end the set.
            if (i + 1 < pattern.n && pattern.p[i + 1] == '^') buf_add_char(out, pattern.p[++i]);
            if (i + 1 < pattern.n && pattern.p[i + 1] == ']') {
                buf_add_str(out, "\\]");
                i++;
            }
            continue;
        } else if (c == ']' && depth) {
            depth--;
        }
        buf_add_char(out, pattern.p[i]);
    }
    return 0;
}

static void quote(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c & 0x80);
        if (!plain) buf_add_char(out, '\\');
        buf_add_char(out, c);
    }
}

static pcre2_code *compile(struct slice pattern, struct err *e)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) mem_exhausted(sizeof(void *));
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    pcre2_set_max_pattern_length(context, PATTERN_MAX);
    int code = 0;
    size_t offset = 0;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)(pattern.n ? pattern.p : ""), pattern.n,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!compiled) {
        PCRE2_UCHAR text[128] = "";
        pcre2_get_error_message(code, text, sizeof text);
        err_set(e, HW_EINVALID, "the pattern can't be compiled: %s (at byte %zu of \"%.*s\")", (const char *)text,
                offset, pattern.n > 120 ? 120 : (int)pattern.n, pattern.n ? pattern.p : "");
        return NULL;
    }
    // Where the system forbids writable code the interpreter does the matching, with the same result.
    if (pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE) != 0) return compiled;
    return compiled;
}

struct regex *regex_new(struct slice pattern, bool literal, struct err *e)
{
    if (pattern.n > PATTERN_MAX) {
        err_set(e, HW_ETOOBIG, "the pattern is longer than %d bytes", PATTERN_MAX);
        return NULL;
    }
    struct buf text = BUF_INIT;
    int rc = 0;
    if (literal)
        quote(pattern, &text);
    else
        rc = translate(pattern, &text, e);
    pcre2_code *code = rc ? NULL : compile(buf_slice(&text), e);
    buf_release(&text);
    if (!code) return NULL;
    struct regex *r = mem_zalloc(sizeof *r);
    r->code = code;
    return r;
}

void regex_free(struct regex *r)
{
    if (!r) return;
    pcre2_code_free(r->code);
    free(r);
}

struct regex_match *regex_match_new(const struct regex *r)
{
    struct regex_match *m = mem_zalloc(sizeof *m);
    m->data = pcre2_match_data_create_from_pattern(r->code, NULL);
    m->context = pcre2_match_context_create(NULL);
    m->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (!m->data || !m->context) mem_exhausted(sizeof *m);
    pcre2_set_match_limit(m->context, MATCH_LIMIT);
    pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
    if (m->stack) pcre2_jit_stack_assign(m->context, NULL, m->stack);
    return m;
}

void regex_match_free(struct regex_match *m)
{
    if (!m) return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_jit_stack_free(m->stack);
    free(m);
}

int regex_next(const struct regex *r, struct regex_match *m, struct slice text, size_t *at, size_t *last_end,
               size_t *start, size_t *end, struct err *e)
{
    while (*at <= text.n) {
        int rc = pcre2_match(r->code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, *at, PCRE2_NO_UTF_CHECK, m->data,
                             m->context);
        if (rc == PCRE2_ERROR_NOMATCH) return 0;
        if (rc < 0) {
            PCRE2_UCHAR why[128] = "";
            pcre2_get_error_message(rc, why, sizeof why);
            return err_set(e, HW_EINVALID, "the pre-tokenizer's pattern gave up on this text: %s", (const char *)why);
        }
        const size_t *where = pcre2_get_ovector_pointer(m->data);
        // \K inside a lookahead can put the start behind the end: such a match is taken as an empty one.
        size_t s = where[0] < where[1] ? where[0] : where[1], n = where[1];
        if (s < *at) s = *at;
        if (n < s) n = s;
        if (s == n && n == *last_end) {
            do ++*at;
            while (*at < text.n && ((uint8_t)text.p[*at] & 0xC0) == 0x80);
            continue;
        }
        *start = s;
        *end = *at = *last_end = n;
        return 1;
    }
    return 0;
}
