/* Whether this build counts crash points; and the order of stores that a killed process leaves. */
#ifndef TIDEGATE_CRASH_POINT_H
#define TIDEGATE_CRASH_POINT_H

#ifdef NDEBUG
#define TG_HAS_CRASH_POINTS 0
#else
#define TG_HAS_CRASH_POINTS 1
#endif

/* A killed process leaves every store it has executed: only the compiler may not reorder them. */
static inline void keep_order(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
