#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

int cli_usage_error(const char *command, const char *message)
{
    fprintf(stderr, "headway %s: %s\nTry \"headway %s --help\".\n", command, message, command);
    return CLI_USAGE;
}

const char *cli_server_url(const char *option)
{
    if (option) return option;
    const char *env = getenv("HEADWAY_URL");
    return env && *env ? env : "http://127.0.0.1:8080";
}

int cli_catch_interrupt(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0) {
        int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd >= 0) return fd;
    }
    fprintf(stderr, "headway: can't watch for signals: %s\n", strerror(errno));
    return -1;
}

int cli_report(const struct err *e)
{
    fprintf(stderr, "headway: %s\n", e->message);
    return e->code == HW_EUNAVAILABLE ? CLI_UNREACHABLE : CLI_FAILED;
}
