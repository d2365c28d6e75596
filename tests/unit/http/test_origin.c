// Which Host and which Origin may use the server.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/origin.h"

static int check(const char *allowed, enum http_method method, const char *path, const char *host, const char *origin)
{
    struct err e;
    struct origin_policy *p = origin_policy_new(slice_str(allowed), "ORIGINS", &e);
    assert_non_null(p);
    origin_policy_add_host(p, SLICE_LIT("listens.here"));
    struct http_header list[2];
    struct http_request req = {.method = method, .path = slice_str(path), .headers = {list, 0}};
    if (host) list[req.headers.n++] = (struct http_header){SLICE_LIT("Host"), slice_str(host)};
    if (origin) list[req.headers.n++] = (struct http_header){SLICE_LIT("Origin"), slice_str(origin)};
    int rc = origin_check(p, &req, strncmp(path, "/socket.io", 10) == 0, &e);
    origin_policy_free(p);
    return rc;
}

static void the_host_must_be_one_of_the_servers_names(void **state)
{
    (void)state;
    const char *good[] = {"localhost",  "LOCALHOST:8080", "x.localhost:1",   "127.0.0.1:8080", "192.0.2.7",
                          "[::1]:8080", "[2001:db8::7]",  "listens.here:80", "lab.example"};
    const char *bad[] = {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "",
                         "[::1",         "alab.example"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(check("https://lab.example:8443", HTTP_GET, "/", good[i], NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(check("https://lab.example:8443", HTTP_GET, "/", bad[i], NULL), HW_EFORBIDDEN);
}

static void only_the_same_origin_and_allowed_ones_may_write_or_connect(void **state)
{
    (void)state;
    const struct {
        const char *origin;
        int rc;
    } cases[] = {
        {NULL, 0},
        {"http://localhost:8080", 0},
        {"https://lab.example", 0},
        {"HTTPS://LAB.example", 0},
        {"http://localhost:8081", HW_EFORBIDDEN},
        {"http://lab.example", HW_EFORBIDDEN},
        {"https://lab.example.evil", HW_EFORBIDDEN},
        {"null", HW_EFORBIDDEN},
        {"", HW_EFORBIDDEN},
        {"http://localhost:8080/x", HW_EFORBIDDEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *allowed = " https://other.example/ , https://lab.example";
        assert_int_equal(check(allowed, HTTP_POST, "/api/v1/jobs", "localhost:8080", cases[i].origin), cases[i].rc);
        assert_int_equal(check(allowed, HTTP_DELETE, "/api/v1/jobs", "localhost:8080", cases[i].origin), cases[i].rc);
        assert_int_equal(check(allowed, HTTP_GET, "/socket.io/", "localhost:8080", cases[i].origin), cases[i].rc);
        assert_int_equal(check(allowed, HTTP_GET, "/api/v1/jobs", "localhost:8080", cases[i].origin), 0);
    }
}

static void an_allowed_origin_that_is_none_stops_the_start_and_is_named(void **state)
{
    (void)state;
    const char *bad[] = {"lab.example", "*", "ftp://lab.example", "https://", "https://lab.example/path"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e;
        assert_null(origin_policy_new(slice_str(bad[i]), "ORIGINS", &e));
        assert_int_equal(e.code, HW_EVALIDATION);
        assert_string_equal(e.field, "ORIGINS");
        assert_non_null(strstr(e.message, bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_must_be_one_of_the_servers_names),
        cmocka_unit_test(only_the_same_origin_and_allowed_ones_may_write_or_connect),
        cmocka_unit_test(an_allowed_origin_that_is_none_stops_the_start_and_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
