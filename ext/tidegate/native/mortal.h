/* A duty cycle that may be stopped within, in a process that goes on: one thread at a time. */
#ifndef TIDEGATE_MORTAL_H
#define TIDEGATE_MORTAL_H

#include <setjmp.h>

static jmp_buf tg_way_out;

/* Its count of work, or -1 when tg_die() was called within it: its frames stay as they were. */
static inline int tg_live(int (*cycle)(void *agent), void *agent)
{
    return setjmp(tg_way_out) ? -1 : cycle(agent);
}

static inline void tg_die(void)
{
    longjmp(tg_way_out, 1);
}

#endif
