// The tokenizer: ids that Hugging Face's own gives, the fast one against the textbook one, added tokens, malformed
// files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "ml/bpe.h"
#include "ml/bpe_reference.h"

#define TOKENIZER "sample/model/tokenizer.json"

static struct bpe *open_sample(void)
{
    struct err e = {0};
    struct bpe *b = bpe_open(TOKENIZER, &e);
    if (!b) fail_msg("%s", e.message);
    return b;
}

static json_t *sample_json(void)
{
    struct err e = {0};
    struct buf text = BUF_INIT;
    assert_int_equal(file_read(TOKENIZER, 1 << 24, &text, &e), 0);
    json_t *v = json_read_object(buf_slice(&text), &e);
    assert_non_null(v);
    buf_release(&text);
    return v;
}

static struct bpe *read_json(const json_t *v, struct err *e)
{
    char *text = json_dumps(v, JSON_COMPACT);
    struct bpe *b = bpe_read(slice_str(text), e);
    free(text);
    return b;
}

static void expect_same(const struct bpe *b, struct bpe_encoder *enc, struct slice text)
{
    struct bpe_ids fast = {0}, slow = {0};
    struct err e = {0};
    assert_int_equal(bpe_encode(enc, text, &fast, &e), 0);
    assert_int_equal(bpe_reference_encode(b, text, &slow, &e), 0);
    if (fast.n != slow.n || (fast.n && memcmp(fast.p, slow.p, fast.n * sizeof *fast.p) != 0))
        fail_msg("the two tokenizers disagree on \"%.*s\"", SLICE_FMT(text));
    bpe_ids_release(&fast);
    bpe_ids_release(&slow);
}

static void the_reference_string_has_the_reference_ids(void **state)
{
    static const uint32_t wanted[] = {33,  479, 574, 112, 45, 33,  266, 196, 183, 115, 323, 34, 33,  229, 190,
                                      161, 230, 166, 190, 33, 241, 160, 154, 131, 11,  11,  10, 121, 62,  50,
                                      51,  52,  53,  54,  55, 56,  354, 500, 195, 161, 484, 33, 33};
    (void)state;
    struct bpe *b = open_sample();
    struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
    struct bpe_ids ids = {0};
    struct err e = {0};
    struct slice text = SLICE_LIT("  Hello,  wörld! 你好 🙂\n\n\tx=1234567 it's\u00a0ok  ");
    for (int again = 0; again < 2; again++) { // merged, then from the cache
        ids.n = 0;
        assert_int_equal(bpe_encode(enc, text, &ids, &e), 0);
        assert_int_equal(ids.n, sizeof wanted / sizeof *wanted);
        assert_memory_equal(ids.p, wanted, sizeof wanted);
    }
    ids.n = 0;
    assert_int_equal(bpe_reference_encode(b, text, &ids, &e), 0);
    assert_int_equal(ids.n, sizeof wanted / sizeof *wanted);
    assert_memory_equal(ids.p, wanted, sizeof wanted);
    assert_int_equal(bpe_vocab_size(b), 4096);
    assert_int_equal(bpe_id(b, "<|endoftext|>"), 0);
    assert_int_equal(bpe_id(b, "no such token"), -1);
    bpe_ids_release(&ids);
    bpe_encoder_free(enc);
    bpe_free(b);
}

static void the_corpus_has_the_reference_digest_and_both_tokenizers_agree(void **state)
{
    (void)state;
    struct bpe *b = open_sample();
    struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
    struct bpe_ids ids = {0};
    struct err e = {0};
    gzFile in = gzopen("sample/corpus/kjv.jsonl.gz", "rb");
    assert_non_null(in);
    char *line = mem_alloc(1 << 20);
    while (gzgets(in, line, 1 << 20)) {
        json_t *v = json_read_object(slice_str(line), &e);
        const json_t *text = json_object_get(v, "text");
        struct slice s = slice_of(json_string_value(text), json_string_length(text));
        expect_same(b, enc, s);
        bpe_ids_add(&ids, 0);
        assert_int_equal(bpe_encode(enc, s, &ids, &e), 0);
        json_decref(v);
    }
    gzclose(in);
    free(line);
    struct sha256 sha;
    char hex[SHA256_HEX_SIZE];
    sha256_init(&sha);
    for (size_t i = 0; i < ids.n; i++) {
        uint8_t le[4] = {(uint8_t)ids.p[i], (uint8_t)(ids.p[i] >> 8), (uint8_t)(ids.p[i] >> 16),
                         (uint8_t)(ids.p[i] >> 24)};
        sha256_add(&sha, le, 4);
    }
    sha256_end_hex(&sha, hex);
    assert_int_equal(ids.n, 1036491);
    assert_string_equal(hex, "c1af9389c6f32083733f6d27eee4da2bd7f9528ca316843d314ada85aa656aea");
    bpe_ids_release(&ids);
    bpe_encoder_free(enc);
    bpe_free(b);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

// Text of every kind of character, in runs, as the patterns like it least.
static void random_text(uint32_t *seed, struct buf *out)
{
    static const char *const atoms[] = {"a",           "the",     "Z",
                                        " ",           "  ",      "\n",
                                        "\t",          "'",       "'s",
                                        "'ll",         "9",       "12",
                                        ".",           "--",      "é",
                                        "ß",           "你",      "🙂",
                                        "\u00a0",      "\u3000",  "٣",
                                        "½",           "\u0301",  "<|endoftext|>",
                                        "<|endoftext", "believe", "unrighteousness",
                                        "\r\n",        "_",       "Ж",
                                        "\u180e"};
    buf_clear(out);
    size_t n = next_random(seed) % 40;
    for (size_t i = 0; i < n; i++) {
        const char *atom = atoms[next_random(seed) % (sizeof atoms / sizeof *atoms)];
        size_t times = next_random(seed) % 8 == 0 ? next_random(seed) % 40 : 1;
        while (times-- > 0) buf_add_str(out, atom);
    }
}

// The pattern of the Llama 3 and GPT-4 families.
#define LLAMA                                                                                                          \
    "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"                            \
    "\"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}|"                            \
    " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"},"                          \
    "\"behavior\":\"Isolated\",\"invert\":false},"                                                                     \
    "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]}"
#define DIGITS                                                                                                         \
    "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":true},"                      \
    "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}]}"

// The sample's vocabulary with another pre-tokenizer, more added tokens and whole words taken first.
static struct bpe *other_tokenizer(int which)
{
    static const char *const pre[] = {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", LLAMA, DIGITS};
    struct err e = {0};
    json_t *v = sample_json(), *p = json_read(slice_str(pre[which]), &e);
    assert_non_null(p);
    json_object_set_new(v, "pre_tokenizer", p);
    json_object_set_new(json_object_get(v, "model"), "ignore_merges", json_boolean(which == 1));
    json_t *added = json_object_get(v, "added_tokens");
    json_array_append_new(added, json_pack("{s:i, s:s, s:b, s:b, s:b, s:b}", "id", 4096, "content", "the",
                                           "single_word", 1, "lstrip", 1, "rstrip", 1, "normalized", 1));
    json_array_append_new(added,
                          json_pack("{s:i, s:s, s:b, s:b}", "id", 4097, "content", "--", "rstrip", 1, "normalized", 0));
    json_array_append_new(
        added, json_pack("{s:i, s:s, s:b, s:b}", "id", 4098, "content", "-- --", "lstrip", 1, "normalized", 0));
    struct bpe *b = read_json(v, &e);
    if (!b) fail_msg("%s", e.message);
    assert_int_equal(bpe_vocab_size(b), 4099);
    json_decref(v);
    return b;
}

static void random_text_gets_the_same_ids_from_both_tokenizers(void **state)
{
    (void)state;
    uint32_t seed = 20261123;
    for (int which = -1; which < 3; which++) {
        struct bpe *b = which < 0 ? open_sample() : other_tokenizer(which);
        struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
        struct buf text = BUF_INIT;
        for (int i = 0; i < 3000; i++) {
            random_text(&seed, &text);
            expect_same(b, enc, buf_slice(&text));
        }
        buf_release(&text);
        bpe_encoder_free(enc);
        bpe_free(b);
    }
}

static void words_of_every_length_and_more_words_than_the_cache_holds(void **state)
{
    (void)state;
    struct bpe *b = open_sample();
    struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
    struct buf text = BUF_INIT;
    for (size_t n = 1; n < 700; n += n < 80 ? 1 : 61) { // short and long cache, small and large merge
        buf_clear(&text);
        for (size_t i = 0; i < n; i++) buf_add_char(&text, "etaoinshrdlu"[(i * i + n) % 12]);
        expect_same(b, enc, buf_slice(&text));
        expect_same(b, enc, buf_slice(&text));
        memset(text.p, 'a', text.n);
        expect_same(b, enc, buf_slice(&text));
    }
    uint32_t seed = 7;
    struct bpe_ids first = {0}, fresh = {0};
    struct err e = {0};
    buf_clear(&text);
    for (int i = 0; i < 200000; i++) {
        buf_add_char(&text, ' ');
        for (uint32_t n = 3 + next_random(&seed) % 18; n > 0; n--)
            buf_add_char(&text, (char)('a' + next_random(&seed) % 26));
    }
    for (int pass = 0; pass < 2; pass++) {
        struct bpe_encoder *other = pass ? bpe_encoder_new(b, NULL) : NULL;
        struct bpe_ids *out = pass ? &fresh : &first;
        assert_int_equal(bpe_encode(other ? other : enc, buf_slice(&text), out, &e), 0);
        bpe_encoder_free(other);
    }
    assert_int_equal(first.n, fresh.n);
    assert_memory_equal(first.p, fresh.p, first.n * sizeof *first.p);
    fresh.n = 0;
    assert_int_equal(bpe_reference_encode(b, slice_of(text.p, 200000), &fresh, &e), 0);
    // The last word of the shorter text may be cut, so its ids are left out.
    assert_memory_equal(first.p, fresh.p, (fresh.n - 21) * sizeof *first.p);
    bpe_ids_release(&first);
    bpe_ids_release(&fresh);
    buf_release(&text);
    bpe_encoder_free(enc);
    bpe_free(b);
}

// ---- a tokenizer of 256 bytes and a few merges, changed one member at a time

static json_t *small_json(void)
{
    static const char *const merges[] = {"h e", "l l", "he ll", "hell o", "Ġ hello"};
    json_t *vocab = json_object(), *list = json_array();
    for (uint32_t i = 0; i < 256; i++) {
        // The spelling of bytes, in the simplest way: those that aren't printable take the next free place from U+0100
        // on.
        static const uint8_t other_first[] = {0, 0x7F, 0xAD};
        static const uint8_t other_last[] = {0x20, 0xA0, 0xAD};
        uint32_t cp = i, place = 0;
        for (int r = 0; r < 3; r++) {
            if (i >= other_first[r] && i <= other_last[r]) cp = 0x100 + place + i - other_first[r];
            place += (uint32_t)(other_last[r] - other_first[r]) + 1;
        }
        char name[5] = {0};
        utf8_encode(cp, name);
        json_object_set_new(vocab, name, json_integer(i));
    }
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
        char joined[32];
        const char *space = strchr(merges[i], ' ');
        snprintf(joined, sizeof joined, "%.*s%s", (int)(space - merges[i]), merges[i], space + 1);
        json_object_set_new(vocab, joined, json_integer((json_int_t)(256 + i)));
        json_array_append_new(list, json_string(merges[i]));
    }
    return json_pack("{s:[], s:n, s:{s:s, s:b}, s:{s:s, s:o, s:o}}", "added_tokens", "normalizer", "pre_tokenizer",
                     "type", "ByteLevel", "add_prefix_space", 0, "model", "type", "BPE", "vocab", vocab, "merges",
                     list);
}

static json_t *model_of(json_t *v)
{
    return json_object_get(v, "model");
}

// Encodes and writes the ids as decimal numbers.
static void expect_ids(json_t *v, const char *text, const char *wanted)
{
    struct err e = {0};
    struct bpe *b = read_json(v, &e);
    if (!b) fail_msg("%s", e.message);
    struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
    struct bpe_ids ids = {0};
    struct buf got = BUF_INIT;
    expect_same(b, enc, slice_str(text));
    assert_int_equal(bpe_encode(enc, slice_str(text), &ids, &e), 0);
    for (size_t i = 0; i < ids.n; i++) buf_addf(&got, "%s%u", i ? " " : "", ids.p[i]);
    assert_string_equal(buf_cstr(&got), wanted);
    buf_release(&got);
    bpe_ids_release(&ids);
    bpe_encoder_free(enc);
    bpe_free(b);
}

static void merges_come_in_their_order_and_in_both_spellings(void **state)
{
    (void)state;
    json_t *v = small_json();
    expect_ids(v, "hello hello hell", "259 260 32 258");
    expect_ids(v, "", "");
    json_t *pairs = json_array();
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(model_of(v), "merges"), i, m)
    {
        const char *s = json_string_value(m), *space = strchr(s, ' ');
        json_array_append_new(pairs, json_pack("[s%, s]", s, (size_t)(space - s), space + 1));
    }
    json_object_set_new(model_of(v), "merges", pairs);
    expect_ids(v, "hello hello hell", "259 260 32 258");
    // "hello" can be merged only by its whole name when the merges that lead there are gone.
    json_object_set_new(model_of(v), "merges", json_array());
    expect_ids(v, "hello", "104 101 108 108 111");
    json_object_set_new(model_of(v), "ignore_merges", json_true());
    expect_ids(v, "hello hello", "259 260");
    json_decref(v);
}

static void a_byte_that_the_vocabulary_lacks(void **state)
{
    (void)state;
    json_t *v = small_json();
    json_object_del(json_object_get(model_of(v), "vocab"), "x");
    expect_ids(v, "axxb", "97 98");
    json_object_set_new(model_of(v), "unk_token", json_string("?"));
    expect_ids(v, "axxb", "97 63 63 98");
    json_object_set_new(model_of(v), "fuse_unk", json_true());
    expect_ids(v, "axxbx", "97 63 98 63");
    json_decref(v);
}

static void add_token(json_t *v, int id, const char *content, const char *flag, bool normalized)
{
    json_t *t = json_pack("{s:i, s:s, s:b}", "id", id, "content", content, "normalized", (int)normalized);
    if (flag) json_object_set_new(t, flag, json_true());
    json_array_append_new(json_object_get(v, "added_tokens"), t);
}

static void added_tokens_are_found_in_the_text(void **state)
{
    (void)state;
    json_t *v = small_json();
    add_token(v, 300, "<s>", NULL, false);
    add_token(v, 301, "<s>>", NULL, false);
    add_token(v, 302, "<l>", "lstrip", false);
    add_token(v, 303, "<r>", "rstrip", false);
    add_token(v, 304, "cat", "single_word", false);
    add_token(v, 305, "s>x", NULL, true);
    expect_ids(v, "<s>a", "300 97");
    expect_ids(v, "<s>>", "301"); // the longest
    expect_ids(v, "<<s>", "60 300");
    expect_ids(v, "<s", "60 115");
    expect_ids(v, "a  <l> b", "97 302 32 98");
    expect_ids(v, "a <r>  b", "97 32 303 98");
    expect_ids(v, "a\u00a0<l>", "97 302");
    expect_ids(v, "cat cats", "304 32 99 97 116 115");
    expect_ids(v, "(cat)", "40 304 41");
    expect_ids(v, "écat", "195 169 99 97 116");
    expect_ids(v, "s>x <s>x", "305 32 300 120"); // those that are searched in the text as it is come first
    json_decref(v);
}

// ---- what is refused

static void expect_refused(json_t *v, int code, const char *why)
{
    struct err e = {0};
    struct bpe *b = read_json(v, &e);
    if (b || e.code != code || !strstr(e.message, why))
        fail_msg("wanted \"%s\", got %d \"%s\"", why, e.code, e.message);
    json_decref(v);
}

static json_t *with_model(const char *key, json_t *value)
{
    json_t *v = small_json();
    json_object_set_new(model_of(v), key, value);
    return v;
}

static json_t *with(const char *key, json_t *value)
{
    json_t *v = small_json();
    json_object_set_new(v, key, value);
    return v;
}

static void a_file_that_needs_what_is_not_implemented(void **state)
{
    (void)state;
    expect_refused(with_model("type", json_string("Unigram")), HW_EUNSUPPORTED, "type Unigram");
    expect_refused(with_model("byte_fallback", json_true()), HW_EUNSUPPORTED, "byte_fallback");
    expect_refused(with_model("dropout", json_real(0.1)), HW_EUNSUPPORTED, "dropout");
    expect_refused(with_model("continuing_subword_prefix", json_string("##")), HW_EUNSUPPORTED,
                   "continuing_subword_prefix");
    expect_refused(with_model("end_of_word_suffix", json_string("</w>")), HW_EUNSUPPORTED, "end_of_word_suffix");
    expect_refused(with("normalizer", json_pack("{s:s}", "type", "NFC")), HW_EUNSUPPORTED, "normalizer NFC");
    expect_refused(
        with("normalizer", json_pack("{s:s, s:[{s:s}]}", "type", "Sequence", "normalizers", "type", "Lowercase")),
        HW_EUNSUPPORTED, "normalizer Lowercase");
    expect_refused(with("pre_tokenizer", json_null()), HW_EUNSUPPORTED, "pre_tokenizer is null");
}

static void a_malformed_file(void **state)
{
    (void)state;
    expect_refused(with("model", json_null()), HW_EINVALID, "model is missing");
    expect_refused(with_model("vocab", json_null()), HW_EINVALID, "model.vocab must be an object");
    expect_refused(with_model("vocab", json_object()), HW_EINVALID, "model.vocab is empty");
    expect_refused(with_model("vocab", json_pack("{s:s}", "a", "1")), HW_EINVALID, "the id of \"a\"");
    expect_refused(with_model("vocab", json_pack("{s:i}", "a", -1)), HW_EINVALID, "the id of \"a\"");
    expect_refused(with_model("merges", json_null()), HW_EINVALID, "model.merges must be an array");
    expect_refused(with_model("merges", json_pack("[s]", "ab")), HW_EINVALID, "model.merges[0]");
    expect_refused(with_model("merges", json_pack("[s, s]", "h e", "a b c")), HW_EINVALID, "model.merges[1]");
    expect_refused(with_model("merges", json_pack("[[s, s, s]]", "a", "b", "c")), HW_EINVALID, "model.merges[0]");
    expect_refused(with_model("merges", json_pack("[[s, i]]", "a", 1)), HW_EINVALID, "model.merges[0]");
    expect_refused(with_model("merges", json_pack("[s]", "q z")), HW_EINVALID, "\"qz\" is not in model.vocab");
    expect_refused(with_model("ignore_merges", json_integer(1)), HW_EVALIDATION, "ignore_merges");
    expect_refused(with("added_tokens", json_object()), HW_EINVALID, "added_tokens must be an array");
    expect_refused(with("added_tokens", json_pack("[i]", 3)), HW_EINVALID, "added_tokens[0]: must be an object");
    expect_refused(with("added_tokens", json_pack("[{s:s}]", "content", "x")), HW_EINVALID,
                   "added_tokens[0]: has no id");
    expect_refused(with("added_tokens", json_pack("[{s:i}]", "id", 3)), HW_EINVALID, "added_tokens[0]: content");
    expect_refused(with("added_tokens", json_pack("[{s:i, s:s}]", "id", 3, "content", "a")), HW_EINVALID,
                   "\"a\" has id 3 here and id 97");
    expect_refused(with("normalizer", json_integer(3)), HW_EINVALID, "normalizer");
    json_t *v = small_json();
    json_object_del(json_object_get(model_of(v), "vocab"), "x");
    json_object_set_new(model_of(v), "unk_token", json_string("[UNK]"));
    expect_refused(v, HW_EINVALID, "unk_token \"[UNK]\" is not in model.vocab");
}

static void a_file_that_is_no_json_or_not_there(void **state)
{
    (void)state;
    struct err e = {0};
    assert_null(bpe_read(SLICE_LIT("{\"model\":"), &e));
    assert_int_equal(e.code, HW_EINVALID);
    assert_non_null(strstr(e.message, "line 1"));
    assert_null(bpe_read(SLICE_LIT(""), &e));
    assert_null(bpe_read(SLICE_LIT("[]"), &e));
    assert_null(bpe_open("sample/no-such-tokenizer.json", &e));
    assert_int_equal(e.code, HW_ENOTFOUND);
    assert_non_null(strstr(e.message, "no-such-tokenizer"));
}

static void text_that_is_not_utf8_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    struct bpe *b = open_sample();
    struct bpe_encoder *enc = bpe_encoder_new(b, NULL);
    struct bpe_ids ids = {0};
    struct err e = {0};
    bpe_ids_add(&ids, 42);
    assert_int_equal(bpe_encode(enc, SLICE_LIT("good \xE4\xBD bad"), &ids, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "byte 5"));
    assert_int_equal(bpe_encode(enc, SLICE_LIT("cut \xF0\x9F"), &ids, &e), HW_EINVALID);
    assert_int_equal(ids.n, 1);
    assert_int_equal(ids.p[0], 42);
    bpe_ids_release(&ids);
    bpe_encoder_free(enc);
    bpe_free(b);
}

static void a_set_stop_flag_ends_the_encoding(void **state)
{
    (void)state;
    struct bpe *b = open_sample();
    atomic_int stop = 1;
    struct bpe_encoder *enc = bpe_encoder_new(b, &stop);
    struct bpe_ids ids = {0};
    struct err e = {0};
    size_t n = 1 << 20;
    char *text = mem_alloc(n);
    for (size_t i = 0; i < n; i++) text[i] = i % 7 ? 'e' : ' ';
    assert_int_equal(bpe_encode(enc, slice_of(text, n), &ids, &e), HW_ECANCELLED);
    assert_int_equal(ids.n, 0);
    free(text);
    bpe_ids_release(&ids);
    bpe_encoder_free(enc);
    bpe_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_string_has_the_reference_ids),
        cmocka_unit_test(the_corpus_has_the_reference_digest_and_both_tokenizers_agree),
        cmocka_unit_test(random_text_gets_the_same_ids_from_both_tokenizers),
        cmocka_unit_test(words_of_every_length_and_more_words_than_the_cache_holds),
        cmocka_unit_test(merges_come_in_their_order_and_in_both_spellings),
        cmocka_unit_test(a_byte_that_the_vocabulary_lacks),
        cmocka_unit_test(added_tokens_are_found_in_the_text),
        cmocka_unit_test(a_file_that_needs_what_is_not_implemented),
        cmocka_unit_test(a_malformed_file),
        cmocka_unit_test(a_file_that_is_no_json_or_not_there),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_set_stop_flag_ends_the_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
