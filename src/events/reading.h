// How exact a live reading is: the digits that mean something, in events and in the answers that show the same. What is
// stored, the rows of a curve, and results (a final loss, a checkpoint's) keep every digit.
#ifndef HW_EVENTS_READING_H
#define HW_EVENTS_READING_H

#include "base/json.h"

// 0 to 100, cut to hundredths: only what is complete shows 100.
static inline void reading_percent(struct jw *w, const char *key, double v)
{
    jw_kpercent(w, key, v);
}

// Loss and the like: tasks compute in 32-bit floats, which hold seven digits.
static inline void reading_measure(struct jw *w, const char *key, double v)
{
    jw_ksig(w, key, v, 7);
}

// Per second: an estimate over a few seconds.
static inline void reading_rate(struct jw *w, const char *key, double v)
{
    jw_ksig(w, key, v, 4);
}

// Seconds still to go.
static inline void reading_eta(struct jw *w, const char *key, double v)
{
    jw_kfixed(w, key, v, 1);
}

// Seconds it took.
static inline void reading_duration(struct jw *w, const char *key, double v)
{
    jw_kfixed(w, key, v, 3);
}

#endif
