// headway backup: all of the database in one file, while its server runs.
#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "cli/args.h"
#include "cli/backup_text.h"
#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/progress_view.h"
#include "server/settings.h"
#include "store/backup.h"

enum { GIVE_WAY = 10 };

static const char HELP[] =
    "usage: headway backup FILE [--force] [--database-url URL] [--data FOLDER]\n\n"
    "Writes the whole database into one file, the archive of metrics included, as it is at one moment. The server may "
    "run\nand write; nobody waits for it. The file can be restored to SQLite and to PostgreSQL, whichever it is from "
    "(headway restore).\nModels, datasets, tokens, activations and checkpoints are files of their own, and are not in "
    "it.\n"
    "The database is the server's: DATABASE_URL, or SQLite in HEADWAY_DATA (docs/settings.md).\n\noptions:";

static int make(const struct settings *s, const char *file, bool force)
{
    struct meter m;
    struct err e = {0};
    struct backup_info info;
    char took[32];
    int64_t begun = clock_mono_us();
    (void)setpriority(PRIO_PROCESS, 0, GIVE_WAY); // the server's work goes before
    meter_begin(&m);
    const struct backup_watch w = {meter_step, &m};
    int rc = store_backup(s->database_url, file, force, &w, &info, &e);
    meter_end(&m);
    if (rc == HW_ECANCELLED) {
        fputs("headway backup: interrupted; nothing was written\n", stderr);
        return CLI_INTERRUPTED;
    }
    if (rc) return cli_report(&e);
    backup_text_print(file, &info);
    printf("  read back and found whole; %s in all\n", format_duration((double)(clock_mono_us() - begun) / 1e6, took));
    backup_text_print_missing();
    return CLI_OK;
}

int cmd_backup(int argc, char **argv)
{
    struct settings s;
    struct err e = {0};
    bool help, force = false;
    const struct arg_spec specs[] = {{"force", NULL, "replace FILE if it is there", NULL, &force}, {0}};
    if (settings_load(&s, &argc, argv, &help, &e) != 0) return cli_usage_error("backup", e.message);
    int rc = args_parse(&argc, argv, specs, &help, &e) == 0 ? CLI_OK : cli_usage_error("backup", e.message);
    if (rc == CLI_OK && help) {
        puts(HELP);
        args_print(stdout, specs);
    } else if (rc == CLI_OK && argc != 2) {
        rc = cli_usage_error("backup", "the name of one file is wanted");
    } else if (rc == CLI_OK) {
        rc = make(&s, argv[1], force);
    }
    settings_release(&s);
    return rc;
}
