/* Products of the card's model, wider than 64 bits in between. */
#ifndef TIDEGATE_CARD_MONEY_H
#define TIDEGATE_CARD_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "card.h"

typedef unsigned __int128 card_wide;

/* left * right, rounded up to units of 2^shift; false when it needs more than CARD_MONEY_BITS. */
static inline bool card_times(uint64_t left, uint64_t right, int shift, uint64_t *product)
{
    card_wide exact = (card_wide)left * right + (((card_wide)1 << shift) - 1);
    exact >>= shift;
    *product = (uint64_t)exact;
    return exact >> CARD_MONEY_BITS == 0;
}

/* Whether a signed value has no more than so many bits; the same of one that is not signed. */
static inline bool card_fits(int64_t value, int bits)
{
    return value >> (bits - 1) == 0 || value >> (bits - 1) == -1;
}

static inline bool card_is_below(int64_t value, int bits)
{
    return value >> bits == 0;
}

#endif
