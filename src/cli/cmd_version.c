#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"

int cmd_version(int argc, char **argv)
{
    bool json = false, help = false;
    struct err e = {0};
    const struct arg_spec specs[] = {{"json", NULL, "as a JSON object", NULL, &json}, {0}};
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("version", e.message);
    if (help) {
        puts("usage: headway version [--json]");
        return CLI_OK;
    }
    printf(json ? "{\"version\":\"%s\"}\n" : "headway %s\n", HEADWAY_VERSION);
    return CLI_OK;
}
