// Submitting a job of a kind, with its parameters as options: made from the table of kinds, so a new parameter is an
// option by itself.
#ifndef HW_CLI_SUBMIT_H
#define HW_CLI_SUBMIT_H

#include "cli/args.h"
#include "cli/cli.h"

enum { SUBMIT_ARGS_MAX = 64 };

// What a submitting command adds to the kind's own parameters.
struct submit {
    const char *command;  // its name
    const char *usage;    // the positional arguments, "EXTRACTION [options]"
    const char *about;    // the first lines of the help
    const char *kind;     // job kind whose parameters become options
    int positional;       // how many arguments are wanted
    const char *argument; // the parameter that the positional argument is, and no option; NULL: none
    // What the positional arguments are, for a kind that is submitted to /jobs; such a kind needs no prepare.
    const char *ids[3];
    // Makes path and puts what isn't a parameter into the body; argv[1…] are the positional arguments.
    void (*prepare)(char **argv, const char *model, json_t *body, char *path, size_t path_size);
    bool wants_model;     // has --model, required
    const char *estimate; // has --estimate, which posts the same body here; NULL: it hasn't
};

int submit_run(const struct submit *s, int argc, char **argv);

// Prints what `POST /trainings/estimate` answered: for people, or as it came. CLI_FAILED if it is known not to fit.
int estimate_print(const json_t *estimate, bool as_json);

#endif
