// Options from a table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"

struct parsed {
    const char *name, *other;
    bool flag, help;
    int argc;
    char *argv[12];
    char store[12][64];
    struct err e;
    int rc;
};

static struct parsed *parse(struct parsed *p, const char *const list[])
{
    const struct arg_spec specs[] = {
        {"name", "NAME", "a name", &p->name, NULL},
        {"name-of-another", "NAME", "another", &p->other, NULL},
        {"flag", NULL, "a flag", NULL, &p->flag},
        {0},
    };
    for (; list[p->argc]; p->argc++) {
        snprintf(p->store[p->argc], sizeof p->store[0], "%s", list[p->argc]);
        p->argv[p->argc] = p->store[p->argc];
    }
    p->rc = args_parse(&p->argc, p->argv, specs, &p->help, &p->e);
    return p;
}

#define PARSE(...) parse(&(struct parsed){0}, (const char *const[]){"cmd", __VA_ARGS__, NULL})

static void values_come_after_a_space_or_an_equals_sign(void **state)
{
    (void)state;
    struct parsed *p = PARSE("a", "--name", "x", "b", "--name-of-another=y=z", "--flag");
    assert_int_equal(p->rc, 0);
    assert_string_equal(p->name, "x");
    assert_string_equal(p->other, "y=z");
    assert_true(p->flag);
    assert_false(p->help);
    assert_int_equal(p->argc, 3);
    assert_string_equal(p->argv[1], "a");
    assert_string_equal(p->argv[2], "b");
    assert_null(p->argv[3]);
}

static void the_last_of_two_wins_and_values_may_look_like_options(void **state)
{
    (void)state;
    struct parsed *p = PARSE("--name", "x", "--name=", "--name-of-another", "--flag");
    assert_int_equal(p->rc, 0);
    assert_string_equal(p->name, "");
    assert_string_equal(p->other, "--flag");
    assert_false(p->flag);
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct parsed *p = PARSE("--flag", "--", "--name", "-h", "--");
    assert_int_equal(p->rc, 0);
    assert_false(p->help);
    assert_int_equal(p->argc, 4);
    assert_string_equal(p->argv[1], "--name");
    assert_string_equal(p->argv[3], "--");
}

static void a_single_dash_is_an_argument_and_help_is_seen(void **state)
{
    (void)state;
    struct parsed *p = PARSE("-", "-h");
    assert_int_equal(p->rc, 0);
    assert_true(p->help);
    assert_string_equal(p->argv[1], "-");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    struct parsed *p = PARSE("--nam", "x");
    assert_int_equal(p->rc, HW_EINVALID);
    assert_string_equal(p->e.message, "there is no option --nam; did you mean --name?");
    p = PARSE("--flog");
    assert_non_null(strstr(p->e.message, "did you mean --flag?"));
    p = PARSE("--quiet=1");
    assert_string_equal(p->e.message, "there is no option --quiet=1");
    p = PARSE("--=x");
    assert_int_equal(p->rc, HW_EINVALID);
    p = PARSE("-n");
    assert_string_equal(p->e.message, "there is no option -n");
    p = PARSE("--flag=yes");
    assert_string_equal(p->e.message, "--flag takes no value");
    p = PARSE("--name");
    assert_string_equal(p->e.message, "--name needs a value (NAME)");
}

static void the_help_lists_every_option(void **state)
{
    (void)state;
    const struct arg_spec specs[] = {{"name", "NAME", "a name", NULL, NULL}, {"flag", NULL, "a flag", NULL, NULL}, {0}};
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    args_print(f, specs);
    fclose(f);
    assert_non_null(strstr(text, "--name NAME"));
    assert_non_null(strstr(text, "a name\n"));
    assert_non_null(strstr(text, "--flag "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_after_a_space_or_an_equals_sign),
        cmocka_unit_test(the_last_of_two_wins_and_values_may_look_like_options),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_single_dash_is_an_argument_and_help_is_seen),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(the_help_lists_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
