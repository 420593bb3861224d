/* SPAN's worst scans as running sums. A pair adds r > 0 ? r * longs : -r * shorts to scenario k,
 * where r = scan[k] is the loss of long one lot, longs and shorts the worst sizes of its sides:
 * the most that any of its fills can lose (MARGIN.md 3). Lots fit 31 bits and all lots of a row
 * stay within SPAN_LOTS_MAX, so that no sum leaves 2^61. The loops are plain for the vectoriser. */
#ifndef TIDEGATE_SPAN_H
#define TIDEGATE_SPAN_H

#include <stdint.h>

#define SPAN_SCENARIOS 16
#define SPAN_LOTS_MAX ((int64_t)1 << 29)

static inline int64_t span_positive(int64_t value) {
    return value > 0 ? value : 0;
}

/* What `longs` and `shorts` lots add in a scenario. */
static inline int64_t span_loss(int32_t r, int32_t longs, int32_t shorts) {
    int64_t up = (int64_t)(r > 0 ? r : 0) * longs;
    int64_t down = (int64_t)(r < 0 ? r : 0) * shorts;
    return up - down;
}

static inline void span_shift(int64_t *restrict worst, const int32_t *restrict scan,
                              int32_t longs, int32_t shorts) {
    for (int k = 0; k < SPAN_SCENARIOS; k++) worst[k] += span_loss(scan[k], longs, shorts);
}

/* The largest scenario, at least 0, if these lots were added. */
static inline int64_t span_worst(const int64_t *restrict worst, const int32_t *restrict scan,
                                 int32_t longs, int32_t shorts) {
    int64_t most = 0;
    for (int k = 0; k < SPAN_SCENARIOS; k++) {
        int64_t at = worst[k] + span_loss(scan[k], longs, shorts);
        most = at > most ? at : most;
    }
    return most;
}

/* ceil(rate * |delta| / 10000): money units of one lot; delta in 1e-4, no rate is negative. */
static inline int64_t span_lot_rate(int32_t rate, int32_t delta) {
    uint64_t size = delta < 0 ? (uint64_t)(-(int64_t)delta) : (uint64_t)delta;
    return rate > 0 ? (int64_t)(((uint64_t)rate * size + 9999) / 10000) : 0;
}

#endif
