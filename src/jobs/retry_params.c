// What to change before trying again: half of every batch size that the parameters name, wherever they name it. Nothing
// else: a shorter context or a smaller model would be another experiment.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/errors.h"

enum { DEPTH_MAX = 8 };

// By the names that trainers use. Each is a count of samples that are in memory at once.
static const char *const names[] = {
    "batch_size",
    "train_batch_size",
    "eval_batch_size",
    "micro_batch_size",
    "per_device_batch_size",
    "per_device_train_batch_size",
    "per_device_eval_batch_size",
    "per_gpu_train_batch_size",
    "micro_batch_size_per_gpu",
    "train_micro_batch_size_per_gpu",
    "batch_size_per_gpu",
};

// "--per-device-train-batch-size" and "trainer.batch_size" are names too.
static bool is_batch(struct slice name)
{
    while (name.n && name.p[0] == '-') name.p++, name.n--;
    for (size_t i = name.n; i-- > 0;) {
        if (name.p[i] != '.') continue;
        name = slice_of(name.p + i + 1, name.n - i - 1);
        break;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t k = 0;
        while (k < name.n && names[i][k] && (name.p[k] == '-' ? '_' : name.p[k]) == names[i][k]) k++;
        if (k == name.n && !names[i][k]) return true;
    }
    return false;
}

static json_t *halved(const json_t *v, int depth);

static json_t *halved_object(const json_t *v, int depth)
{
    json_t *out = NULL;
    const char *key;
    json_t *it;
    json_object_foreach((json_t *)(uintptr_t)v, key, it)
    {
        json_t *half = NULL;
        if (json_is_integer(it) && json_integer_value(it) >= 2 && is_batch(slice_str(key)))
            half = json_integer(json_integer_value(it) / 2);
        else if (!json_is_integer(it))
            half = halved(it, depth + 1);
        if (!half) continue;
        if (!out) out = json_copy((json_t *)(uintptr_t)v);
        if (!out || json_object_set_new(out, key, half) != 0) mem_exhausted(0);
    }
    return out;
}

// "32" → 16; 0 if it isn't a whole number of at least 2.
static int64_t half_of_text(const char *s)
{
    char *end;
    long long v = *s >= '0' && *s <= '9' ? strtoll(s, &end, 10) : 0;
    return v >= 2 && *end == 0 ? v / 2 : 0;
}

// A command's words: "--batch-size", "32" and "--batch-size=32" and "batch_size=32".
static json_t *halved_words(const json_t *v)
{
    json_t *out = NULL;
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *word = json_string_value(json_array_get(v, i)), *next = json_string_value(json_array_get(v, i + 1));
        const char *eq = word ? strchr(word, '=') : NULL;
        char text[512];
        size_t at = i;
        if (!word || strlen(word) > 400) continue;
        if (eq && is_batch(slice_of(word, (size_t)(eq - word))) && half_of_text(eq + 1))
            snprintf(text, sizeof text, "%.*s=%lld", (int)(eq - word), word, (long long)half_of_text(eq + 1));
        else if (!eq && word[0] == '-' && next && is_batch(slice_str(word)) && half_of_text(next))
            snprintf(text, sizeof text, "%lld", (long long)half_of_text(next)), at = i + 1;
        else
            continue;
        if (!out) out = json_copy((json_t *)(uintptr_t)v);
        if (!out || json_array_set_new(out, at, json_string(text)) != 0) mem_exhausted(0);
    }
    return out;
}

// A copy with the batch sizes halved; NULL if it names none.
static json_t *halved(const json_t *v, int depth)
{
    if (depth > DEPTH_MAX) return NULL;
    if (json_is_object(v)) return halved_object(v, depth);
    return json_is_array(v) ? halved_words(v) : NULL;
}

json_t *job_suggest_retry(const char *error_type, const json_t *params)
{
    if (strcmp(error_type, "OOM") != 0 && strcmp(error_type, "TIMEOUT") != 0) return NULL;
    json_t *all = halved(params, 0), *out = NULL;
    const char *key;
    json_t *it;
    // Only the members that change: a retry puts them in the place of those that were.
    json_object_foreach(all, key, it)
    {
        if (json_equal(it, json_object_get(params, key))) continue;
        if (!out) out = json_object();
        if (!out || json_object_set(out, key, it) != 0) mem_exhausted(0);
    }
    json_decref(all);
    return out;
}
