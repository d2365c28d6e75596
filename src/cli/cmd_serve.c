// headway serve: the server, its dashboard and a worker.
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/cli.h"
#include "server/serve.h"
#include "server/settings.h"

int cmd_serve(int argc, char **argv)
{
    struct settings s;
    struct err e = {0};
    bool help;
    if (settings_load(&s, &argc, argv, &help, &e) != 0) {
        fprintf(stderr, "headway serve: %s\n", e.message);
        return CLI_USAGE;
    }
    unsetenv("DATABASE_URL"); // it may hold a password, and the worker and its jobs have no use for it
    int rc = CLI_OK;
    if (help) {
        puts("usage: headway serve [options]\n\nStarts the server with its dashboard, and a worker on this host. "
             "Ctrl-C stops both in order.\n"
             "Each option can be set in the environment, too (docs/settings.md).\n\noptions:");
        settings_print_help(stdout);
    } else if (argc > 1) {
        char text[160];
        snprintf(text, sizeof text, "%.100s isn't understood", argv[1]);
        rc = cli_usage_error("serve", text);
    } else {
        if (s.verbose) log_set_level(LOG_DEBUG);
        rc = serve_run(&s, &e) == 0 ? CLI_OK : cli_report(&e);
    }
    settings_release(&s);
    return rc;
}
