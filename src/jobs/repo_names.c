#include "jobs/repo_names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

// One part between slashes. One that begins with a dot would be hidden, or a way up.
static bool part_ok(struct slice part)
{
    if (part.n == 0 || part.p[0] == '.' || part.p[0] == '-') return false;
    for (size_t i = 0; i < part.n; i++)
        if (!is_name_char(part.p[i])) return false;
    return true;
}

static bool parts_ok(struct slice s, size_t max, int most)
{
    int parts = 0;
    if (s.n == 0 || s.n > max || s.p[s.n - 1] == '/') return false;
    while (s.n) {
        if (!part_ok(slice_cut(&s, '/'))) return false;
        parts++;
    }
    return parts <= most;
}

bool repo_id_ok(struct slice id)
{
    return parts_ok(id, REPO_ID_MAX, 2);
}

bool repo_revision_ok(struct slice revision)
{
    return parts_ok(revision, REPO_REVISION_MAX, 16);
}

static bool ends_with(struct slice s, const char *end)
{
    size_t n = strlen(end);
    return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

bool repo_file_ok(struct slice path)
{
    if (path.n == 0 || path.n > REPO_FILE_MAX || path.p[path.n - 1] == '/') return false;
    if (ends_with(path, ".part") || ends_with(path, ".part.json") || ends_with(path, ".tmp")) return false;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < 0x20 || c == 0x7F || c == '\\') return false;
    }
    while (path.n) { // an empty part: it begins with a slash, or has two in a row
        struct slice part = slice_cut(&path, '/');
        if (part.n == 0 || part.n > 255 || slice_is(part, ".") || slice_is(part, "..")) return false;
    }
    return true;
}

bool repo_endpoint_ok(struct slice url)
{
    bool https = slice_starts(url, "https://");
    if (!https && !slice_starts(url, "http://")) return false;
    struct slice rest = slice_of(url.p + (https ? 8 : 7), url.n - (https ? 8 : 7));
    if (rest.n == 0 || rest.n > 512 || rest.p[0] == '/' || rest.p[0] == ':' || rest.p[rest.n - 1] == '/') return false;
    for (size_t i = 0; i < rest.n; i++)
        if (!is_name_char(rest.p[i]) && !strchr("/:[]~", rest.p[i])) return false;
    return true;
}

bool repo_file_in_split(struct slice path, struct slice split)
{
    size_t from = 0;
    for (size_t i = 0; i <= path.n; i++) {
        if (i < path.n && isalnum((unsigned char)path.p[i])) continue;
        if (i - from == split.n && split.n && strncasecmp(path.p + from, split.p, split.n) == 0) return true;
        from = i + 1;
    }
    return false;
}
