// JSON: reading through Jansson with errors that say where; writing straight into a buffer, for the hot path.
#ifndef HW_BASE_JSON_H
#define HW_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

// ---- reading ------------------------------------------------------------------------------------------------------

// Parses one whole JSON text (RFC 8259); duplicate keys are refused, nesting is bounded by Jansson. NULL on error, with
// line and column in `e`. The caller owns the value (json_decref).
json_t *json_read(struct slice text, struct err *e);
// The same for a text that must be an object.
json_t *json_read_object(struct slice text, struct err *e);

// Typed access to an object's members. Absent or null: the default. Wrong type or out of range: an error naming the
// field (HW_EVALIDATION), and the default in *out. Each returns 0 or the code.
int json_get_str(const json_t *obj, const char *key, const char *def, const char **out, struct err *e);
int json_get_i64(const json_t *obj, const char *key, int64_t def, int64_t lo, int64_t hi, int64_t *out, struct err *e);
int json_get_f64(const json_t *obj, const char *key, double def, double lo, double hi, double *out, struct err *e);
int json_get_bool(const json_t *obj, const char *key, bool def, bool *out, struct err *e);

// A number as it was scanned (base/json_scan.h): the double that json_read's value has. False: it has more digits than
// an integer of 64 bits or is beyond a double's range, and json_read is left to say what it is.
bool json_f64(struct slice number, double *out);

// ---- writing ------------------------------------------------------------------------------------------------------

// Writes into a buffer it doesn't own; commas are its business. Depth is bounded (asserted) at 32.
struct jw {
    struct buf *out;
    uint32_t depth;
    uint32_t has_item; // bit d: the container at depth d has an item already
    bool after_key;
};

void jw_init(struct jw *w, struct buf *out);
void jw_obj(struct jw *w);     // {
void jw_obj_end(struct jw *w); // }
void jw_arr(struct jw *w);     // [
void jw_arr_end(struct jw *w); // ]
void jw_key(struct jw *w, const char *key);
void jw_str(struct jw *w, const char *s);    // NULL: null
void jw_slice(struct jw *w, struct slice s); // bytes that aren't UTF-8 become U+FFFD
void jw_i64(struct jw *w, int64_t v);
void jw_u64(struct jw *w, uint64_t v);
void jw_f64(struct jw *w, double v); // shortest decimal that reads back as the same double; NaN and infinities: null
void jw_f32(struct jw *w, float v);  // shortest that reads back as the same float
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
void jw_raw(struct jw *w, struct slice json); // one value, already JSON
void jw_json(struct jw *w, const json_t *v);  // one value held by Jansson
void jw_time(struct jw *w, int64_t us);       // RFC 3339; 0: null

// key and value in one
void jw_kstr(struct jw *w, const char *key, const char *s);
void jw_ki64(struct jw *w, const char *key, int64_t v);
void jw_kf64(struct jw *w, const char *key, double v);
void jw_kbool(struct jw *w, const char *key, bool v);
void jw_knull(struct jw *w, const char *key);
void jw_kraw(struct jw *w, const char *key, struct slice json);
void jw_ktime(struct jw *w, const char *key, int64_t us);

// Readings, of which not every digit means something. NaN and infinities: null.
void jw_ksig(struct jw *w, const char *key, double v, int digits);     // rounded to so many significant digits
void jw_kfixed(struct jw *w, const char *key, double v, int decimals); // rounded to 0 to 3 decimals
void jw_kpercent(struct jw *w, const char *key, double v); // cut to hundredths: what is below 100 stays below 100

// Appends the shortest decimal form of v ("0.1", "1e-7", "3"); v must be finite.
void json_add_f64(struct buf *out, double v);
// Appends a value held by Jansson, compact, its numbers in that form; NULL: null.
void json_add(struct buf *out, const json_t *v);
// The same as a text of its own, which the caller frees; NULL for NULL.
char *json_to_text(const json_t *v);

#endif
