/* Sums and products of 128 bits, which Cython cannot say. Each function returns 1 when a result
 * does not fit (the caller gives up with OVERFLOW), else 0. */
#ifndef TIDEGATE_WIDE_H
#define TIDEGATE_WIDE_H

#include <stddef.h>
#include <stdint.h>

#include "clones.h"

/* Any four figures of this size have a sum that fits. */
#define WIDE_MONEY_MAX ((int64_t)1 << 60)
/* A figure that is not stated, so that the least of several needs no question. */
#define WIDE_NONE INT64_MAX

__extension__ typedef __int128 wide;

/* losses[k] += lots * values[k] for 16 scenarios; the caller bounds the sums. */
TG_CLONES static void wide_add_lots(int64_t *restrict losses, const int32_t *restrict values,
                                    int32_t lots) {
    for (int k = 0; k < 16; k++) losses[k] += (int64_t)lots * values[k];
}

/* Zeros a few words. Left alone, compilers write "rep stos", which starts slower than it runs. */
static inline void wide_clear(void *out, size_t size) {
    int64_t *words = out;
    for (size_t k = 0; k < size / sizeof(int64_t); k++) {
        words[k] = 0;
        __asm__ volatile("");
    }
}

/* *sum += a * b */
static inline int wide_add_product(wide *sum, int64_t a, int64_t b) {
    return __builtin_add_overflow(*sum, (wide)a * b, sum);
}

/* *out = a * b */
static inline int wide_times(wide a, wide b, wide *out) {
    return __builtin_mul_overflow(a, b, out);
}

/* *out = value / divisor, rounded up or down; value >= 0, divisor > 0. */
static inline int wide_share(wide value, wide divisor, int up, int64_t *out) {
    wide result;
    /* Most figures are small, and a long division costs what ten short ones do. */
    if (value <= (wide)UINT64_MAX && divisor <= (wide)UINT64_MAX) {
        uint64_t small = (uint64_t)value, by = (uint64_t)divisor;
        result = (wide)(small / by) + (up && small % by != 0);
    } else {
        result = value / divisor;
        result += up && result * divisor != value;
    }
    if (result > WIDE_MONEY_MAX) return 1;
    *out = (int64_t)result;
    return 0;
}

#endif
