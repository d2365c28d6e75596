// JSON that is passed on rather than looked into: one pass says whether a text is JSON (RFC 8259) and where the members
// of its object lie, and builds nothing. For the hot path; json_read (json.h) is for the rest.
//
// Accepted is what json_read accepts, but for three things that would need memory or a number's value: names may
// repeat within an object, a number may be of any size, and nesting ends at JSON_SCAN_DEPTH.
#ifndef HW_BASE_JSON_SCAN_H
#define HW_BASE_JSON_SCAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define JSON_SCAN_DEPTH 64

struct json_scan {
    const char *start, *p, *end; // the whole text; where it goes on
    const char *wrong;           // what is wrong at p; NULL: nothing yet
    bool first, spaced;
    bool inner; // a value within another scan's text: what follows it is not looked at
    // Names to look out for among the members of an object that is a member's value, ended by an empty one; may be set
    // after json_scan_object. Saves going over such an object again when none is there.
    const struct slice *watched;
    bool seen; // of the last value: one of them may stand there (as itself, or hidden behind an escape)
};

struct json_member {
    struct slice name;  // as written between its quotes
    struct slice value; // as written: "…" with its quotes, 1.5, {…}
    bool escaped;       // the name has escapes: json_unescape says what it is
    bool spaced;        // there is white space inside the value, outside of its strings
    bool seen;          // see json_scan.watched
};

// Goes over the members of an object. The text is borrowed and must live as long as the members are looked at.
// json_scan_member returns 1 for a member, 0 at the end (the text ended there too), HW_EINVALID on the first mistake;
// until 0 was returned nothing is known of what follows.
void json_scan_object(struct json_scan *s, struct slice text);
int json_scan_member(struct json_scan *s, struct json_member *m, struct err *e);

// The same in steps, for values that are gone into where they lie, in one pass over the whole text:
//     json_scan_name or, in an array, json_scan_item: 1, and the scan stands before a value; 0 at the end.
//     Then json_scan_value goes over it (0, and its place in *m), or json_scan_into begins a scan of its members or
//     items. When that has come to its end (0), json_scan_back takes the outer one to where the inner one stands.
// Nesting is counted from where a scan begins.
int json_scan_name(struct json_scan *s, struct json_member *m, struct err *e); // of *m, only the name
int json_scan_item(struct json_scan *s, struct err *e);
int json_scan_value(struct json_scan *s, struct json_member *m, struct err *e); // of *m, all but the name
void json_scan_into(const struct json_scan *s, struct json_scan *inner);
void json_scan_back(struct json_scan *s, const struct json_scan *inner);

// The text of a string that was scanned, without its quotes. `raw`: what is between them.
void json_unescape(struct slice raw, struct buf *out);
// A scanned value without the white space outside of its strings.
void json_add_compact(struct buf *out, struct slice value);

#endif
