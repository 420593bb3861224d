/* SPAN's worst scans as running sums. A pair adds r > 0 ? r * longs : -r * shorts to scenario k,
 * where r = scan[k] is the loss of long one lot, longs and shorts the worst sizes of its sides:
 * the most that any of its fills can lose (MARGIN.md 3). Lots fit 31 bits and all lots of a row
 * stay within SPAN_LOTS_MAX, so that no sum leaves 2^61. */
#ifndef TIDEGATE_SPAN_H
#define TIDEGATE_SPAN_H

#include <stdint.h>

#include "clones.h"

#define SPAN_SCENARIOS 16
#define SPAN_LOTS_MAX ((int64_t)1 << 29)

/* out = worst with these lots more (negative: fewer) on a side; the largest of them, or 0. */
TG_CLONES static int64_t span_side(const int64_t *restrict worst, const int32_t *restrict scan,
                                   int is_buy, int32_t lots, int64_t *restrict out) {
    int32_t least = is_buy ? 0 : INT32_MIN;
    int32_t most = is_buy ? INT32_MAX : 0;
    int32_t signed_lots = is_buy ? lots : -lots;
    int64_t largest = 0;
    for (int k = 0; k < SPAN_SCENARIOS; k++) {
        int32_t r = scan[k] > least ? scan[k] : least;
        r = r < most ? r : most;
        out[k] = worst[k] + (int64_t)r * signed_lots;
        largest = out[k] > largest ? out[k] : largest;
    }
    return largest;
}

/* ceil(rate * |delta| / 10000): money units of one lot; delta in 1e-4, no rate is negative. */
static inline int64_t span_lot_rate(int32_t rate, int32_t delta) {
    uint64_t size = delta < 0 ? (uint64_t)(-(int64_t)delta) : (uint64_t)delta;
    return rate > 0 ? (int64_t)(((uint64_t)rate * size + 9999) / 10000) : 0;
}

#endif
