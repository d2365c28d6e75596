// What the sub-commands share: exit statuses, calls to the server, the table of commands.
#ifndef HW_CLI_CLI_H
#define HW_CLI_CLI_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

// Exit statuses, the same for every command (docs/cli.md).
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,      // it was done, and failed: a job failed, the server refused
    CLI_USAGE = 2,       // the command line can't be understood
    CLI_UNREACHABLE = 3, // no server answers
    CLI_INTERRUPTED = 130,
};

struct command {
    const char *name;
    int (*run)(int argc, char **argv); // argv[0] is the command's name; returns an exit status
    const char *summary;
};

int cmd_serve(int argc, char **argv);
int cmd_worker(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_download(int argc, char **argv);
int cmd_tokenize(int argc, char **argv);
int cmd_extract(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_finetune(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_cancel(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_retry(int argc, char **argv);
int cmd_dismiss(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_copy(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_archive(int argc, char **argv);
int cmd_version(int argc, char **argv);

// Prints "headway COMMAND: message" and a hint at --help; returns CLI_USAGE.
int cli_usage_error(const char *command, const char *message);

// "--server" as given, else HEADWAY_URL, else http://127.0.0.1:8080.
const char *cli_server_url(const char *option);

// Makes a Ctrl-C (SIGINT, SIGTERM) readable on the descriptor returned instead of ending the process; -1 on failure
// (said).
int cli_catch_interrupt(void);

// ---- calls to the server ------------------------------------------------------------------------------------------

struct api;

// HW_EVALIDATION for a malformed URL.
int api_open(struct api **out, const char *server_url, struct err *e);
void api_close(struct api *a);

// POSTs or GETs below /api/v1. `body` is borrowed, NULL: none. 0 and *reply (the caller's), or an error that says what
// the server said (its code mapped back) or why it can't be reached (HW_EUNAVAILABLE).
int api_call(struct api *a, const char *method, const char *path, const json_t *body, json_t **reply, struct err *e);

// Prints the error as "headway: message" and gives the exit status that fits it.
int cli_report(const struct err *e);

#endif
