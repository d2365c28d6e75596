// What is counted of requests, by route and status.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/http_stats.h"
#include "http/router.h"

static const struct route jobs = {"GET", "/api/v1/jobs/{id}", NULL}, submit = {"POST", "/api/v1/jobs", NULL};

static void says(const struct http_stats *s, const char *line)
{
    struct buf out = BUF_INIT;
    http_stats_write(s, &out);
    if (!strstr(buf_cstr(&out), line)) fail_msg("%s\nis not in\n%s", line, buf_cstr(&out));
    buf_release(&out);
}

static void requests_are_counted_by_route_and_status(void **state)
{
    (void)state;
    struct http_stats s = HTTP_STATS_INIT;
    http_stats_count(&s, &jobs, 200, 900);
    http_stats_count(&s, &jobs, 404, 2000);
    http_stats_count(&s, &jobs, 200, 30000000);
    http_stats_count(&s, &submit, 201, 0);
    http_stats_count(&s, NULL, 200, -5);
    says(&s, "headway_http_requests_total{method=\"GET\",route=\"/api/v1/jobs/{id}\",code=\"200\"} 2\n");
    says(&s, "headway_http_requests_total{method=\"GET\",route=\"/api/v1/jobs/{id}\",code=\"404\"} 1\n");
    says(&s, "headway_http_requests_total{method=\"POST\",route=\"/api/v1/jobs\",code=\"201\"} 1\n");
    says(&s, "headway_http_requests_total{method=\"\",route=\"other\",code=\"200\"} 1\n");
    says(&s, "_bucket{method=\"GET\",route=\"/api/v1/jobs/{id}\",le=\"0.001\"} 1\n");
    says(&s, "_bucket{method=\"GET\",route=\"/api/v1/jobs/{id}\",le=\"10\"} 2\n");
    says(&s, "_bucket{method=\"GET\",route=\"/api/v1/jobs/{id}\",le=\"+Inf\"} 3\n");
    says(&s, "_sum{method=\"GET\",route=\"/api/v1/jobs/{id}\"} 30.0029\n");
    http_stats_release(&s);
}

static void more_statuses_than_there_is_room_for_lose_none(void **state)
{
    (void)state;
    struct http_stats s = HTTP_STATS_INIT;
    for (int i = 0; i < 40; i++) http_stats_count(&s, &jobs, 200 + i, 1000);
    says(&s, "code=\"215\"} 25\n");
    says(&s, "_count{method=\"GET\",route=\"/api/v1/jobs/{id}\"} 40\n");
    http_stats_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_route_and_status),
        cmocka_unit_test(more_statuses_than_there_is_room_for_lose_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
