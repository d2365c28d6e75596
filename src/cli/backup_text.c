#include "cli/backup_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/progress_view.h"

void backup_text_print(const char *file, const struct backup_info *i)
{
    static const struct {
        const char *table, *one, *many;
    } known[] = {
        {"jobs", "job", "jobs"},
        {"models", "model", "models"},
        {"datasets", "dataset", "datasets"},
        {"extractions", "extraction", "extractions"},
        {"trainings", "training", "trainings"},
        {"checkpoints", "checkpoint", "checkpoints"},
        {"training_metrics", "row of metrics", "rows of metrics"},
    };
    char size[32], at[CLOCK_RFC3339_SIZE];
    clock_format(i->taken_at, at);
    printf("%s: %s, of %s\n", file, format_bytes((double)i->bytes, size), at);
    printf("  from %s, schema version %" PRId64 ", made by headway %s\n ",
           i->backend[0] == 's' ? "SQLite" : "PostgreSQL", i->schema, i->program);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        int64_t n = backup_rows(i, known[k].table);
        printf("%s %" PRId64 " %s", k ? "," : "", n, n == 1 ? known[k].one : known[k].many);
    }
    printf(", %" PRId64 " archived %s\n", i->archived, i->archived == 1 ? "one" : "ones");
}

void backup_text_print_missing(void)
{
    puts("It holds the database. Models, datasets, tokens, activations and checkpoints are files, and not in it.");
}
