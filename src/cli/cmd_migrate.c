// headway migrate: brings the database's schema up to this program's, and says what it did. A server does the same when
// it starts; this is for who wants to do it before, or as another user of the database.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "server/settings.h"
#include "store/store.h"

static void applied(void *ctx, int version, const char *name)
{
    int *n = ctx;
    ++*n;
    printf("applied migration %d (%s)\n", version, name);
}

static int migrate(const struct settings *s, struct err *e)
{
    int n = 0;
    // SQLite's file lies in the data folder, unless it was said where.
    int rc = strncmp(s->database_url, "sqlite:", 7) == 0 ? file_mkdirs(s->data, e) : 0;
    if (!rc) rc = store_migrate(s->database_url, applied, &n, e);
    if (!rc && n == 0) puts("nothing to do: the schema is this version's");
    return rc;
}

int cmd_migrate(int argc, char **argv)
{
    struct settings s;
    struct err e = {0};
    bool help;
    if (settings_load(&s, &argc, argv, &help, &e) != 0) {
        fprintf(stderr, "headway migrate: %s\n", e.message);
        return CLI_USAGE;
    }
    int rc = CLI_OK;
    if (help) {
        puts("usage: headway migrate [--database-url URL] [--data FOLDER]\n\n"
             "Brings the database's schema up to this version. A server does so when it starts; of several that do it "
             "at "
             "once one does the work.\n"
             "The database is the server's: DATABASE_URL, or SQLite in HEADWAY_DATA (docs/settings.md).");
    } else if (argc > 1) {
        char text[160];
        snprintf(text, sizeof text, "%.100s isn't understood", argv[1]);
        rc = cli_usage_error("migrate", text);
    } else {
        rc = migrate(&s, &e) == 0 ? CLI_OK : cli_report(&e);
    }
    settings_release(&s);
    return rc;
}
