#include "server/system_recorder.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "monitor/minute.h"
#include "store/store.h"
#include "store/system_history_table.h"

struct keeping {
    struct system_recorder *recorder;
    struct system_minute row;
};

static int put(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct keeping *k = ctx;
    return system_minute_put(tx, &k->row, e);
}

// A full disk is told once, not every minute.
static void done(void *ctx, int rc, const struct err *e)
{
    struct keeping *k = ctx;
    if (rc && !k->recorder->failing) log_error("monitor", "what the machine did can't be stored: %s", e->message);
    k->recorder->failing = rc != 0;
    free(k->row.host);
    free(k->row.readings);
    free(k);
}

void system_recorder_keep(void *recorder, const char *host, const struct minute *m)
{
    struct keeping *k = mem_zalloc(sizeof *k);
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    reading_stats_write(&m->stats, true, &w);
    jw_obj_end(&w);
    k->recorder = recorder;
    k->row = (struct system_minute){m->begin_us, mem_strdup(host), m->stats.samples, NULL};
    buf_add_char(&b, 0);
    k->row.readings = buf_detach(&b, NULL);
    store_write(k->recorder->store, put, done, k);
}
