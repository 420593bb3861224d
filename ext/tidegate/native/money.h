/* Exact integer money, at most 2^61 in size, so that the sum of any four fits an int64. Each
 * function returns 1 when the result is larger (the caller denies with OVERFLOW), else 0;
 * *out is written only on 0. Products are 128 bits wide, which Cython cannot say. */
#ifndef TIDEGATE_MONEY_H
#define TIDEGATE_MONEY_H

#include <stdint.h>

#define MONEY_MAX ((int64_t)1 << 61)

__extension__ typedef __int128 money_wide;

static inline int money_narrow(money_wide value, int64_t *out) {
    if (value > MONEY_MAX || value < -MONEY_MAX) return 1;
    *out = (int64_t)value;
    return 0;
}

/* a * b * c, where |c| < 2^31 (a quantity of one order or fill). */
static inline int money_product(int64_t a, int64_t b, int64_t c, int64_t *out) {
    int64_t ab;
    if (money_narrow((money_wide)a * b, &ab)) return 1;
    return money_narrow((money_wide)ab * c, out);
}

/* value * numerator / denominator, rounded towards zero; denominator > 0. */
static inline int money_share(int64_t value, int64_t numerator, int64_t denominator,
                              int64_t *out) {
    return money_narrow((money_wide)value * numerator / denominator, out);
}

/* |value| * ppm / 1e6, rounded up; ppm >= 0. */
static inline int money_ppm_up(int64_t value, int64_t ppm, int64_t *out) {
    money_wide magnitude = value < 0 ? -(money_wide)value : (money_wide)value;
    return money_narrow((magnitude * ppm + 999999) / 1000000, out);
}

static inline int money_sum(int64_t a, int64_t b, int64_t *out) {
    return money_narrow((money_wide)a + b, out);
}

#endif
