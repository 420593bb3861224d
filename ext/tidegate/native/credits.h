/* What an order takes from rows of credits: four subtractions a row, two at a time. A credit that
 * would be negative is one that does not suffice. */
#ifndef TIDEGATE_CREDITS_H
#define TIDEGATE_CREDITS_H

#include "reference.h"

typedef int64_t credit_lanes __attribute__((vector_size(16), aligned(8), may_alias));

typedef struct {
    credit_lanes sides;        /* buy_credit, sell_credit */
    credit_lanes sums;         /* gross_credit, order_credit */
} credit_take;

static inline credit_take credits_asked(int64_t buys, int64_t sells, int64_t gross,
                                        int64_t orders) {
    return (credit_take){{buys, sells}, {gross, orders}};
}

static inline credit_lanes *credit_sides(credits *row) {
    return (credit_lanes *)&row->buy_credit;
}

static inline credit_lanes *credit_sums(credits *row) {
    return (credit_lanes *)&row->gross_credit;
}

static inline credit_lanes credits_none(void) {
    return (credit_lanes){0, 0};
}

/* Of all rows that were added with it: negative in a lane where some credit does not suffice. */
static inline void credits_left(credit_lanes *left, const credits *row, const credit_take *asked) {
    *left |= (*credit_sides((credits *)row) - asked->sides)
        | (*credit_sums((credits *)row) - asked->sums);
}

static inline int credits_lack(const credit_lanes *left) {
    return ((*left)[0] | (*left)[1]) < 0;
}

static inline void credits_take(credits *row, const credit_take *asked) {
    *credit_sides(row) -= asked->sides;
    *credit_sums(row) -= asked->sums;
}

#endif
