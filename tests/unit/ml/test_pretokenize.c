// Cutting text into words: GPT-2's pattern, the behaviors of Split, and what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "ml/pretokenize.h"
#include "ml/pretokenize_gpt2.h"
#include "ml/pretokenize_regex.h"
#include "ml/unicode_classes.h"

// The words joined by '|'.
static void expect_gpt2(const uint8_t *classes, const char *text, const char *words)
{
    struct buf padded = BUF_INIT, got = BUF_INIT;
    buf_add_str(&padded, text);
    size_t n = padded.n;
    // What follows the text mustn't matter: letters are the worst it can be.
    memset(buf_reserve(&padded, GPT2_PADDING), 'x', GPT2_PADDING);
    const uint8_t *p = (const uint8_t *)padded.p, *end = p + n;
    while (p < end) {
        size_t len = gpt2_word(p, end, classes);
        assert_in_range(len, 1, (size_t)(end - p));
        assert_int_equal(len, gpt2_word_any(p, end, classes));
        if (got.n) buf_add_char(&got, '|');
        buf_add(&got, p, len);
        p += len;
    }
    assert_string_equal(buf_cstr(&got), words);
    buf_release(&padded);
    buf_release(&got);
}

static void gpt2_words(void **state)
{
    (void)state;
    uint8_t *c = unicode_classes_new();
    expect_gpt2(c, "Hello world", "Hello| world");
    expect_gpt2(c, "it's I'll we've you're I'm he'd don't", "it|'s| I|'ll| we|'ve| you|'re| I|'m| he|'d| don|'t");
    expect_gpt2(c, "IT'S 'tis '' 's 'x", "IT|'|S| '|tis| ''| '|s| '|x");
    expect_gpt2(c, "'l 'll 'v", "'|l| '|ll| '|v");
    expect_gpt2(c, "'ll", "'ll");
    expect_gpt2(c, "'l", "'|l");
    expect_gpt2(c, "x=1234567", "x|=|1234567");
    expect_gpt2(c, "a  b", "a| | b");
    expect_gpt2(c, "a \n b", "a| \n| b");
    expect_gpt2(c, "a\nb", "a|\n|b");
    expect_gpt2(c, "a\n\nb", "a|\n|\n|b");
    expect_gpt2(c, "a   ", "a|   ");
    expect_gpt2(c, " ", " ");
    expect_gpt2(c, " a", " a");
    expect_gpt2(c, "\t\t x", "\t\t| x");
    expect_gpt2(c, "counterrevolutionaries antidisestablishmentarianism",
                "counterrevolutionaries| antidisestablishmentarianism");
    expect_gpt2(c, "wörld über", "wörld| über");
    expect_gpt2(c, "你好 🙂🙂!", "你好| 🙂🙂!");
    expect_gpt2(c, "a\u00a0b \u3000c", "a|\u00a0|b| |\u3000|c");
    expect_gpt2(c, "x²³ ½", "x|²³| ½");
    expect_gpt2(c, "e\u0301", "e|\u0301");
    expect_gpt2(c, "a_b", "a|_|b");
    free(c);
}

static int join(void *ctx, struct slice piece, struct err *e)
{
    (void)e;
    struct buf *out = ctx;
    if (out->n) buf_add_char(out, '|');
    buf_add_slice(out, piece);
    return 0;
}

static void expect_steps(const char *json, const char *text, const char *pieces)
{
    struct err e = {0};
    json_t *v = json_read(slice_str(json), &e);
    assert_non_null(v);
    struct pretokenizer p;
    if (pretokenizer_read(&p, v, &e) != 0) fail_msg("%s: %s", json, e.message);
    struct pretokenize_state *s = pretokenize_state_new(&p);
    struct buf got = BUF_INIT;
    assert_int_equal(pretokenize_steps(&p, s, slice_str(text), join, &got, &e), 0);
    assert_string_equal(buf_cstr(&got), pieces);
    buf_release(&got);
    pretokenize_state_free(s);
    pretokenizer_release(&p);
    json_decref(v);
}

#define SEQUENCE(steps)                                                                                                \
    "{\"type\":\"Sequence\",\"pretokenizers\":[" steps ",{\"type\":\"ByteLevel\",\"use_regex\":false}]}"
#define SPLIT(pattern, behavior)                                                                                       \
    "{\"type\":\"Split\",\"pattern\":{" pattern "},\"behavior\":\"" behavior "\",\"invert\":false}"

static void split_behaviors(void **state)
{
    (void)state;
    const char *text = "the-final--countdown";
    expect_steps(SEQUENCE(SPLIT("\"String\":\"-\"", "Removed")), text, "the|final|countdown");
    expect_steps(SEQUENCE(SPLIT("\"String\":\"-\"", "Isolated")), text, "the|-|final|-|-|countdown");
    expect_steps(SEQUENCE(SPLIT("\"String\":\"-\"", "MergedWithPrevious")), text, "the-|final-|-|countdown");
    expect_steps(SEQUENCE(SPLIT("\"String\":\"-\"", "MergedWithNext")), text, "the|-final|-|-countdown");
    expect_steps(SEQUENCE(SPLIT("\"String\":\"-\"", "Contiguous")), text, "the|-|final|--|countdown");
    expect_steps(SEQUENCE("{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[a-z]+\"},\"behavior\":\"Removed\","
                          "\"invert\":true}"),
                 text, "the|final|countdown");
}

static void patterns_and_digits(void **state)
{
    (void)state;
    expect_steps(SEQUENCE(SPLIT("\"String\":\"a.c\"", "Isolated")), "abca.c", "abc|a.c");
    expect_steps(SEQUENCE("{\"type\":\"Digits\",\"individual_digits\":true}"), "a123b4", "a|1|2|3|b|4");
    expect_steps(SEQUENCE("{\"type\":\"Digits\",\"individual_digits\":false}"), "a123b4", "a|123|b|4");
    expect_steps(SEQUENCE(SPLIT("\"Regex\":\"l*\"", "Isolated")), "hello", "h|e|ll|o"); // an empty match cuts too
    // U+180E is white space to PCRE2's \s, not to Unicode or to Oniguruma.
    expect_steps(SEQUENCE(SPLIT("\"Regex\":\"\\\\s\"", "Isolated")), "a\u00a0b\u180ec", "a|\u00a0|b\u180ec");
    expect_steps(SEQUENCE(SPLIT("\"Regex\":\"[^\\\\w]\"", "Removed")), "e\u0301_x-y", "e\u0301_x|y");
    expect_steps(SEQUENCE(SPLIT("\"Regex\":\"^.\"", "Isolated")), "ab\ncd", "a|b\n|c|d");
    // The pattern of the Llama 3 and GPT-4 families.
    expect_steps(
        SEQUENCE(SPLIT("\"Regex\":\"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|"
                       "\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|"
                       "\\\\s+\"",
                       "Isolated")),
        "IT'S 12345 (ok)!\n\n  x  ", "IT|'S| |123|45| (|ok|)!\n\n| | x|  ");
}

static void gpt2_pattern_as_a_split_is_recognised(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *v = json_pack("{s:s, s:[{s:s, s:{s:s}, s:s, s:b}, {s:s, s:b, s:b}]}", "type", "Sequence", "pretokenizers",
                          "type", "Split", "pattern", "Regex", GPT2_PATTERN, "behavior", "Isolated", "invert", 0,
                          "type", "ByteLevel", "add_prefix_space", 0, "use_regex", 0);
    struct pretokenizer p;
    assert_int_equal(pretokenizer_read(&p, v, &e), 0);
    assert_int_equal(p.n, 0);
    assert_true(p.gpt2);
    pretokenizer_release(&p);
    json_decref(v);
}

static void what_is_refused_and_why(void **state)
{
    static const struct {
        const char *json;
        int code;
        const char *why;
    } cases[] = {
        {"null", HW_EUNSUPPORTED, "null"},
        {"3", HW_EINVALID, "must be an object"},
        {"{}", HW_EINVALID, "has no type"},
        {"{\"type\":\"Whitespace\"}", HW_EUNSUPPORTED, "Whitespace"},
        {"{\"type\":\"Metaspace\"}", HW_EUNSUPPORTED, "Metaspace"},
        {"{\"type\":\"ByteLevel\",\"use_regex\":1}", HW_EVALIDATION, "ByteLevel: use_regex"},
        {"{\"type\":\"Sequence\"}", HW_EINVALID, "pretokenizers must be an array"},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[]}", HW_EUNSUPPORTED, "no ByteLevel"},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"Digits\"}]}", HW_EUNSUPPORTED,
         "Sequence[1]: a step after ByteLevel (Digits)"},
        {SEQUENCE(SPLIT("\"Regex\":\"(\"", "Isolated")), HW_EINVALID,
         "Sequence[0]: Split: the pattern can't be compiled"},
        {SEQUENCE(SPLIT("\"Regex\":\"\\\\h\"", "Isolated")), HW_EUNSUPPORTED, "\\h"},
        {SEQUENCE(SPLIT("\"Regex\":\"[a&&b]\"", "Isolated")), HW_EUNSUPPORTED, "&&"},
        {SEQUENCE(SPLIT("\"Regex\":\"[[a]b]\"", "Isolated")), HW_EUNSUPPORTED, "set within"},
        {SEQUENCE(SPLIT("\"Word\":\"x\"", "Isolated")), HW_EINVALID, "pattern must be"},
        {SEQUENCE(SPLIT("\"String\":\"x\"", "Sideways")), HW_EINVALID, "behavior is Sideways"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        json_t *v = json_read(slice_str(cases[i].json), &e);
        assert_non_null(v);
        struct pretokenizer p;
        int rc = pretokenizer_read(&p, v, &e);
        if (rc != cases[i].code || !strstr(e.message, cases[i].why))
            fail_msg("%s: %d \"%s\"", cases[i].json, rc, e.message);
        assert_non_null(strstr(e.message, "pre_tokenizer"));
        pretokenizer_release(&p);
        json_decref(v);
    }
}

static void a_pattern_that_explodes_is_given_up_on(void **state)
{
    (void)state;
    struct err e = {0};
    struct regex *r = regex_new(SLICE_LIT("(?:(?:a|aa)+)+$(?<=b)"), false, &e);
    assert_non_null(r);
    struct regex_match *m = regex_match_new(r);
    char text[200];
    memset(text, 'a', sizeof text);
    size_t at = 0, last = SIZE_MAX, start, end;
    int rc = regex_next(r, m, slice_of(text, sizeof text), &at, &last, &start, &end, &e);
    assert_int_equal(rc, HW_EINVALID);
    assert_non_null(strstr(e.message, "gave up"));
    regex_match_free(m);
    regex_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt2_words),
        cmocka_unit_test(split_behaviors),
        cmocka_unit_test(patterns_and_digits),
        cmocka_unit_test(gpt2_pattern_as_a_split_is_recognised),
        cmocka_unit_test(what_is_refused_and_why),
        cmocka_unit_test(a_pattern_that_explodes_is_given_up_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
