/* A lane in shared memory: a file that starts with ring_head, its records behind it at 4096.
 * Record n of all that were ever put stands at n & (capacity - 1). Every word has one writer:
 *
 *   0     magic .. capacity    whoever makes the file, before both ends
 *   128   head                 producer: how many records were ever put
 *   256   tail                 consumer: how many were ever taken
 *   384   bell_version, bell   consumer, when it begins to wait: which bell_row wakes it
 *
 * head and tail are on lines of their own, two apart, for processors fetch lines in pairs.
 */
#ifndef TIDEGATE_SHM_H
#define TIDEGATE_SHM_H

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TG_RING_MAGIC UINT64_C(0x474e495245444954) /* "TIDERING" */
#define TG_RING_HEAD_SIZE 4096
#define TG_BELL_PATH_SIZE 512

typedef struct {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t record_size;
    uint64_t capacity;
    uint64_t pad[13];
    uint64_t head;
    uint64_t pad_head[15];
    uint64_t tail;
    uint64_t pad_tail[15];
    uint32_t bell_version;
    uint32_t pad_bell;
    char bell[TG_BELL_PATH_SIZE];
} ring_head;

static_assert(offsetof(ring_head, head) == 128, "head is alone on its line");
static_assert(offsetof(ring_head, tail) == 256, "tail is alone on its line");
static_assert(sizeof(ring_head) <= TG_RING_HEAD_SIZE, "the head is before the records");

/* One file for each process that sleeps: how it sleeps, or 0. The sleeper sets the word and looks
 * at its rings once more; who has put a record looks at the word and, if it is set, clears it and
 * wakes: with a full fence between store and load on both sides one of the two sees the other.
 */
typedef struct {
    uint32_t sleeping;
    uint32_t pad[31];
} bell_row;

#define TG_LOAD_ACQUIRE(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define TG_LOAD_RELAXED(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define TG_STORE_RELEASE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
#define TG_STORE_RELAXED(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#define TG_EXCHANGE(place, value) __atomic_exchange_n(&(place), (value), __ATOMIC_ACQ_REL)
#define TG_PREFETCH_WRITE(place) __builtin_prefetch((place), 1)
#define TG_FULL_FENCE() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* Tells the processor that this is a loop that waits. */
static inline void tg_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* 0 = woken, or `value` is not there any more; -1 = errno says ETIMEDOUT or EINTR. */
static inline int tg_futex_wait(uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec left = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    return (int)syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ns < 0 ? NULL : &left, NULL, 0);
}

static inline void tg_futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

#endif
