// headway run: a program as a job, where it is called.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "run/run.h"

// Where the program's own words begin: after "--", or at the first word that is neither an option of ours nor its
// value.
static int command_at(int argc, char **argv, const struct arg_spec *specs)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) return i;
        if (argv[i][0] != '-') return i;
        for (const struct arg_spec *s = specs; s->name; s++)
            if (s->value && strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, s->name) == 0) i++;
    }
    return argc;
}

int cmd_run(int argc, char **argv)
{
    struct run_options o = {0};
    const char *server = NULL;
    bool help = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"name", "NAME", "of the job (default: the command)", &o.name, NULL},
        {"gpu", "N", "run on that GPU: CUDA_VISIBLE_DEVICES, and a job of the class gpu", &o.gpu, NULL},
        {"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &server, NULL},
        {0},
    };
    int at = command_at(argc, argv, specs), ours = at;
    char *first = at < argc ? argv[at] : NULL;
    char **program = first && strcmp(first, "--") == 0 ? argv + at + 1 : argv + at;
    if (at < argc) argv[at] = NULL;
    int rc = args_parse(&ours, argv, specs, &help, &e);
    if (at < argc) argv[at] = first;
    if (rc) return cli_usage_error("run", e.message);
    if (help) {
        puts("usage: headway run [options] -- COMMAND [ARGUMENT…]\n\nRuns a command here, with its terminal unchanged, "
             "and shows it as a job: its output, the progress bar it draws\nor what it writes to HEADWAY_FD, what it "
             "uses. Its exit status is the command's. A server that is away\nchanges nothing for the "
             "command.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (!*program) return cli_usage_error("run", "the command is missing");
    if (o.name && (!*o.name || strlen(o.name) > 160)) return cli_usage_error("run", "--name has 1 to 160 bytes");
    log_set_level(LOG_OFF); // the terminal is the command's
    o.argv = program;
    o.server_url = cli_server_url(server);
    return run_command(&o);
}
