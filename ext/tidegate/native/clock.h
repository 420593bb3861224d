/* The only place that reads a clock. Steps never do: time reaches them in records. */
#ifndef TIDEGATE_CLOCK_H
#define TIDEGATE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t tg_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Wall time, but never lower than any value given before from the same `latest`. */
static inline int64_t tg_now_ns(int64_t *latest)
{
    int64_t now = tg_clock_ns(CLOCK_REALTIME);
    int64_t seen = __atomic_load_n(latest, __ATOMIC_RELAXED);
    while (now > seen)
        if (__atomic_compare_exchange_n(latest, &seen, now, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return now;
    return seen;
}

static inline int64_t tg_monotonic_ns(void)
{
    return tg_clock_ns(CLOCK_MONOTONIC);
}

#endif
