#include "store/page.h"

#include <inttypes.h>
#include <stdio.h>

void page_cursor_format(int64_t created_us, const char *id, char out[PAGE_CURSOR_SIZE])
{
    snprintf(out, PAGE_CURSOR_SIZE, "%" PRId64 "~%s", created_us, id);
}

int page_cursor_parse(struct slice text, struct page *p, struct err *e)
{
    p->before_us = 0;
    p->before_id[0] = 0;
    if (text.n == 0) return 0;
    struct slice rest = text, time = slice_cut(&rest, '~');
    unsigned long long us;
    bool sound = slice_u64(time, &us) && us > 0 && us <= INT64_MAX && rest.n > 0 && rest.n < sizeof p->before_id;
    for (size_t i = 0; sound && i < rest.n; i++) {
        char c = rest.p[i];
        sound = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    }
    if (!sound) return err_field(e, HW_EINVALID, "cursor", "cursor is not one that a list gave out");
    p->before_us = (int64_t)us;
    memcpy(p->before_id, rest.p, rest.n);
    p->before_id[rest.n] = 0;
    return 0;
}
