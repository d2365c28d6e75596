// Command-line options from a table: "--name value", "--name=value", flags; "--" ends them. Long options only, and -h.
#ifndef HW_CLI_ARGS_H
#define HW_CLI_ARGS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct arg_spec {
    const char *name;       // without the dashes; NULL ends the table
    const char *value_name; // shown in the help; NULL: a flag
    const char *help;       // one line
    const char **value;     // where the value goes (borrowed from argv); flags: NULL
    bool *flag;             // where true goes; options with a value: NULL
};

// Takes the options out of argv (argc is what is left, positional arguments only, argv[0] included). HW_EINVALID names
// the option.
// `-h`, `--help`: *help becomes true.
int args_parse(int *argc, char **argv, const struct arg_spec *specs, bool *help, struct err *e);

// The options' lines of a help text.
void args_print(FILE *to, const struct arg_spec *specs);

#endif
