// Names of a model hub's repositories, revisions and files, and the hub's own address: what may be asked for, and what
// of an answer may become a path on this machine. Pure.
#ifndef HW_JOBS_REPO_NAMES_H
#define HW_JOBS_REPO_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

enum { REPO_ID_MAX = 200, REPO_REVISION_MAX = 200, REPO_FILE_MAX = 512 };

#define REPO_ENDPOINT_DEFAULT "https://huggingface.co"

bool repo_id_ok(struct slice id);             // "gpt2" or "owner/name": letters, digits, "_", ".", "-"
bool repo_revision_ok(struct slice revision); // a branch, a tag or a commit: the same, and "/" between parts
// A file's path within the repository that can be one below a folder of ours: relative, no "..", no control characters,
// no backslash, and none of the names that a download keeps for itself (*.part, *.part.json, *.tmp).
bool repo_file_ok(struct slice path);
// "http://host:port" or https, perhaps with a path; no user, no query, no slash at the end.
bool repo_endpoint_ok(struct slice url);

// Whether a file belongs to a split ("train"), by the words of its path: data/train-00000-of-00002.jsonl does.
bool repo_file_in_split(struct slice path, struct slice split);

#endif
