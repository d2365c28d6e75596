// headway: server, worker and command line. A table of sub-commands.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct command commands[] = {
    {"serve", cmd_serve, "start the server, the dashboard and a worker"},
    {"worker", cmd_worker, "start a worker for a server"},
    {"demo", cmd_demo, "start a server and run the whole pipeline on the sample model"},
    {"import", cmd_import, "make a model or a dataset on disk known to the server"},
    {"download", cmd_download, "bring a model or a dataset from a hub"},
    {"tokenize", cmd_tokenize, "turn a dataset into token ids"},
    {"extract", cmd_extract, "record a model's activations"},
    {"train", cmd_train, "train a sparse autoencoder"},
    {"finetune", cmd_finetune, "train a model's output side on a dataset"},
    {"run", cmd_run, "run a command here and show it as a job"},
    {"report", cmd_report, "tell the job that a script runs in: progress, metrics, results"},
    {"ls", cmd_ls, "list jobs, models, datasets, extractions, trainings"},
    {"watch", cmd_watch, "follow jobs live"},
    {"logs", cmd_logs, "print what a job wrote"},
    {"cancel", cmd_cancel, "cancel jobs"},
    {"pause", cmd_pause, "pause jobs"},
    {"resume", cmd_resume, "let paused jobs go on"},
    {"stop", cmd_stop, "let trainings finish early, with the result they have"},
    {"retry", cmd_retry, "try a job again, with parameters changed"},
    {"dismiss", cmd_dismiss, "take jobs out of the list of failures"},
    {"migrate", cmd_migrate, "bring the database's schema up to this version"},
    {"copy", cmd_copy, "copy the database from SQLite to PostgreSQL"},
    {"backup", cmd_backup, "write the whole database into a file, while the server runs"},
    {"restore", cmd_restore, "put a backup in the place of the database"},
    {"archive", cmd_archive, "move old metrics to the archive, or back"},
    {"version", cmd_version, "print the version"},
};

static void usage(FILE *to)
{
    fputs("usage: headway COMMAND [options]\n\nRuns machine-learning jobs and shows them live.\n\ncommands:\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n\"headway COMMAND --help\" says more. Settings are read from the environment, too: docs/settings.md.\n",
          to);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) return cmd_version(argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "headway: there is no command %s\n\n", argv[1]);
    usage(stderr);
    return CLI_USAGE;
}
