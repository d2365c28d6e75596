// What a hub says of one revision of a repository, and which of its files a download wants. Pure.
//
// The answer is untrusted: a name becomes a path on this machine only after repo_file_ok.
#ifndef HW_TASK_REPO_LISTING_H
#define HW_TASK_REPO_LISTING_H

#include "base/json.h"
#include "task/digest.h"

struct repo_file {
    char *name;
    int64_t size; // -1: not said
    enum digest_kind digest_kind;
    char digest[DIGEST_HEX_SIZE]; // lower case; "": not said
};

struct repo_listing {
    char commit[65]; // "": not said
    struct repo_file *files;
    int n;
};

void repo_listing_release(struct repo_listing *l);

// Reads GET /api/models/{repo}/revision/{revision}?blobs=true. HW_EPROTOCOL: it isn't what a hub says.
int repo_listing_read(struct slice body, struct repo_listing *out, struct err *e);

// Keep the files that are wanted, in the order of their names but config.json first; nothing else stays in the list. A
// name that may not become a path is refused (HW_EVALIDATION).
//
// A model: `files` (a JSON array of names, each must be there: HW_ENOTFOUND), or, if NULL, its configuration, its
// safetensors and its tokenizer. HW_EVALIDATION if there are none.
int repo_listing_keep_model(struct repo_listing *l, const char *repo, const json_t *files, struct err *e);
// A dataset: the .jsonl and .txt files (also with .gz) of a split; without one those of "train", or else all. `split`
// becomes the one taken, or "". Files that don't go together (JSONL and text, packed and plain) are refused.
int repo_listing_keep_dataset(struct repo_listing *l, const char *repo, const char **split, struct err *e);

int64_t repo_listing_size(const struct repo_listing *l); // of all its files; -1 if one isn't known

#endif
