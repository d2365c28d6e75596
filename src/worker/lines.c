#include "worker/lines.h"

void lines_init(struct lines *l, size_t max)
{
    *l = (struct lines){.max = max};
}

void lines_release(struct lines *l)
{
    buf_release(&l->rest);
}

static void give_end(struct lines *l, struct slice line, lines_fn fn, void *ctx)
{
    bool whole = !l->cut;
    l->cut = false;
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    fn(ctx, line, whole);
}

void lines_feed(struct lines *l, struct slice bytes, lines_fn fn, void *ctx)
{
    while (bytes.n) {
        const char *nl = memchr(bytes.p, '\n', bytes.n);
        size_t n = nl ? (size_t)(nl - bytes.p) : bytes.n;
        if (l->rest.n + n > l->max) {
            size_t take = l->max - l->rest.n;
            buf_add(&l->rest, bytes.p, take);
            l->cut = true;
            fn(ctx, buf_slice(&l->rest), false);
            buf_clear(&l->rest);
            bytes.p += take, bytes.n -= take;
            continue;
        }
        if (!nl) {
            buf_add(&l->rest, bytes.p, n);
            return;
        }
        if (l->rest.n) {
            buf_add(&l->rest, bytes.p, n);
            give_end(l, buf_slice(&l->rest), fn, ctx);
            buf_clear(&l->rest);
        } else {
            give_end(l, slice_of(bytes.p, n), fn, ctx); // the usual case: no copy
        }
        bytes.p += n + 1, bytes.n -= n + 1;
    }
}

void lines_finish(struct lines *l, lines_fn fn, void *ctx)
{
    if (l->rest.n) give_end(l, buf_slice(&l->rest), fn, ctx);
    buf_release(&l->rest);
    l->cut = false;
}
