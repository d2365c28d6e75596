// How far a download of several files is: bytes over the sum of their sizes; and when that is worth an event. Pure: it
// is told of bytes, and looks at no file. A size that nobody has said makes the whole unknown, not a guess.
#ifndef HW_JOBS_PROGRESS_DOWNLOAD_H
#define HW_JOBS_PROGRESS_DOWNLOAD_H

#include "jobs/kinds.h"
#include "jobs/progress.h"

// Of a dataset's download: resolving, downloading, verifying, indexing; ended by a name of NULL. A model's is one
// phase.
extern const struct phase_spec download_dataset_phases[];

struct download_file {
    int64_t size;  // -1: not known
    int64_t bytes; // there now
    bool over;     // finished, or missing: nothing more comes
};

struct download {
    struct download_file *files; // owned
    int n;
    int64_t found; // bytes on disk before it began, not yet told to the progress
};

#define DOWNLOAD_INIT ((struct download){0})
void download_release(struct download *d);

int download_add(struct download *d, int64_t size); // the file's index; size -1: not known
void download_size(struct download *d, int i, int64_t size);
void download_found(struct download *d, int i, int64_t bytes); // a part that an earlier run left: done, but no pace
void download_bytes(struct download *d, int i, int64_t bytes); // so many are there now; fewer if it began anew
void download_finished(struct download *d, int i);             // its size is what came
void download_missing(struct download *d, int i);              // there is no such file: nothing of it is to come

int64_t download_done(const struct download *d);
int64_t download_total(const struct download *d); // -1 while a file's size isn't known, or there is none
bool download_over(const struct download *d);     // every file is finished or missing (and there is one)

// Tells the progress, in bytes.
void download_report(struct download *d, struct progress *p, int64_t now_us);

// What a download says beside its bytes: "file 2 of 5: model.safetensors". And read again: the file, borrowed from the
// message, and its place; NULL, and -1, if the message is another.
enum { DOWNLOAD_MESSAGE_SIZE = 600 };
void download_message(char out[DOWNLOAD_MESSAGE_SIZE], int index, int count, const char *file);
const char *download_message_file(const char *message, int *index, int *count);

// ---- when an event is due -----------------------------------------------------------------------------------------

// The first, each whole percent passed, the end; and while bytes move at least each 2 s. Nothing while nothing moves:
// that it lives is said by heartbeats.
struct emission {
    bool begun;
    double percent;
    int64_t done, us;
};

#define EMISSION_INIT ((struct emission){0})

// Whether the progress is worth an event now; if so it counts as sent.
bool emission_due(struct emission *e, const struct progress *p, int64_t now_us);

#endif
