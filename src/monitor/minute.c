#include "monitor/minute.h"

bool minute_add(struct minute *m, const struct moment *at, struct minute *finished)
{
    int64_t begin = at->at_us - at->at_us % MINUTE_US;
    bool done = m->stats.samples > 0 && m->begin_us != begin;
    bool tell = done && reading_stats_any(&m->stats);
    if (tell) {
        *finished = *m;
        m->stats = (struct reading_stats){0};
    } else if (done) {
        reading_stats_release(&m->stats);
    }
    m->begin_us = begin;
    reading_stats_add(&m->stats, at);
    return tell;
}

void minute_release(struct minute *m)
{
    reading_stats_release(&m->stats);
}
