#include "task/corpus.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "task/corpus_json.h"
#include "task/corpus_source.h"

struct corpus {
    struct corpus_source *source;
    enum corpus_format format;
    char *path;
    struct buf carry; // the start of a line whose end wasn't read yet
    int64_t lines;    // given out so far
    bool started, ended;
};

static bool ends_with(struct slice s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && strncasecmp(s.p + s.n - n, suffix, n) == 0;
}

static int format_of_name(const char *path, enum corpus_format *format, struct err *e)
{
    static const char *const others[] = {".parquet", ".arrow", ".zst", ".bz2", ".xz", ".zip", ".csv"};
    struct slice name = slice_str(path);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (ends_with(name, others[i]))
            return err_field(e, HW_EUNSUPPORTED, "input_path",
                             "%s: %s files can't be read; .jsonl and .txt can, each with "
                             "or without .gz",
                             path, others[i]);
    if (ends_with(name, ".gz")) name.n -= 3;
    if (ends_with(name, ".jsonl") || ends_with(name, ".ndjson"))
        *format = CORPUS_JSONL;
    else if (ends_with(name, ".txt"))
        *format = CORPUS_TEXT;
    else
        return err_field(e, HW_EVALIDATION, "format",
                         "the name of %s doesn't tell its format: set format to jsonl or text", path);
    return 0;
}

struct corpus *corpus_open(const char *path, enum corpus_format format, struct err *e)
{
    struct corpus_source *source = corpus_source_open(path, e);
    if (!source) return NULL;
    if (format == CORPUS_AUTO && format_of_name(path, &format, e) != 0) {
        corpus_source_free(source);
        return NULL;
    }
    struct corpus *c = mem_zalloc(sizeof *c);
    c->source = source;
    c->format = format;
    c->path = mem_strdup(path);
    return c;
}

void corpus_free(struct corpus *c)
{
    if (!c) return;
    corpus_source_free(c->source);
    buf_release(&c->carry);
    free(c->path);
    free(c);
}

enum corpus_format corpus_format(const struct corpus *c)
{
    return c->format;
}

bool corpus_compressed(const struct corpus *c)
{
    return corpus_source_compressed(c->source);
}

int64_t corpus_size(const struct corpus *c)
{
    return corpus_source_size(c->source);
}

int64_t corpus_done(const struct corpus *c)
{
    return corpus_source_done(c->source);
}

static int64_t count_lines(const char *p, size_t n)
{
    int64_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += p[i] == '\n';
    return lines;
}

static void skip_mark(struct corpus *c, struct buf *lines)
{
    if (!c->started && lines->n >= 3 && memcmp(lines->p, "\xEF\xBB\xBF", 3) == 0) buf_consume(lines, 3);
    c->started = true;
}

int corpus_read(struct corpus *c, size_t want, struct buf *lines, struct err *e)
{
    buf_clear(lines);
    if (c->ended) return 0;
    buf_add_slice(lines, buf_slice(&c->carry));
    buf_clear(&c->carry);
    size_t whole = 0; // up to the last line's end
    while (!c->ended && (lines->n < want || whole == 0)) {
        size_t before = lines->n;
        int64_t n = corpus_source_read(c->source, want, lines, e);
        if (n < 0) return (int)n;
        c->ended = n == 0;
        const char *last = n > 0 ? memrchr(lines->p + before, '\n', (size_t)n) : NULL;
        if (last) whole = (size_t)(last - lines->p) + 1;
        if (lines->n - whole > CORPUS_LINE_MAX)
            return err_set(e, HW_ETOOBIG, "%s: line %lld is longer than %d MiB", c->path,
                           (long long)(c->lines + count_lines(lines->p, whole) + 1), CORPUS_LINE_MAX >> 20);
    }
    if (c->ended) whole = lines->n;
    buf_add(&c->carry, lines->p + whole, lines->n - whole);
    lines->n = whole;
    c->lines += count_lines(lines->p, whole);
    skip_mark(c, lines);
    return lines->n > 0;
}

static bool is_blank(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r')) s.p++, s.n--;
    return s.n == 0;
}

static int not_utf8(struct slice s, struct err *e)
{
    struct utf8 u = UTF8_INIT;
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (u.need == 0) start = i;
        if (!utf8_feed(&u, s.p + i, 1)) break;
    }
    return err_set(e, HW_EINVALID, "not UTF-8 (column %zu)", start + 1);
}

int corpus_next(struct slice *rest, enum corpus_format format, struct slice text_field, struct buf *scratch,
                int64_t *line, struct slice *text, struct err *e)
{
    while (rest->n) {
        struct slice s = slice_cut(rest, '\n');
        ++*line;
        if (is_blank(s)) continue;
        if (!utf8_valid(s.p, s.n)) return not_utf8(s, e);
        if (format == CORPUS_TEXT) {
            if (s.p[s.n - 1] == '\r') s.n--;
            *text = s;
            return 1;
        }
        int rc = corpus_json_text(s, text_field, scratch, text, e);
        return rc ? rc : 1;
    }
    return 0;
}
