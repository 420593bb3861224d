/* The header of every region, and the seqlock around changes of several words.
 *
 *   0     8           12       16          24       32         64      72
 *   magic header_size row_size layout_hash capacity writer_pid version count   rows at 4096
 */
#ifndef TIDEGATE_REGION_H
#define TIDEGATE_REGION_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TG_REGION_MAGIC UINT64_C(0x4e4f494745524754) /* "TGREGION" */
#define TG_REGION_HEADER_SIZE 4096

typedef struct {
    uint64_t magic;
    uint32_t header_size;
    uint32_t row_size;
    uint64_t layout_hash;
    uint64_t capacity;
    uint32_t writer_pid;
    uint32_t pad[7];
    uint64_t version;
    uint64_t count;
    uint64_t pad_end[6];
} region_header;

static_assert(sizeof(region_header) == 128, "the region header is two cache lines");
static_assert(offsetof(region_header, version) == 64, "version has its own cache line");

/* The version is odd while the writer is between the two calls. */
static inline void begin_write(region_header *header)
{
    uint64_t version = __atomic_load_n(&header->version, __ATOMIC_RELAXED);
    __atomic_store_n(&header->version, version | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void end_write(region_header *header)
{
    uint64_t version = __atomic_load_n(&header->version, __ATOMIC_RELAXED);
    __atomic_store_n(&header->version, (version | 1) + 1, __ATOMIC_RELEASE);
}

static inline uint64_t tg_begin_read(const region_header *header)
{
    return __atomic_load_n(&header->version, __ATOMIC_ACQUIRE);
}

static inline bool tg_end_read(const region_header *header, uint64_t version)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return (version & 1) == 0 && __atomic_load_n(&header->version, __ATOMIC_RELAXED) == version;
}

#endif
