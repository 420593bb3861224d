/* The only place that reads a clock. Steps never do: time reaches them in records. */
#ifndef TIDEGATE_CLOCK_H
#define TIDEGATE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Threads that read at the same time differ by less; more is a clock that was set back. */
#define TG_BACK_NS 1000000

typedef struct {
    int64_t virtual_ns; /* what a simulator says that the time is; 0 = the system's clocks */
    int64_t latest_ns;  /* the highest that was ever given */
    int64_t ahead_ns;   /* by how much time is ahead of a clock that was set back */
    int64_t backs;      /* how often the system's clock was found set back */
    int is_behind;
} tg_clock;

static inline int64_t tg_clock_ns(const tg_clock *c, clockid_t clock)
{
    struct timespec now;
    if (__builtin_expect(c->virtual_ns != 0, 0))
        return c->virtual_ns;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Wall time, but never lower than any value given before: where the clock is set back, time goes
 * on from where it was at the clock's pace, until the clock is past it. */
static inline int64_t tg_now_ns(tg_clock *c)
{
    int64_t wall = tg_clock_ns(c, CLOCK_REALTIME);
    int64_t ahead = __atomic_load_n(&c->ahead_ns, __ATOMIC_RELAXED);
    int64_t seen = __atomic_load_n(&c->latest_ns, __ATOMIC_RELAXED);
    int64_t now = wall + ahead;
    if (__builtin_expect(ahead != 0 && wall >= seen, 0)) {
        __atomic_store_n(&c->ahead_ns, 0, __ATOMIC_RELAXED);
        now = wall;
    }
    while (now > seen)
        if (__atomic_compare_exchange_n(&c->latest_ns, &seen, now, 1, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            if (__builtin_expect(__atomic_load_n(&c->is_behind, __ATOMIC_RELAXED), 0))
                __atomic_store_n(&c->is_behind, 0, __ATOMIC_RELAXED);
            return now;
        }
    if (seen - now > TG_BACK_NS
        && __atomic_compare_exchange_n(&c->ahead_ns, &ahead, seen - wall, 0, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED)
        && !__atomic_exchange_n(&c->is_behind, 1, __ATOMIC_RELAXED))
        __atomic_add_fetch(&c->backs, 1, __ATOMIC_RELAXED);
    return seen;
}

static inline int64_t tg_monotonic_ns(const tg_clock *c)
{
    return tg_clock_ns(c, CLOCK_MONOTONIC);
}

#endif
