// `headway-task inspect dataset PATH`: what a corpus file is, from its first documents.
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "task/corpus.h"
#include "task/corpus_source.h"
#include "task/task.h"

enum { LOOK_BYTES = 1 << 20, TEXT_SHOWN = 200, DOCUMENTS_SHOWN = 5 };

static bool starts_object(struct slice text)
{
    while (text.n && strchr(" \t\r\n", text.p[0]) && text.p[0]) text.p++, text.n--;
    return text.n && text.p[0] == '{';
}

// The name decides; where it says nothing, the first character does.
static int find_format(const char *path, enum corpus_format *format, struct err *e)
{
    struct corpus *c = corpus_open(path, CORPUS_AUTO, e);
    if (c) {
        *format = corpus_format(c);
        corpus_free(c);
        return 0;
    }
    if (!e->field[0] || strcmp(e->field, "format") != 0) return e->code;
    err_clear(e);
    struct corpus_source *source = corpus_source_open(path, e);
    if (!source) return e->code;
    struct buf head = BUF_INIT;
    int64_t n = corpus_source_read(source, 4096, &head, e);
    *format = starts_object(buf_slice(&head)) ? CORPUS_JSONL : CORPUS_TEXT;
    buf_release(&head);
    corpus_source_free(source);
    return n < 0 ? (int)n : 0;
}

// The member that holds the text: "text" or another usual name, else the longest string of the first document.
static const char *find_text_field(const json_t *document)
{
    static const char *const usual[] = {"text", "content", "raw_content", "document", "body"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (json_is_string(json_object_get(document, usual[i]))) return usual[i];
    const char *key, *best = NULL;
    size_t longest = 0;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)document, key, value)
    {
        if (!json_is_string(value) || json_string_length(value) < longest) continue;
        longest = json_string_length(value);
        best = key;
    }
    return best;
}

static json_t *first_object(struct slice lines, struct err *e)
{
    struct slice rest = lines;
    int line = 0;
    while (rest.n) {
        struct slice s = slice_trim(slice_cut(&rest, '\n'));
        line++;
        if (s.n == 0 || slice_is(s, "\r")) continue;
        json_error_t je;
        json_t *v = json_loadb(s.p, s.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &je);
        if (!v || !json_is_object(v)) {
            if (v)
                err_set(e, HW_EINVALID, "line %d: each line must be a JSON object", line);
            else
                err_set(e, HW_EINVALID, "line %d: not valid JSON: %s (column %d)", line, je.text, je.column);
            json_decref(v);
            return NULL;
        }
        return v;
    }
    err_set(e, HW_EINVALID, "there is no document in it");
    return NULL;
}

// As much of a document as a reader needs to recognise it, cut between characters.
static json_t *shown(struct slice text)
{
    size_t n = text.n;
    if (n > TEXT_SHOWN) {
        n = TEXT_SHOWN;
        while (n > 0 && ((uint8_t)text.p[n] & 0xC0) == 0x80) n--;
    }
    return json_stringn(text.p, n);
}

static json_t *sample_documents(struct slice rest, enum corpus_format format, const char *field, struct err *e)
{
    json_t *list = json_array();
    struct buf scratch = BUF_INIT;
    struct slice text;
    int64_t line = 0;
    int rc = 1;
    while (json_array_size(list) < DOCUMENTS_SHOWN &&
           (rc = corpus_next(&rest, format, slice_str(field), &scratch, &line, &text, e)) > 0)
        if (json_array_append_new(list, shown(text)) != 0) break;
    buf_release(&scratch);
    if (rc < 0) err_prefix(e, "line %lld", (long long)line);
    if (rc >= 0 && json_array_size(list) > 0) return list;
    if (rc >= 0) err_set(e, HW_EINVALID, "there is no document in it");
    json_decref(list);
    return NULL;
}

static json_t *describe(struct corpus *c, struct err *e)
{
    struct buf lines = BUF_INIT;
    json_t *result = NULL, *first = NULL, *documents = NULL;
    int rc = corpus_read(c, LOOK_BYTES, &lines, e);
    bool jsonl = corpus_format(c) == CORPUS_JSONL;
    const char *field = NULL;
    if (rc < 0) goto out;
    if (jsonl) {
        first = first_object(buf_slice(&lines), e);
        if (!first) goto out;
        field = find_text_field(first);
        if (!field) {
            err_set(e, HW_EINVALID, "the first document has no member that is a string");
            goto out;
        }
    }
    documents = sample_documents(buf_slice(&lines), corpus_format(c), field ? field : "", e);
    if (!documents) goto out;
    result = json_pack("{s:s, s:b, s:I, s:O, s:s?}", "format", jsonl ? "jsonl" : "text", "compressed",
                       (int)corpus_compressed(c), "size_bytes", (json_int_t)corpus_size(c), "sample_documents",
                       documents, "text_field", field);
    if (!result) err_set(e, HW_EINTERNAL, "out of memory");
out:
    json_decref(documents);
    json_decref(first);
    buf_release(&lines);
    return result;
}

json_t *inspect_dataset(const char *path, struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    enum corpus_format format = CORPUS_AUTO;
    if (find_format(path, &format, e) != 0) return NULL;
    struct corpus *c = corpus_open(path, format, e);
    if (!c) return NULL;
    json_t *v = describe(c, e);
    if (!v && strncmp(e->message, path, strlen(path)) != 0) err_prefix(e, "%s", path);
    corpus_free(c);
    return v;
}
