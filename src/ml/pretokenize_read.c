// Reading the pre_tokenizer member of a tokenizer.json.
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "ml/pretokenize.h"
#include "ml/pretokenize_gpt2.h"

static const struct {
    const char *name;
    enum split_behavior behavior;
} behaviors[] = {
    {"Isolated", SPLIT_ISOLATED},        {"Removed", SPLIT_REMOVED},
    {"Contiguous", SPLIT_CONTIGUOUS},    {"MergedWithPrevious", SPLIT_WITH_PREVIOUS},
    {"MergedWithNext", SPLIT_WITH_NEXT},
};

static int add_step(struct pretokenizer *p, struct pretokenize_step step, struct err *e)
{
    if (!step.pattern) return e ? e->code : HW_EINVALID;
    if (p->n == PRETOKENIZE_STEPS) {
        regex_free(step.pattern);
        return err_set(e, HW_EUNSUPPORTED, "more than %d steps", PRETOKENIZE_STEPS);
    }
    p->steps[p->n++] = step;
    return 0;
}

static int read_split(struct pretokenizer *p, const json_t *v, struct err *e)
{
    struct pretokenize_step step = {0};
    const char *behavior;
    int rc = json_get_str(v, "behavior", NULL, &behavior, e);
    if (!rc) rc = json_get_bool(v, "invert", false, &step.invert, e);
    if (rc) return rc;
    size_t i = 0, n = sizeof behaviors / sizeof *behaviors;
    while (behavior && i < n && strcmp(behavior, behaviors[i].name) != 0) i++;
    if (!behavior || i == n)
        return err_set(e, HW_EINVALID,
                       "behavior is %s; Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext "
                       "is accepted",
                       behavior ? behavior : "missing");
    step.behavior = behaviors[i].behavior;
    const json_t *pattern = json_object_get(v, "pattern");
    const json_t *regex = json_object_get(pattern, "Regex"), *literal = json_object_get(pattern, "String");
    const json_t *text = regex ? regex : literal;
    if (!json_is_string(text)) return err_set(e, HW_EINVALID, "pattern must be {\"Regex\": …} or {\"String\": …}");
    struct slice s = slice_of(json_string_value(text), json_string_length(text));
    if (!regex && s.n == 0) return 0; // an empty string splits nothing
    step.pattern = regex_new(s, !regex, e);
    return add_step(p, step, e);
}

static int read_digits(struct pretokenizer *p, const json_t *v, struct err *e)
{
    bool individual;
    int rc = json_get_bool(v, "individual_digits", false, &individual, e);
    if (rc) return rc;
    struct pretokenize_step step = {.behavior = individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS};
    step.pattern = regex_new(SLICE_LIT("\\p{N}"), false, e);
    return add_step(p, step, e);
}

static int read_byte_level(struct pretokenizer *p, const json_t *v, struct err *e)
{
    int rc = json_get_bool(v, "add_prefix_space", true, &p->add_prefix_space, e);
    return rc ? rc : json_get_bool(v, "use_regex", true, &p->gpt2, e);
}

static int read_one(struct pretokenizer *p, const json_t *v, bool *byte_level, struct err *e)
{
    const char *type;
    if (!json_is_object(v)) return err_set(e, HW_EINVALID, "must be an object");
    int rc = json_get_str(v, "type", NULL, &type, e);
    if (rc) return rc;
    if (!type) return err_set(e, HW_EINVALID, "has no type");
    if (*byte_level) return err_set(e, HW_EUNSUPPORTED, "a step after ByteLevel (%s) is not supported", type);
    *byte_level = strcmp(type, "ByteLevel") == 0;
    if (*byte_level)
        rc = read_byte_level(p, v, e);
    else if (strcmp(type, "Split") == 0)
        rc = read_split(p, v, e);
    else if (strcmp(type, "Digits") == 0)
        rc = read_digits(p, v, e);
    else
        return err_set(e, HW_EUNSUPPORTED,
                       "type %s is not supported; ByteLevel, Split, Digits and a Sequence of them are", type);
    if (rc) err_prefix(e, "%s", type);
    return rc;
}

// A Split that holds GPT-2's own pattern: as the last step before a plain ByteLevel it is done by the scanner instead.
static bool is_gpt2_split(const json_t *v)
{
    const json_t *regex = json_object_get(json_object_get(v, "pattern"), "Regex");
    const char *behavior = json_string_value(json_object_get(v, "behavior"));
    return json_is_string(regex) && strcmp(json_string_value(regex), GPT2_PATTERN) == 0 && behavior &&
           strcmp(behavior, "Isolated") == 0 && !json_is_true(json_object_get(v, "invert"));
}

static int read_sequence(struct pretokenizer *p, const json_t *v, bool *byte_level, struct err *e)
{
    const json_t *list = json_object_get(v, "pretokenizers");
    if (!json_is_array(list)) return err_set(e, HW_EINVALID, "pre_tokenizer: Sequence: pretokenizers must be an array");
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        int rc = read_one(p, item, byte_level, e);
        if (rc) {
            err_prefix(e, "pre_tokenizer: Sequence[%zu]", i);
            return rc;
        }
    }
    if (n >= 2 && *byte_level && is_gpt2_split(json_array_get(list, n - 2)) && !p->gpt2 && !p->add_prefix_space) {
        regex_free(p->steps[--p->n].pattern);
        p->gpt2 = true;
    }
    return 0;
}

int pretokenizer_read(struct pretokenizer *p, const json_t *v, struct err *e)
{
    *p = (struct pretokenizer){0};
    struct err own = {0}; // the code is needed whether or not the caller wants the words
    if (!e) e = &own;
    bool byte_level = false;
    int rc;
    const char *type = json_string_value(json_object_get(v, "type"));
    if (type && strcmp(type, "Sequence") == 0) {
        rc = read_sequence(p, v, &byte_level, e);
    } else if (!v || json_is_null(v)) {
        return err_set(e, HW_EUNSUPPORTED, "pre_tokenizer is null: only byte-level tokenizers are supported");
    } else {
        rc = read_one(p, v, &byte_level, e);
        if (rc) err_prefix(e, "pre_tokenizer");
    }
    if (!rc && !byte_level)
        rc = err_set(e, HW_EUNSUPPORTED,
                     "pre_tokenizer has no ByteLevel step: only byte-level tokenizers are supported");
    return rc;
}

void pretokenizer_release(struct pretokenizer *p)
{
    for (int i = 0; i < p->n; i++) regex_free(p->steps[i].pattern);
    *p = (struct pretokenizer){0};
}
