/* A word that two processes share: stored, seen, slept on (futex, without FUTEX_PRIVATE). */
#ifndef TIDEGATE_HOPS_H
#define TIDEGATE_HOPS_H

#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline uint32_t TG_SEE(const uint32_t* word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void TG_SHOW(uint32_t* word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void TG_PAUSE(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline void TG_YIELD(void) {
    sched_yield();
}

static inline void TG_SLEEP(uint32_t* word, uint32_t seen, int64_t ns) {
    struct timespec left = {ns / 1000000000, ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT, seen, &left, NULL, 0);
}

static inline void TG_WAKE(uint32_t* word) {
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

#endif
