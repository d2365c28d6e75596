#include "task/repo_listing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "jobs/repo_names.h"

enum { FILES_MAX = 100000 };
#define SIZE_MAX_BYTES (1LL << 50)

static void file_release(struct repo_file *f)
{
    free(f->name);
    *f = (struct repo_file){0};
}

void repo_listing_release(struct repo_listing *l)
{
    for (int i = 0; i < l->n; i++) file_release(&l->files[i]);
    free(l->files);
    *l = (struct repo_listing){0};
}

// ---- reading ------------------------------------------------------------------------------------------------------

// A hash of `length` hex digits, lower case. Of anything else nothing is taken: "".
static bool take_hex(const json_t *v, size_t length, char *out)
{
    const char *s = json_string_value(v);
    out[0] = 0;
    if (!s || strlen(s) != length || strspn(s, "0123456789abcdefABCDEF") != length) return false;
    for (size_t i = 0; i < length; i++) out[i] = (char)tolower((unsigned char)s[i]);
    out[length] = 0;
    return true;
}

static int64_t size_of(const json_t *v)
{
    int64_t n = json_is_integer(v) ? (int64_t)json_integer_value(v) : -1;
    return n < 0 || n > SIZE_MAX_BYTES ? -1 : n;
}

// A large file's bytes are told by their SHA-256, a small one's by Git's name for them (docs/api/tasks.md).
static void read_digest(struct repo_file *f, const json_t *entry)
{
    const json_t *lfs = json_object_get(entry, "lfs");
    if (json_is_object(lfs)) {
        const json_t *sha = json_object_get(lfs, "sha256");
        if (take_hex(sha ? sha : json_object_get(lfs, "oid"), 64, f->digest)) f->digest_kind = DIGEST_SHA256;
        if (size_of(json_object_get(lfs, "size")) >= 0) f->size = size_of(json_object_get(lfs, "size"));
    } else if (f->size >= 0 && take_hex(json_object_get(entry, "blobId"), 40, f->digest)) {
        f->digest_kind = DIGEST_GIT;
    }
}

static int read_files(const json_t *siblings, struct repo_listing *out, struct err *e)
{
    size_t i, n = json_array_size(siblings);
    json_t *entry;
    if (n > FILES_MAX) return err_set(e, HW_EPROTOCOL, "the hub lists %zu files; %d is the most", n, FILES_MAX);
    out->files = mem_array(n + 1, sizeof *out->files);
    json_array_foreach((json_t *)(uintptr_t)siblings, i, entry)
    {
        const json_t *name = json_object_get(entry, "rfilename");
        if (!json_is_string(name) || strlen(json_string_value(name)) != json_string_length(name))
            return err_set(e, HW_EPROTOCOL, "the hub's list of files: entry %zu has no name", i + 1);
        struct repo_file *f = &out->files[out->n++];
        f->name = mem_strdup(json_string_value(name));
        f->size = size_of(json_object_get(entry, "size"));
        read_digest(f, entry);
    }
    return 0;
}

int repo_listing_read(struct slice body, struct repo_listing *out, struct err *e)
{
    struct err why = {0};
    *out = (struct repo_listing){0};
    json_t *v = json_read_object(body, &why);
    if (!v) return err_set(e, HW_EPROTOCOL, "the hub's answer isn't what a hub says: %s", why.message);
    const json_t *siblings = json_object_get(v, "siblings");
    int rc = json_is_array(siblings) ? read_files(siblings, out, e)
                                     : err_set(e, HW_EPROTOCOL, "the hub's answer has no list of files");
    (void)take_hex(json_object_get(v, "sha"), 40, out->commit);
    json_decref(v);
    if (rc) repo_listing_release(out);
    return rc;
}

// ---- choosing -----------------------------------------------------------------------------------------------------

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcasecmp(name + n - m, end) == 0;
}

// The configuration first: it tells whether the rest is of any use.
static int by_name(const void *a, const void *b)
{
    const char *x = ((const struct repo_file *)a)->name, *y = ((const struct repo_file *)b)->name;
    bool x_first = strcmp(x, "config.json") == 0, y_first = strcmp(y, "config.json") == 0;
    return x_first != y_first ? (x_first ? -1 : 1) : strcmp(x, y);
}

// Keeps those for which `want` says yes; checks their names, and puts them in order.
static int keep(struct repo_listing *l, bool (*want)(const struct repo_file *f, const void *ctx), const void *ctx,
                struct err *e)
{
    int kept = 0;
    for (int i = 0; i < l->n; i++) {
        struct repo_file f = l->files[i];
        l->files[i] = (struct repo_file){0};
        if (want(&f, ctx))
            l->files[kept++] = f;
        else
            file_release(&f);
    }
    l->n = kept;
    if (kept) qsort(l->files, (size_t)kept, sizeof *l->files, by_name);
    for (int i = 0; i < kept; i++) {
        if (!repo_file_ok(slice_str(l->files[i].name)))
            return err_set(e, HW_EVALIDATION, "the hub names a file \"%.120s\", which can't be one below a folder here",
                           l->files[i].name);
        if (i && strcmp(l->files[i].name, l->files[i - 1].name) == 0)
            return err_set(e, HW_EPROTOCOL, "the hub lists \"%.120s\" twice", l->files[i].name);
    }
    return 0;
}

static bool is_listed(const struct repo_file *f, const void *ctx)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)(uintptr_t)ctx, i,
                       name) if (strcmp(json_string_value(name), f->name) == 0) return true;
    return false;
}

static bool is_of_model(const struct repo_file *f, const void *ctx)
{
    static const char *const names[] = {"config.json", "generation_config.json", "tokenizer.json",
                                        "vocab.json",  "tokenizer_config.json",  "special_tokens_map.json",
                                        "merges.txt",  "added_tokens.json",      "tokenizer.model",
                                        "vocab.txt"};
    (void)ctx;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(f->name, names[i]) == 0) return true;
    // Beside the whole there may be other forms of it in folders: those aren't needed.
    return !strchr(f->name, '/') && (ends(f->name, ".safetensors") || ends(f->name, ".safetensors.index.json"));
}

static bool has(const struct repo_listing *l, const char *end)
{
    for (int i = 0; i < l->n; i++)
        if (ends(l->files[i].name, end)) return true;
    return false;
}

int repo_listing_keep_model(struct repo_listing *l, const char *repo, const json_t *files, struct err *e)
{
    size_t i;
    json_t *name;
    bool torch = has(l, ".bin") || has(l, ".pt") || has(l, ".gguf");
    int rc = keep(l, files ? is_listed : is_of_model, files, e);
    if (rc) return rc;
    json_array_foreach((json_t *)(uintptr_t)files, i, name)
    {
        int at = 0;
        while (at < l->n && strcmp(l->files[at].name, json_string_value(name)) != 0) at++;
        if (at == l->n)
            return err_field(e, HW_ENOTFOUND, "files", "%s has no file %.120s", repo, json_string_value(name));
    }
    if (files) return 0;
    if (!has(l, ".safetensors"))
        return err_field(e, HW_EVALIDATION, "repo_id", "%s has no safetensors%s", repo,
                         torch ? ": it keeps its weights in a form that Headway doesn't read" : "");
    if (!has(l, "config.json")) return err_field(e, HW_EVALIDATION, "repo_id", "%s has no config.json", repo);
    return 0;
}

// ---- a dataset's --------------------------------------------------------------------------------------------------

static bool is_corpus(const struct repo_file *f, const void *ctx)
{
    static const char *const formats[] = {".jsonl", ".jsonl.gz", ".txt", ".txt.gz"};
    (void)ctx;
    const char *slash = strrchr(f->name, '/'), *base = slash ? slash + 1 : f->name;
    if (strncasecmp(base, "readme", 6) == 0 || strncasecmp(base, "license", 7) == 0) return false;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (ends(base, formats[i])) return true;
    return false;
}

static bool is_of_split(const struct repo_file *f, const void *ctx)
{
    return is_corpus(f, NULL) && repo_file_in_split(slice_str(f->name), slice_str(ctx));
}

static bool any(const struct repo_listing *l, bool (*want)(const struct repo_file *f, const void *ctx), const void *ctx)
{
    for (int i = 0; i < l->n; i++)
        if (want(&l->files[i], ctx)) return true;
    return false;
}

static bool is_text(const char *name)
{
    return ends(name, ".txt") || ends(name, ".txt.gz");
}

// One corpus is made of them: they must be of one form.
static int check_alike(const struct repo_listing *l, const char *repo, struct err *e)
{
    const char *first = l->files[0].name;
    for (int i = 1; i < l->n; i++) {
        const char *name = l->files[i].name;
        if (is_text(name) != is_text(first) || ends(name, ".gz") != ends(first, ".gz"))
            return err_field(e, HW_EVALIDATION, "split",
                             "%s: %.100s and %.100s are of different forms; name the split that is wanted", repo, first,
                             name);
    }
    return 0;
}

int repo_listing_keep_dataset(struct repo_listing *l, const char *repo, const char **split, struct err *e)
{
    static const char *const others[] = {".parquet", ".arrow", ".csv", ".json", ".zst", ".zip", ".tar.gz"};
    bool asked = *split != NULL;
    if (!any(l, is_corpus, NULL)) {
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            if (has(l, others[i]))
                return err_field(e, HW_EVALIDATION, "repo_id",
                                 "%s has %s files, which Headway doesn't read: it reads .jsonl and .txt, also with .gz",
                                 repo, others[i]);
        return err_field(e, HW_EVALIDATION, "repo_id", "%s has no .jsonl or .txt file", repo);
    }
    if (!asked && any(l, is_of_split, "train")) *split = "train";
    if (*split && !any(l, is_of_split, *split))
        return err_field(e, HW_EVALIDATION, "split", "%s has no .jsonl or .txt file of the split \"%.60s\"", repo,
                         *split);
    int rc = *split ? keep(l, is_of_split, *split, e) : keep(l, is_corpus, NULL, e);
    if (!rc) rc = check_alike(l, repo, e);
    if (!*split) *split = "";
    return rc;
}

int64_t repo_listing_size(const struct repo_listing *l)
{
    int64_t n = 0;
    for (int i = 0; i < l->n; i++) {
        if (l->files[i].size < 0) return -1;
        n += l->files[i].size;
    }
    return n;
}
