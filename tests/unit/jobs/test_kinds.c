// The table of kinds, and parameters checked against it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/kinds.h"

static json_t *resolve(const char *kind, const char *params, struct err *e)
{
    json_t *given = json_read(slice_str(params), NULL);
    assert_non_null(given);
    json_t *out = job_kind_resolve(job_kind_find(kind), given, e);
    json_decref(given);
    return out;
}

static void refused(const char *kind, const char *params, const char *field)
{
    struct err e = {0};
    json_t *out = resolve(kind, params, &e);
    if (out) fail_msg("%s takes %s", kind, params);
    assert_int_equal(e.code, HW_EVALIDATION);
    assert_string_equal(e.field, field);
    assert_non_null(strstr(e.message, field));
}

static void the_table_is_sound(void **state)
{
    (void)state;
    struct buf names = BUF_INIT;
    job_kind_names(&names);
    size_t i = 0;
    for (const struct job_kind *k; (k = job_kind_at(i)); i++) {
        assert_ptr_equal(job_kind_find(k->name), k);
        assert_non_null(strstr(buf_cstr(&names), k->name));
        assert_true(strcmp(k->resource_class, "cpu") == 0 || strcmp(k->resource_class, "gpu") == 0 ||
                    strcmp(k->resource_class, "io") == 0);
        double at = 0;
        for (const struct phase_spec *p = k->phases; p->name; p++) {
            assert_true(p->from == at && p->to > p->from); // without gaps, from 0 …
            at = p->to;
        }
        assert_true(at == 100 || !k->phases[0].name); // … to 100, unless nothing is known before it runs
        for (const struct param_spec *p = k->params; p->name; p++) {
            assert_true(p->help && p->help[0]);
            assert_true(!p->required || !p->def);
            for (const struct param_spec *q = k->params; q != p; q++) assert_string_not_equal(p->name, q->name);
        }
    }
    assert_true(i >= 3);
    assert_null(job_kind_find("no_such_kind"));
    assert_null(job_kind_at(1000));
    buf_release(&names);
}

static void every_default_passes_its_own_check(void **state)
{
    (void)state;
    for (size_t i = 0; job_kind_at(i); i++) {
        const struct job_kind *k = job_kind_at(i);
        struct err e = {0};
        json_t *given = strcmp(k->name, "extract") == 0         ? json_pack("{s:[i]}", "layers", 0)
                        : strncmp(k->name, "download_", 9) == 0 ? json_pack("{s:s}", "repo_id", "gpt2")
                                                                : json_object();
        json_t *once = job_kind_resolve(k, given, &e);
        if (!once) fail_msg("%s: %s", k->name, e.message);
        for (const struct param_spec *p = k->params; p->name; p++)
            if (p->def) assert_non_null(json_object_get(once, p->name));
        json_t *again = job_kind_resolve(k, once, &e);
        if (!again) fail_msg("%s: %s", k->name, e.message);
        assert_true(json_equal(once, again));
        json_decref(again);
        json_decref(once);
        json_decref(given);
    }
}

static void what_was_given_is_kept(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *p =
        resolve("train_sae", "{\"batch_size\":1e3,\"learning_rate\":0.5,\"architecture\":\"standard\",\"k\":null}", &e);
    assert_non_null(p);
    assert_true(json_is_integer(json_object_get(p, "batch_size"))); // 1e3 is a whole number to whoever wrote it
    assert_int_equal(json_integer_value(json_object_get(p, "batch_size")), 1000);
    assert_true(json_real_value(json_object_get(p, "learning_rate")) == 0.5);
    assert_string_equal(json_string_value(json_object_get(p, "architecture")), "standard");
    assert_int_equal(json_integer_value(json_object_get(p, "k")), 32); // null: the default
    json_decref(p);
}

static void never_again_18_what_can_not_work_is_refused_with_its_name(void **state)
{
    (void)state;
    refused("train_sae", "{\"btach_size\":1}", "btach_size");
    refused("download_model", "{}", "repo_id");
    refused("download_model", "{\"repo_id\":\"gpt2\",\"files\":[]}", "files");
    refused("download_model", "{\"repo_id\":\"gpt2\",\"files\":[\"\"]}", "files");
    refused("download_model", "{\"repo_id\":\"gpt2\",\"files\":[\"a\",\"a\"]}", "files");
    refused("download_model", "{\"repo_id\":\"gpt2\",\"files\":[1]}", "files");
    refused("download_model", "{\"repo_id\":\"gpt2\",\"endpoint\":\"http://elsewhere\"}", "endpoint");
    refused("download_model", "{\"repo_id\":\"gpt2\",\"token\":\"secret\"}", "token");
    refused("train_sae", "{\"batch_size\":0}", "batch_size");
    refused("train_sae", "{\"batch_size\":\"1\"}", "batch_size");
    refused("train_sae", "{\"batch_size\":1.5}", "batch_size");
    refused("train_sae", "{\"batch_size\":1e300}", "batch_size");
    refused("train_sae", "{\"learning_rate\":0}", "learning_rate");
    refused("train_sae", "{\"learning_rate\":true}", "learning_rate");
    refused("train_sae", "{\"architecture\":\"TopK\"}", "architecture");
    refused("train_sae", "{\"architecture\":\"topk|standard\"}", "architecture");
    refused("train_sae", "{\"architecture\":\"\"}", "architecture");
    refused("train_sae", "{\"layers\":[]}", "layers");
    refused("train_sae", "{\"layers\":3}", "layers");
    refused("train_sae", "{\"layers\":[1,\"2\"]}", "layers");
    refused("train_sae", "{\"layers\":[1,1]}", "layers");
    refused("train_sae", "{\"layers\":[-1]}", "layers");
    refused("extract", "{}", "layers");
    refused("extract", "{\"layers\":[0],\"hooks\":[\"residual\",\"logits\"]}", "hooks");
    refused("extract", "{\"layers\":[0],\"hooks\":[\"mlp\",\"mlp\"]}", "hooks");
    refused("tokenize", "{\"text_field\":\"\"}", "text_field");
    refused("tokenize", "{\"text_field\":7}", "text_field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(every_default_passes_its_own_check),
        cmocka_unit_test(what_was_given_is_kept),
        cmocka_unit_test(never_again_18_what_can_not_work_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
