// headway-task: the numerical jobs, one process each. It may crash, leak, be killed or run out of memory without
// anything else noticing more than "this job failed, and why".
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "task/task.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANCELLED = 130, PARAMS_MAX = 1 << 20 };

static const struct {
    const char *name;
    int (*run)(struct task *t, struct err *e);
    const char *summary;
} kinds[] = {
    {"tokenize", task_tokenize, "text to token ids, with a Hugging Face tokenizer.json"},
    {"extract", task_extract, "token ids to a transformer's activations"},
    {"train_sae", task_train_sae, "activations to a sparse autoencoder"},
    {"fine_tune", task_fine_tune, "token ids and a model to a model that predicts them better"},
    {"download_model", task_download_model, "a model's files from a hub"},
    {"download_dataset", task_download_dataset, "a dataset's text files from a hub"},
};

// A signal handler can reach nothing else: the flags are the process's, handed to the task by pointer.
static atomic_int stop_flag, pause_flag, finish_flag;

static void on_signal(int sig)
{
    atomic_store(sig == SIGUSR1 ? &pause_flag : sig == SIGUSR2 ? &finish_flag : &stop_flag, 1);
}

static void usage(FILE *to)
{
    fputs("usage: headway-task KIND --params FILE\n"
          "       headway-task inspect model|dataset PATH\n\n"
          "Runs one numerical job. Progress goes to the descriptor named by HEADWAY_FD, else to standard output,\n"
          "as JSON lines. SIGTERM stops it at the next safe point. SIGUSR1 makes a training leave a checkpoint and "
          "end, SIGUSR2\n"
          "makes it finish early with the result it has.\n\nkinds:\n",
          to);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        fprintf(to, "  %-16s %s\n", kinds[i].name, kinds[i].summary);
}

static int inspect(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[2], "model") != 0 && strcmp(argv[2], "dataset") != 0)) {
        usage(stderr);
        return EXIT_USAGE;
    }
    struct err e = {0};
    json_t *v = strcmp(argv[2], "model") == 0 ? inspect_model(argv[3], &e) : inspect_dataset(argv[3], &e);
    if (!v) {
        fprintf(stderr, "%s\n", e.message);
        return EXIT_FAILED;
    }
    int rc = json_dumpf(v, stdout, JSON_COMPACT) == 0 && puts("") >= 0 && fflush(stdout) == 0 ? 0 : EXIT_FAILED;
    json_decref(v);
    return rc;
}

static int run(int (*kind)(struct task *, struct err *), const char *params_path)
{
    struct err e = {0};
    struct buf text = BUF_INIT;
    struct wire_writer *out = wire_writer_new(wire_fd_from_env());
    json_t *params = NULL;
    int rc = file_read(params_path, PARAMS_MAX, &text, &e);
    if (!rc) {
        params = json_read_object(buf_slice(&text), &e);
        if (!params) rc = e.code;
    }
    if (!rc) {
        struct task t = {
            .params = params, .out = out, .stop = &stop_flag, .pause = &pause_flag, .finish = &finish_flag};
        rc = kind(&t, &e);
    }
    if (rc == HW_ECANCELLED) err_set(&e, HW_ECANCELLED, "stopped on request");
    if (rc) {
        wire_error(out, &e, NULL);
        fprintf(stderr, "%s\n", e.message);
    }
    json_decref(params);
    buf_release(&text);
    wire_writer_free(out);
    return rc == 0 ? 0 : rc == HW_ECANCELLED ? EXIT_CANCELLED : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage(stdout);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("headway-task %s\n", HEADWAY_VERSION);
        return 0;
    }
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    static const int asked[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) sigaction(asked[i], &sa, NULL);
    signal(SIGPIPE, SIG_IGN);

    if (argc >= 2 && strcmp(argv[1], "inspect") == 0) return inspect(argc, argv);
    if (argc == 4 && strcmp(argv[2], "--params") == 0) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (strcmp(argv[1], kinds[i].name) == 0) return run(kinds[i].run, argv[3]);
        fprintf(stderr, "headway-task: no such kind: %s\n\n", argv[1]);
    }
    usage(stderr);
    return EXIT_USAGE;
}
