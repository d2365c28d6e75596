// What the downloads of models and datasets share: asking the hub, and bringing its files into a folder.
//
// The folder is kept from the start: parts of files survive a cut, a kill, a pause and a cancel, and the next attempt
// goes on with them. What was fetched whole is checked by its hash and not fetched again.
#ifndef HW_TASK_DOWNLOAD_H
#define HW_TASK_DOWNLOAD_H

#include "jobs/progress_download.h"
#include "task/http_get.h"
#include "task/repo_listing.h"
#include "task/task.h"

struct fetch {
    struct task *task;
    const char *what;                                       // in the hub's addresses: "models", "datasets"
    const char *endpoint, *repo_id, *revision, *output_dir; // borrowed from the parameters
    double from, to;                                        // percent that fetching spans
    struct http_get *http;
    struct repo_listing listing;
    struct download bytes;
    struct progress progress;
    struct emission emission;
    int64_t fetched; // bytes that came over the network
    int current;     // the file that is fetched
    // Called for each file that is there whole, before the next is asked for; an error ends it. NULL: nothing.
    int (*arrived)(struct fetch *f, const struct repo_file *file, struct err *e);
};

// Checks the paths among the task's parameters, and opens what talks to the hub. fetch_release in every case.
int fetch_init(struct fetch *f, struct task *task, const json_t *params, const char *what, struct err *e);
void fetch_release(struct fetch *f);

// Asks the hub what the revision holds.
int fetch_list(struct fetch *f, struct err *e);
// Brings all files of the listing into output_dir, each whole and checked, with `spare` bytes of room beside them.
// Progress is told in bytes, within the phase that has begun.
int fetch_files(struct fetch *f, int64_t spare, struct err *e);

// HW_ECANCELLED at the task's end, if it was asked to pause: says so, and it is 0.
int fetch_end(struct fetch *f, int rc, struct err *e);
// The members of the result that both have.
json_t *fetch_result(const struct fetch *f, const char *path, double seconds);

static inline bool fetch_interrupted(const struct fetch *f)
{
    return task_stopping(f->task) || task_pausing(f->task);
}

#endif
