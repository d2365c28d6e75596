// Errors are values: 0 or a negative code from one table, details in a `struct err` that the caller passes.
//
// A function that can fail returns 0 (or a count) or one of the codes below, and, where it takes a `struct err *`,
// fills it with one sentence that says what happened, to what, and what is accepted. Passing NULL for it is always
// allowed.
#ifndef HW_BASE_ERR_H
#define HW_BASE_ERR_H

#include <stddef.h>

// code, value, name used on the wire (REST error codes), HTTP status that says the same
#define HW_ERR_MAP(X)                                                                                                  \
    X(HW_EINVALID, -1, "invalid", 400)       /* malformed input: syntax, encoding */                                   \
    X(HW_EVALIDATION, -2, "validation", 422) /* well-formed, but can't work: a parameter out of range */               \
    X(HW_ENOTFOUND, -3, "not_found", 404)                                                                              \
    X(HW_ECONFLICT, -4, "conflict", 409)   /* the state machine or a version check refuses it */                       \
    X(HW_ETOOBIG, -5, "too_large", 413)    /* a stated limit was exceeded */                                           \
    X(HW_EFORBIDDEN, -6, "forbidden", 403) /* Host or Origin refused */                                                \
    X(HW_EIO, -7, "io", 500)               /* the operating system said no; errno's text is in the message */          \
    X(HW_EDISKFULL, -8, "disk_full", 507)  /* ENOSPC, EDQUOT */                                                        \
    X(HW_ETIMEOUT, -9, "timeout", 504)                                                                                 \
    X(HW_EUNAVAILABLE, -10, "unavailable", 503) /* stopping, backend away, queue full */                               \
    X(HW_EPROTOCOL, -11, "protocol", 400)       /* the peer broke a protocol */                                        \
    X(HW_EEOF, -12, "eof", 400)                 /* input ended too early */                                            \
    X(HW_ECANCELLED, -13, "cancelled", 409)                                                                            \
    X(HW_EUNSUPPORTED, -14, "unsupported", 422) /* understood, not something this program does */                      \
    X(HW_EMETHOD, -15, "method_not_allowed", 405)                                                                      \
    X(HW_EINTERNAL, -16, "internal", 500)

enum hw_err_code {
    HW_OK = 0,
#define X(sym, value, name, http) sym = value,
    HW_ERR_MAP(X)
#undef X
};

struct err {
    int code;          // 0 or one of the codes above
    char field[64];    // the parameter or setting at fault, "" if none
    char message[448]; // one sentence, no trailing newline
};

// Forgets an earlier error. `e` may be NULL.
void err_clear(struct err *e);

// Fills `e` (may be NULL) and returns `code`, so that callers write `return err_set(e, HW_EIO, …)`.
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// The same, naming the parameter or setting at fault.
int err_field(struct err *e, int code, const char *field, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

// Fills `e` from errno-like `sys`: "<what>: <strerror>"; returns HW_EDISKFULL, HW_ENOTFOUND (ENOENT) or HW_EIO.
int err_sys(struct err *e, int sys, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// Puts "prefix: " before the message.
void err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// The analyzer sees one file at a time: it must be told that these return the code they are given.
#ifdef __clang_analyzer__
#define err_set(e, code, ...)          ((err_set)((e), (code), __VA_ARGS__), (code))
#define err_field(e, code, field, ...) ((err_field)((e), (code), (field), __VA_ARGS__), (code))
#endif

const char *err_name(int code); // "not_found"; "ok" for 0, "unknown" for anything else
int err_http_status(int code);  // 404; 200 for 0, 500 for anything else

#endif
