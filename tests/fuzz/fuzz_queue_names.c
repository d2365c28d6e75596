// Lists of queue names: what is read is sound, and reads the same again once it is written.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/queue_names.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct queue_names a, b;
    struct err e = {0};
    struct buf text = BUF_INIT;
    if (queue_names_parse(slice_of(data, size), &a, &e) != 0) {
        CHECK(e.code == HW_EVALIDATION && e.message[0]);
        return 0;
    }
    CHECK(a.n >= 1 && a.n <= QUEUES_MAX);
    for (int i = 0; i < a.n; i++) CHECK(queue_name_ok(slice_str(a.name[i])) && queue_names_has(&a, a.name[i]));
    queue_names_format(&a, &text);
    CHECK(queue_names_parse(buf_slice(&text), &b, &e) == 0);
    CHECK(a.n == b.n && memcmp(a.name, b.name, sizeof a.name) == 0);
    buf_release(&text);
    return 0;
}
