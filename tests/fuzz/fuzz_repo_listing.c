// What a hub says of a repository (task/repo_listing.h): no answer brings a name into a download that could lie outside
// its folder, whichever files are asked for.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/repo_names.h"
#include "task/repo_listing.h"

static void check(struct repo_listing *l)
{
    for (int i = 0; i < l->n; i++) {
        const struct repo_file *f = &l->files[i];
        assert(repo_file_ok(slice_str(f->name)));
        assert(f->size >= -1);
        assert(strlen(f->digest) == (f->digest_kind == DIGEST_NONE ? 0u : f->digest_kind == DIGEST_GIT ? 40u : 64u));
        assert(i == 0 || strcmp(f->name, l->files[i - 1].name) != 0);
    }
    (void)repo_listing_size(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice body = slice_of(data, n);
    struct repo_listing l;
    struct err e = {0};
    if (repo_listing_read(body, &l, &e) != 0) return 0;
    assert(strlen(l.commit) == 0 || strlen(l.commit) == 40);
    if (repo_listing_keep_model(&l, "owner/name", NULL, &e) == 0) check(&l);
    repo_listing_release(&l);

    // Whatever it lists, asked for by name.
    if (repo_listing_read(body, &l, &e) != 0) return 0;
    json_t *names = json_array();
    for (int i = 0; i < l.n && i < 20; i++) json_array_append_new(names, json_string(l.files[i].name));
    if (json_array_size(names) && repo_listing_keep_model(&l, "owner/name", names, &e) == 0) check(&l);
    json_decref(names);
    repo_listing_release(&l);

    for (int i = 0; i < 2; i++) {
        const char *split = i ? "test" : NULL;
        if (repo_listing_read(body, &l, &e) != 0) return 0;
        if (repo_listing_keep_dataset(&l, "owner/name", &split, &e) == 0) check(&l);
        repo_listing_release(&l);
    }
    return 0;
}
