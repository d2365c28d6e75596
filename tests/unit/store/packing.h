// Packing whatever the archive has to pack, for tests of what is read of it afterwards.
#ifndef HW_TESTS_PACKING_H
#define HW_TESTS_PACKING_H

#include "store/temp_store.h"

#include "store/metric_pack.h"

struct packing {
    struct metric_pack_place at;
    struct metric_pack pack;
    bool found, more;
};

static inline int packing_find(struct store_tx *tx, void *ctx, struct err *e)
{
    struct packing *p = ctx;
    int rc = metric_pack_find(tx, &p->at, &p->pack, &p->more, e);
    p->found = rc == 1;
    return rc < 0 ? rc : 0;
}

static inline int packing_write(struct store_tx *tx, void *ctx, struct err *e)
{
    struct packing *p = ctx;
    int64_t n = metric_pack_write(tx, &p->pack, e);
    return n < 0 ? (int)n : n == p->pack.rows.n ? 0 : err_set(e, HW_EINTERNAL, "%lld were packed", (long long)n);
}

static inline void pack_all(struct temp_store *t)
{
    struct packing p = {.more = true};
    struct err e = {0};
    while (p.more) {
        if (store_read_wait(t->s, packing_find, &p, &e) != 0) fail_msg("%s", e.message);
        if (!p.found) continue;
        if (metric_pack_prepare(&p.pack, &e) != 0) fail_msg("%s", e.message);
        if (store_write_wait(t->s, packing_write, &p, &e) != 0) fail_msg("%s", e.message);
        metric_pack_release(&p.pack);
    }
}

#endif
