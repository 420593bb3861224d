/* A journal segment: this header in the first 4096 bytes, then segment_records records.
 *
 *     0 header   512 mark   1024 mark   4096 records
 *
 * A mark says up to which sequence all is known to be on the disk. Each has a sector of its own
 * and they are written in turn, so that power loss in the middle of one leaves the other. */
#ifndef TIDEGATE_JOURNAL_H
#define TIDEGATE_JOURNAL_H

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define TG_JOURNAL_MAGIC UINT64_C(0x4c414e524f4a4754) /* "TGJORNAL" */
#define TG_JOURNAL_HEADER_SIZE 4096
#define TG_JOURNAL_MARK_OFFSET 512
#define TG_JOURNAL_MARK_STRIDE 512
#define TG_MADV_POPULATE_WRITE 23 /* Linux 5.14; older C libraries do not name it */

typedef struct {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t header_size;
    uint64_t layout_hash;
    uint64_t segment_number;
    uint64_t segment_records;
    uint64_t first_sequence;
    uint32_t is_durable; /* 1 = effects wait for the disk, and the marks count */
    uint32_t pad[2];
    uint32_t checksum;
} journal_header;

typedef struct {
    uint64_t synced;
    uint64_t pad[6];
    uint32_t pad_end;
    uint32_t checksum;
} journal_mark;

static_assert(sizeof(journal_header) == 64, "the journal header has no hidden padding");
static_assert(sizeof(journal_mark) == 64, "the journal's mark has no hidden padding");

static inline int tg_load(const int *place)
{
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

static inline void tg_store(int *place, int value)
{
    __atomic_store_n(place, value, __ATOMIC_RELEASE);
}

/* Writes a word as it is, so that its page goes to the disk again. */
static inline void tg_touch(uint32_t *word)
{
    *(volatile uint32_t *)word = *(volatile uint32_t *)word;
}

/* Waits until the event is signaled, at most `timeout_ms` (-1 = for ever), and clears it. */
static inline void tg_await(int event_fd, int timeout_ms)
{
    struct pollfd item = {.fd = event_fd, .events = POLLIN};
    uint64_t count;
    if (poll(&item, 1, timeout_ms) == 1 && read(event_fd, &count, sizeof count) < 0)
        return;
}

static inline int tg_signal(int event_fd)
{
    uint64_t one = 1;
    return write(event_fd, &one, sizeof one) == sizeof one;
}

#endif
