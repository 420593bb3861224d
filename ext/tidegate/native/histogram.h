/* A histogram row of a region: 128 buckets of 1 ns, then 64 to each octave up to 68.7 s. */
#ifndef TIDEGATE_HISTOGRAM_H
#define TIDEGATE_HISTOGRAM_H

#include <assert.h>
#include <stdint.h>

#define TG_HISTOGRAM_LINEAR 128
#define TG_HISTOGRAM_BUCKETS 1984
#define TG_HISTOGRAM_MAX INT64_C(0xFFFFFFFFF)

typedef struct {
    uint8_t name[32];
    uint64_t count;
    int64_t total_ns;
    int64_t low_ns;
    int64_t high_ns;
    uint64_t negative_count;
    uint64_t above_count;
    uint64_t pad[6];
    uint64_t buckets[TG_HISTOGRAM_BUCKETS];
} histogram_row;

static_assert(sizeof(histogram_row) == 128 + 8 * TG_HISTOGRAM_BUCKETS, "no hidden padding");

#endif
