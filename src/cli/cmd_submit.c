// headway tokenize, extract, train, finetune, download: a job each.
#include <stdio.h>
#include <string.h>

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

static void prepare_download(char **argv, const char *model, json_t *body, char *path, size_t size)
{
    (void)model;
    json_object_set_new(body, "repo_id", json_string(argv[1]));
    snprintf(path, size, "/%ss", argv[0]);
}

int cmd_download(int argc, char **argv)
{
    static const char about[] =
        "Brings it from the hub that the server is set to (HF_ENDPOINT), checks it, and makes it "
        "known to the server.\nWhat is private needs HF_TOKEN in the worker's environment.";
    static const struct submit kinds[] = {
        {.command = "download",
         .usage = "model REPO [options]",
         .about = about,
         .kind = "download_model",
         .positional = 1,
         .argument = "repo_id",
         .prepare = prepare_download},
        {.command = "download",
         .usage = "dataset REPO [options]",
         .about = about,
         .kind = "download_dataset",
         .positional = 1,
         .argument = "repo_id",
         .prepare = prepare_download},
    };
    bool model = argc > 1 && strcmp(argv[1], "model") == 0;
    if (model || (argc > 1 && strcmp(argv[1], "dataset") == 0))
        return submit_run(&kinds[model ? 0 : 1], argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("usage: headway download model REPO [options]\n       headway download dataset REPO [options]\n\n%s\n\n"
               "\"headway download model --help\" and \"headway download dataset --help\" list the options.\n",
               about);
        return CLI_OK;
    }
    return cli_usage_error("download", "wanted is \"model REPO\" or \"dataset REPO\"");
}
