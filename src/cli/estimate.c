// What a job would take, for people.
#include <stdio.h>

#include "cli/progress_view.h"
#include "cli/submit.h"

static const char *text_in(const json_t *obj, const char *key)
{
    const char *s = json_string_value(json_object_get(obj, key));
    return s ? s : "";
}

static void print_bytes(const char *what, const json_t *estimate, const char *need, const char *have)
{
    const json_t *free_bytes = json_object_get(estimate, have);
    char a[32], b[32];
    printf("%-7s %s", what, format_bytes(json_number_value(json_object_get(estimate, need)), a));
    if (json_is_number(free_bytes))
        printf(" of %s free\n", format_bytes(json_number_value(free_bytes), b));
    else
        printf("; what is free where it will run isn't known\n");
}

static void print_time(const json_t *estimate)
{
    const json_t *seconds = json_object_get(estimate, "seconds");
    const char *basis = text_in(json_object_get(estimate, "basis"), "seconds");
    char low[32], high[32];
    if (json_is_object(seconds))
        printf("%-7s %s to %s, by %s\n", "time",
               format_duration(json_number_value(json_object_get(seconds, "low")), low),
               format_duration(json_number_value(json_object_get(seconds, "high")), high), basis);
    else
        printf("%-7s not known: %s\n", "time", basis);
}

int estimate_print(const json_t *estimate, bool as_json)
{
    const json_t *fits = json_object_get(estimate, "fits"), *suggestion = json_object_get(estimate, "suggestion");
    int rc = json_is_false(fits) ? CLI_FAILED : CLI_OK;
    if (as_json) {
        json_dumpf(estimate, stdout, JSON_INDENT(2));
        puts("");
        return rc;
    }
    print_bytes("memory", estimate, "memory_bytes", "memory_available_bytes");
    print_bytes("disk", estimate, "disk_bytes", "disk_free_bytes");
    print_time(estimate);
    if (rc) printf("does not fit: %s\n", text_in(estimate, "reason"));
    if (json_is_object(suggestion)) {
        printf("%s ", text_in(suggestion, "field"));
        json_dumpf(json_object_get(suggestion, "value"), stdout, JSON_ENCODE_ANY | JSON_COMPACT);
        puts(" would fit");
    }
    return rc;
}
