// Following jobs live, from the same Socket.IO events that the dashboard uses.
#ifndef HW_CLI_FOLLOW_H
#define HW_CLI_FOLLOW_H

#include "cli/cli.h"
#include "cli/progress_view.h"
#include "client/sio_client.h"

struct follower;

// Connects by itself when first pumped. `interrupt_fd`: from cli_catch_interrupt, or -1.
int follower_new(struct follower **out, const char *server_url, struct api *api, int interrupt_fd, struct err *e);
void follower_free(struct follower *f);

// Shows the job (a Job object of the REST interface, borrowed) and keeps it up to date.
void follower_add(struct follower *f, const json_t *job);
// Shows every job that is active now or comes later.
int follower_add_all(struct follower *f, struct err *e);

enum follow_end { FOLLOW_DONE, FOLLOW_INTERRUPTED };
// Draws until none of the jobs shown is active any more, or until an interrupt. `forever`: goes on when all have ended.
enum follow_end follower_run(struct follower *f, bool forever);

const char *follower_status(const struct follower *f, const char *job_id); // "completed", …

// The whole of it for one job that was just submitted: follows it to its end and says how it ended. An exit status.
int follow_job(const char *server_url, struct api *api, const json_t *job);

#endif
