// headway copy: an SQLite database's rows into PostgreSQL, and both compared.
#include <inttypes.h>
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "store/copy.h"

static void copied(void *ctx, const char *table, int64_t n, int64_t rows)
{
    (void)ctx;
    printf("%-26s %10" PRId64 " rows copied, %10" PRId64 " on both sides, the same\n", table, n, rows);
    fflush(stdout);
}

int cmd_copy(int argc, char **argv)
{
    const char *from = NULL, *to = NULL;
    bool help = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"from", "URL", "sqlite:PATH; its server must be stopped", &from, NULL},
        {"to", "URL", "postgresql://USER@HOST/DATABASE, which no server uses yet", &to, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("copy", e.message);
    if (help) {
        puts("usage: headway copy --from URL --to URL\n\nCopies the database to another, and compares both row by row. "
             "What was cut off is gone on with when it is\ncalled again. Models, datasets and what jobs have made are "
             "files, and stay where they are.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc > 1 || !from || !to) return cli_usage_error("copy", "--from and --to are wanted, and nothing else");
    return store_copy(from, to, copied, NULL, &e) == 0 ? CLI_OK : cli_report(&e);
}
