// headway tokenize, extract, train, finetune: a job each.
#include <stdio.h>

#include "cli/submit.h"

static void prepare_tokenize(char **argv, const char *model, json_t *body, char *path, size_t size)
{
    json_object_set_new(body, "model_id", json_string(model));
    snprintf(path, size, "/datasets/%s/tokenize", argv[1]);
}

int cmd_tokenize(int argc, char **argv)
{
    static const struct submit s = {
        .command = "tokenize",
        .usage = "DATASET --model MODEL [options]",
        .about = "Turns an imported dataset's text into token ids with an imported model's tokenizer.",
        .kind = "tokenize",
        .positional = 1,
        .prepare = prepare_tokenize,
        .wants_model = true,
    };
    return submit_run(&s, argc, argv);
}

static void prepare_extract(char **argv, const char *model, json_t *body, char *path, size_t size)
{
    (void)model;
    json_object_set_new(body, "dataset_id", json_string(argv[2]));
    snprintf(path, size, "/models/%s/extractions", argv[1]);
}

int cmd_extract(int argc, char **argv)
{
    static const struct submit s = {
        .command = "extract",
        .usage = "MODEL DATASET --layers 2 [options]",
        .about = "Runs a model over a tokenized dataset and keeps the activations of the layers and hooks named.",
        .kind = "extract",
        .positional = 2,
        .prepare = prepare_extract,
    };
    return submit_run(&s, argc, argv);
}

static void prepare_train(char **argv, const char *model, json_t *body, char *path, size_t size)
{
    (void)model;
    json_object_set_new(body, "extraction_id", json_string(argv[1]));
    snprintf(path, size, "/trainings");
}

int cmd_train(int argc, char **argv)
{
    static const struct submit s = {
        .command = "train",
        .usage = "EXTRACTION [options]",
        .about = "Trains a sparse autoencoder on extracted activations, one for each layer.",
        .kind = "train_sae",
        .positional = 1,
        .prepare = prepare_train,
        .estimate = "/trainings/estimate",
    };
    return submit_run(&s, argc, argv);
}

int cmd_finetune(int argc, char **argv)
{
    static const struct submit s = {
        .command = "finetune",
        .usage = "MODEL DATASET [options]",
        .about = "Trains a model's output side on a tokenized dataset; the result is a model that can be imported.",
        .kind = "fine_tune",
        .positional = 2,
        .ids = {"model_id", "dataset_id"},
    };
    return submit_run(&s, argc, argv);
}
