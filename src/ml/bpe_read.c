// Reading a tokenizer.json.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ml/bpe_internal.h"
#include "ml/unicode_classes.h"

enum { FILE_MAX = 512 << 20, ID_MAX = INT32_MAX - 1, SHOWN = 80 };

// As much of a token as an error message can hold.
#define SHOW(s) ((s).n > SHOWN ? SHOWN : (int)(s).n), (s).p

static int64_t id_of(const struct bpe *b, struct slice token)
{
    return (int64_t)(uintptr_t)map_get(&b->vocab, token) - 1;
}

static int put_id(struct bpe *b, struct slice token, int64_t id)
{
    map_put(&b->vocab, token, (void *)(uintptr_t)(id + 1));
    if (id >= b->vocab_size) b->vocab_size = (uint32_t)id + 1;
    return 0;
}

static int read_vocab(struct bpe *b, const json_t *vocab, struct err *e)
{
    if (!json_is_object(vocab)) return err_set(e, HW_EINVALID, "model.vocab must be an object of token to id");
    const char *token;
    json_t *id;
    json_object_foreach((json_t *)(uintptr_t)vocab, token, id)
    {
        struct slice t = slice_str(token);
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > ID_MAX)
            return err_set(e, HW_EINVALID, "model.vocab: the id of \"%.*s\" must be a whole number from 0 to %d",
                           SHOW(t), ID_MAX);
        put_id(b, t, json_integer_value(id));
    }
    if (b->vocab_size == 0) return err_set(e, HW_EINVALID, "model.vocab is empty");
    for (int byte = 0; byte < 256; byte++) {
        struct buf s = BUF_INIT;
        bpe_spell(&(uint8_t){(uint8_t)byte}, 1, &s);
        int64_t known = id_of(b, buf_slice(&s));
        b->model.byte_id[byte] = known < 0 ? BPE_NONE : (uint32_t)known;
        buf_release(&s);
    }
    return 0;
}

// A merge as "a b" or ["a", "b"].
static bool merge_parts(const json_t *v, struct slice *left, struct slice *right)
{
    if (json_is_string(v)) {
        struct slice rest = slice_of(json_string_value(v), json_string_length(v));
        const char *space = memchr(rest.p, ' ', rest.n);
        if (!space) return false;
        *left = slice_cut(&rest, ' ');
        *right = rest;
        return !memchr(right->p, ' ', right->n);
    }
    const json_t *a = json_array_get(v, 0), *b = json_array_get(v, 1);
    if (json_array_size(v) != 2 || !json_is_string(a) || !json_is_string(b)) return false;
    *left = slice_of(json_string_value(a), json_string_length(a));
    *right = slice_of(json_string_value(b), json_string_length(b));
    return true;
}

static int need_id(const struct bpe *b, size_t i, struct slice token, uint32_t *id, struct err *e)
{
    int64_t known = id_of(b, token);
    if (known < 0) return err_set(e, HW_EINVALID, "model.merges[%zu]: \"%.*s\" is not in model.vocab", i, SHOW(token));
    *id = (uint32_t)known;
    return 0;
}

static int read_merge(struct bpe *b, const json_t *v, size_t i, uint32_t rank, struct buf *joined, struct err *e)
{
    struct slice left, right;
    uint32_t l = 0, r = 0, id = 0;
    if (!merge_parts(v, &left, &right))
        return err_set(e, HW_EINVALID, "model.merges[%zu] must be \"a b\" or [\"a\", \"b\"]", i);
    buf_clear(joined);
    buf_add_slice(joined, left);
    buf_add_slice(joined, right);
    int rc = need_id(b, i, left, &l, e);
    if (!rc) rc = need_id(b, i, right, &r, e);
    if (!rc) rc = need_id(b, i, buf_slice(joined), &id, e);
    if (!rc) bpe_model_add(&b->model, l, r, rank, id);
    return rc;
}

static int read_merges(struct bpe *b, const json_t *merges, struct err *e)
{
    if (!json_is_array(merges)) return err_set(e, HW_EINVALID, "model.merges must be an array");
    struct buf joined = BUF_INIT;
    int rc = 0;
    uint32_t rank = 0;
    for (size_t i = 0; !rc && i < json_array_size(merges); i++) {
        const json_t *v = json_array_get(merges, i);
        // The first line of a merges.txt, which some converters kept.
        if (json_is_string(v) && strncmp(json_string_value(v), "#version", 8) == 0) continue;
        rc = read_merge(b, v, i, rank++, &joined, e);
    }
    buf_release(&joined);
    return rc;
}

// Members that change the ids in ways this program doesn't implement.
static int refuse_unsupported(const json_t *model, struct err *e)
{
    bool byte_fallback;
    const char *prefix, *suffix;
    double dropout;
    int rc = json_get_bool(model, "byte_fallback", false, &byte_fallback, e);
    if (!rc) rc = json_get_str(model, "continuing_subword_prefix", "", &prefix, e);
    if (!rc) rc = json_get_str(model, "end_of_word_suffix", "", &suffix, e);
    if (!rc) rc = json_get_f64(model, "dropout", 0, 0, 1, &dropout, e);
    if (rc) {
        err_prefix(e, "model");
        return rc;
    }
    if (byte_fallback) return err_set(e, HW_EUNSUPPORTED, "model.byte_fallback is not supported");
    if (*prefix) return err_set(e, HW_EUNSUPPORTED, "model.continuing_subword_prefix is not supported");
    if (*suffix) return err_set(e, HW_EUNSUPPORTED, "model.end_of_word_suffix is not supported");
    if (dropout > 0) return err_set(e, HW_EUNSUPPORTED, "model.dropout is not supported: it makes the ids random");
    return 0;
}

static int read_model(struct bpe *b, const json_t *model, struct err *e)
{
    const char *type, *unk;
    if (!json_is_object(model)) return err_set(e, HW_EINVALID, "model is missing or no object");
    // Files of before the member existed hold merges and nothing else that has them.
    int rc = json_get_str(model, "type", json_object_get(model, "merges") ? "BPE" : NULL, &type, e);
    if (!rc && !type)
        rc = err_set(e, HW_EINVALID, "has no type");
    else if (!rc && strcmp(type, "BPE") != 0)
        rc = err_set(e, HW_EUNSUPPORTED, "type %.80s is not supported; BPE is", type);
    if (rc) {
        err_prefix(e, "model");
        return rc;
    }
    rc = refuse_unsupported(model, e);
    const json_t *merges = json_object_get(model, "merges");
    bpe_model_init(&b->model, json_array_size(merges));
    if (!rc) rc = json_get_bool(model, "fuse_unk", false, &b->model.fuse_unk, e);
    if (!rc) rc = json_get_bool(model, "ignore_merges", false, &b->model.ignore_merges, e);
    if (!rc) rc = json_get_str(model, "unk_token", NULL, &unk, e);
    if (!rc) rc = read_vocab(b, json_object_get(model, "vocab"), e);
    if (!rc) rc = read_merges(b, merges, e);
    if (rc || !unk) return rc;
    int64_t id = id_of(b, slice_str(unk));
    // GPT-2's files name an unk_token; one that isn't in the vocabulary matters only if a byte is missing too.
    for (int byte = 0; id < 0 && byte < 256; byte++)
        if (b->model.byte_id[byte] == BPE_NONE)
            return err_set(e, HW_EINVALID, "model.unk_token \"%.80s\" is not in model.vocab", unk);
    if (id >= 0) b->model.unk_id = (uint32_t)id;
    return 0;
}

static int read_added_token(struct bpe *b, const json_t *v, struct err *e)
{
    struct bpe_added_token t = {0};
    bool normalized, special;
    int64_t id;
    if (!json_is_object(v)) return err_set(e, HW_EINVALID, "must be an object");
    const json_t *content = json_object_get(v, "content");
    if (!json_is_string(content)) return err_set(e, HW_EINVALID, "content must be a string");
    int rc = json_get_i64(v, "id", -1, 0, ID_MAX, &id, e);
    if (!rc && id < 0) rc = err_set(e, HW_EINVALID, "has no id");
    if (!rc) rc = json_get_bool(v, "single_word", false, &t.single_word, e);
    if (!rc) rc = json_get_bool(v, "lstrip", false, &t.lstrip, e);
    if (!rc) rc = json_get_bool(v, "rstrip", false, &t.rstrip, e);
    if (!rc) rc = json_get_bool(v, "special", false, &special, e);
    if (!rc) rc = json_get_bool(v, "normalized", !special, &normalized, e);
    struct slice s = slice_of(json_string_value(content), json_string_length(content));
    if (rc || s.n == 0) return rc;
    int64_t known = id_of(b, s);
    if (known >= 0 && known != id)
        return err_set(e, HW_EINVALID, "\"%.*s\" has id %lld here and id %lld in model.vocab or before", SHOW(s),
                       (long long)id, (long long)known);
    put_id(b, s, id);
    t.text = mem_strndup(s.p, s.n);
    t.n = s.n;
    t.id = (uint32_t)id;
    bpe_added_add(&b->added[normalized], t);
    return 0;
}

static int read_added(struct bpe *b, const json_t *list, struct err *e)
{
    if (list && !json_is_null(list) && !json_is_array(list))
        return err_set(e, HW_EINVALID, "added_tokens must be an array");
    for (size_t i = 0; i < json_array_size(list); i++) {
        int rc = read_added_token(b, json_array_get(list, i), e);
        if (rc) {
            err_prefix(e, "added_tokens[%zu]", i);
            return rc;
        }
    }
    bpe_added_seal(&b->added[0]);
    bpe_added_seal(&b->added[1]);
    return 0;
}

static int read_normalizer(const json_t *v, struct err *e)
{
    if (!v || json_is_null(v)) return 0;
    const char *type = json_string_value(json_object_get(v, "type"));
    if (!type) return err_set(e, HW_EINVALID, "normalizer must be null or an object with a type");
    const json_t *list = json_object_get(v, "normalizers");
    if (strcmp(type, "Sequence") != 0) return err_set(e, HW_EUNSUPPORTED, "normalizer %.80s is not supported", type);
    if (!json_is_array(list)) return err_set(e, HW_EINVALID, "normalizer: Sequence: normalizers must be an array");
    for (size_t i = 0; i < json_array_size(list); i++) {
        int rc = read_normalizer(json_array_get(list, i), e);
        if (rc) return rc;
    }
    return 0;
}

struct bpe *bpe_read(struct slice json, struct err *e)
{
    json_t *root = json_read_object(json, e);
    if (!root) return NULL;
    struct bpe *b = mem_zalloc(sizeof *b);
    map_init(&b->vocab);
    b->classes = unicode_classes_new();
    int rc = read_normalizer(json_object_get(root, "normalizer"), e);
    if (!rc) rc = pretokenizer_read(&b->pre, json_object_get(root, "pre_tokenizer"), e);
    if (!rc) rc = read_model(b, json_object_get(root, "model"), e);
    if (!rc) rc = read_added(b, json_object_get(root, "added_tokens"), e);
    json_decref(root);
    if (!rc) return b;
    bpe_free(b);
    return NULL;
}

struct bpe *bpe_open(const char *path, struct err *e)
{
    struct buf text = BUF_INIT;
    int rc = file_read(path, FILE_MAX, &text, e);
    struct bpe *b = rc ? NULL : bpe_read(buf_slice(&text), e);
    if (!rc && !b) err_prefix(e, "%s", path);
    buf_release(&text);
    return b;
}

void bpe_free(struct bpe *b)
{
    if (!b) return;
    map_release(&b->vocab);
    bpe_model_release(&b->model);
    bpe_added_release(&b->added[0]);
    bpe_added_release(&b->added[1]);
    pretokenizer_release(&b->pre);
    free(b->classes);
    free(b);
}

uint32_t bpe_vocab_size(const struct bpe *b)
{
    return b->vocab_size;
}

int64_t bpe_id(const struct bpe *b, const char *token)
{
    return id_of(b, slice_str(token));
}
