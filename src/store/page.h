// Pages of a list, newest first. A cursor names the last row of the page before; it stays valid whatever is inserted.
#ifndef HW_STORE_PAGE_H
#define HW_STORE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"

struct page {
    int limit;         // rows at most, at least 1
    int64_t before_us; // 0: from the newest
    char before_id[ID_SIZE];
};

enum { PAGE_CURSOR_SIZE = 64 };

// The text of `next_cursor` for a page that ended with this row.
void page_cursor_format(int64_t created_us, const char *id, char out[PAGE_CURSOR_SIZE]);
// Reads it back into *p (limit untouched); empty text: from the newest. HW_EINVALID with the field "cursor".
int page_cursor_parse(struct slice text, struct page *p, struct err *e);

#endif
