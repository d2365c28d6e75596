// Jobs as live progress bars in a terminal, fed with the events that the server pushes. On anything but a terminal it
// prints a line when a job's phase or status changes, so that a log stays readable.
#ifndef HW_CLI_PROGRESS_VIEW_H
#define HW_CLI_PROGRESS_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"

struct progress_view;

struct progress_view *progress_view_new(FILE *to);
void progress_view_free(struct progress_view *v);

// A job as the server shows it (Job, operation:* payload, job:* payload): members that are there replace what is known.
void progress_view_update(struct progress_view *v, const json_t *job);
// The training's live values (training:progress payload), shown beside the bar of `job_id`.
void progress_view_training(struct progress_view *v, const char *job_id, const json_t *values);
// A line of its own under the bars: "reconnecting …"; NULL takes it away.
void progress_view_note(struct progress_view *v, const char *text);

// The status last seen of a job; "" if it is unknown.
const char *progress_view_status(const struct progress_view *v, const char *job_id);
const char *progress_view_error(const struct progress_view *v, const char *job_id);
// Some job isn't at its end.
bool progress_view_active(const struct progress_view *v);
void progress_view_draw(struct progress_view *v);   // at most 10 times a second, whatever is asked
void progress_view_finish(struct progress_view *v); // draws a last time and leaves the cursor below

// "1 m 05 s", "3 h 12 m"; "12.3k", "4.20 MB": for tables too. Each returns `out`.
char *format_duration(double seconds, char out[32]);
char *format_progress(double percent, char out[32]); // "100.0 %" at the end only; NaN: an en dash
char *format_count(double v, char out[32]);
char *format_bytes(double v, char out[32]);

#endif
