/* Exact integer money, at most 2^61 in size, so that the sum of any four fits an int64. Each
 * function returns 1 when the result is larger (the caller denies with OVERFLOW), else 0;
 * *out is written only on 0. Products are 128 bits wide, which Cython cannot say. */
#ifndef TIDEGATE_MONEY_H
#define TIDEGATE_MONEY_H

#include <stdint.h>

#define MONEY_MAX ((int64_t)1 << 61)
#define MONEY_PPM 1000000
#define MONEY_RATE 1000000000

__extension__ typedef __int128 money_wide;

static inline int money_fits(int64_t value) {
    return (uint64_t)value + (uint64_t)MONEY_MAX <= 2 * (uint64_t)MONEY_MAX;
}

static inline int money_narrow(money_wide value, int64_t *out) {
    if (__builtin_expect(value > MONEY_MAX || value < -MONEY_MAX, 0)) return 1;
    *out = (int64_t)value;
    return 0;
}

static inline int money_times(int64_t a, int64_t b, int64_t *out) {
    int64_t product;
    if (__builtin_expect(__builtin_mul_overflow(a, b, &product) || !money_fits(product), 0))
        return 1;
    *out = product;
    return 0;
}

/* a * b * c; a * b itself has to be expressible. */
static inline int money_product(int64_t a, int64_t b, int64_t c, int64_t *out) {
    int64_t ab;
    return money_times(a, b, &ab) || money_times(ab, c, out);
}

/* value * numerator / denominator, rounded towards zero; denominator > 0. A product of 64 bits
 * needs no long division. */
static inline int money_share(int64_t value, int64_t numerator, int64_t denominator,
                              int64_t *out) {
    int64_t product;
    if (__builtin_expect(!__builtin_mul_overflow(value, numerator, &product), 1)) {
        product /= denominator;
        if (!money_fits(product)) return 1;
        *out = product;
        return 0;
    }
    return money_narrow((money_wide)value * numerator / denominator, out);
}

/* |value| * ppm / 1e6, rounded up; ppm >= 0. A product of 64 bits needs no long division. */
static inline int money_ppm_up(int64_t value, int64_t ppm, int64_t *out) {
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t product;
    if (__builtin_expect(!__builtin_mul_overflow(magnitude, (uint64_t)ppm, &product)
                         && product <= UINT64_MAX - (MONEY_PPM - 1), 1)) {
        *out = (int64_t)((product + (MONEY_PPM - 1)) / MONEY_PPM);
        return 0;
    }
    return money_narrow(((money_wide)magnitude * ppm + (MONEY_PPM - 1)) / MONEY_PPM, out);
}

static inline int money_sum(int64_t a, int64_t b, int64_t *out) {
    int64_t sum;
    if (__builtin_expect(__builtin_add_overflow(a, b, &sum) || !money_fits(sum), 0)) return 1;
    *out = sum;
    return 0;
}

/* a * b > c * d, without rounding. */
static inline int money_exceeds(int64_t a, int64_t b, int64_t c, int64_t d) {
    return (money_wide)a * b > (money_wide)c * d;
}

/* Foreign money in base money: assets down at asset_rate, liabilities up at liability_rate
 * (rates of 1e9). A rate that is not known (-1) makes an asset worth nothing and a liability
 * something that cannot be expressed. */
static inline int money_convert(int64_t value, int64_t asset_rate, int64_t liability_rate,
                                int64_t *out) {
    money_wide owed;
    if (value >= 0) {
        if (asset_rate < 0) asset_rate = 0;
        return money_narrow((money_wide)value * asset_rate / MONEY_RATE, out);
    }
    if (liability_rate < 0) return 1;
    owed = (money_wide)0 - (money_wide)value * liability_rate;
    return money_narrow(-((owed + (MONEY_RATE - 1)) / MONEY_RATE), out);
}

#endif
