// The dashboard's files, compiled in: each as it is, and compressed where that is smaller.
#ifndef HW_API_DASHBOARD_FILES_H
#define HW_API_DASHBOARD_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct static_file {
    const char *path; // "/index.html", "/assets/app-3f2a.js"
    const char *mime;
    const char *etag; // as the header carries it: quoted, or W/ and quoted
    struct slice identity;
    struct slice gzip, br; // empty: not worth it
    bool immutable;        // the name changes with the content: caches may keep it for ever
};

size_t dashboard_files_count(void);
struct static_file dashboard_file_at(size_t i); // i < count

#endif
