// headway restore: a backup in the place of the database.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/args.h"
#include "cli/backup_text.h"
#include "cli/cli.h"
#include "cli/meter.h"
#include "jobs/queue.h"
#include "server/data_lock.h"
#include "server/settings.h"
#include "store/restore.h"
#include "store/store.h"

static const char HELP[] =
    "usage: headway restore FILE [--force] [--database-url URL] [--data FOLDER]\n"
    "       headway restore --check FILE\n\n"
    "Puts what headway backup has written in the place of the database, which no server may use. Jobs that ran when it "
    "was\nmade are queued again if they have attempts left, else they have failed: nothing runs.\n"
    "The database is the server's: DATABASE_URL, or SQLite in HEADWAY_DATA (docs/settings.md).\n\noptions:";

// What the backup says is running isn't, whoever ran it.
static int end_running(const char *url, const struct backup_info *info, int *jobs, struct err *e)
{
    struct store *s;
    char at[CLOCK_RFC3339_SIZE], why[128];
    clock_format(info->taken_at, at);
    snprintf(why, sizeof why, "the database was restored from a backup of %s, when the job ran", at);
    int rc = store_open(&s, url, e);
    if (rc) return rc;
    rc = queue_lose_all(s, why, jobs, e);
    store_close(s);
    return rc;
}

static int restore(const struct settings *s, const char *file, bool force, struct backup_watch w, struct err *e)
{
    struct restore *r = NULL;
    struct backup_info info;
    const struct restore_options o = {.url = s->database_url, .folder = s->data, .force = force, .watch = w};
    int jobs = 0;
    int rc = restore_begin(&r, file, &o, &info, e);
    if (!rc) rc = end_running(restore_url(r), &info, &jobs, e);
    if (!rc) rc = restore_finish(r, e);
    if (!rc) {
        backup_text_print(file, &info);
        puts("  restored");
        if (jobs)
            printf("  %d %s under way when it was made; queued again, or failed\n", jobs,
                   jobs == 1 ? "job was" : "jobs were");
        if (*restore_kept(r)) printf("The database that was there is now %s\n", restore_kept(r));
        backup_text_print_missing();
    }
    restore_free(r);
    return rc;
}

static int run(const struct settings *s, const char *file, bool force, bool check)
{
    struct meter m;
    struct err e = {0};
    struct backup_info info;
    int lock = -1, rc;
    meter_begin(&m);
    const struct backup_watch w = {meter_step, &m};
    if (check) {
        rc = backup_check(file, &w, &info, &e);
    } else {
        rc = file_mkdirs(s->data, &e);
        if (!rc) rc = data_lock_take(s->data, "headway restore", &lock, &e);
        if (!rc) rc = restore(s, file, force, w, &e);
        if (lock >= 0) close(lock);
    }
    meter_end(&m);
    if (rc == HW_ECANCELLED) {
        fputs("headway restore: interrupted; the database is as it was\n", stderr);
        return CLI_INTERRUPTED;
    }
    if (rc) return cli_report(&e);
    if (check) {
        backup_text_print(file, &info);
        puts("  read and found whole");
    }
    return CLI_OK;
}

int cmd_restore(int argc, char **argv)
{
    struct settings s;
    struct err e = {0};
    bool help, force = false, check = false;
    const struct arg_spec specs[] = {
        {"force", NULL, "also where there is something: SQLite's files are put aside, PostgreSQL's rows are gone", NULL,
         &force},
        {"check", NULL, "only say what is in FILE, and whether it is whole", NULL, &check},
        {0},
    };
    if (settings_load(&s, &argc, argv, &help, &e) != 0) return cli_usage_error("restore", e.message);
    int rc = args_parse(&argc, argv, specs, &help, &e) == 0 ? CLI_OK : cli_usage_error("restore", e.message);
    if (rc == CLI_OK && help) {
        puts(HELP);
        args_print(stdout, specs);
    } else if (rc == CLI_OK && argc != 2) {
        rc = cli_usage_error("restore", "the name of one file is wanted");
    } else if (rc == CLI_OK) {
        rc = run(&s, argv[1], force, check);
    }
    settings_release(&s);
    return rc;
}
