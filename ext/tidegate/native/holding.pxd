"""What working orders hold, on all levels at once: lots, gross, margin by model, fees, premium."""
from libc.stdint cimport int64_t, uint8_t, uint32_t

from tidegate.native.level_margin cimport margin_plan
from tidegate.native.positions cimport (
    gross_now, gross_of, is_freezing, worst_long, worst_short,
)
from tidegate.native.tables cimport (
    account_row, balance_row, credits, instrument_row, order_row, pair_row, product_row,
    sides_row, tables,
)


cdef extern from "credits.h" nogil:
    ctypedef struct credit_lanes:
        pass
    ctypedef struct credit_take:
        pass
    credit_take credits_asked(int64_t buys, int64_t sells, int64_t gross, int64_t orders)
    credit_lanes credits_none()
    void credits_left(credit_lanes* left, const credits* row, const credit_take* asked)
    bint credits_lack(const credit_lanes* left)
    void credits_take(credits* row, const credit_take* asked)


cdef inline int64_t added_gross(
    const instrument_row* instrument, const pair_row* pair, bint is_buy, uint8_t effect,
    int64_t lots
) noexcept nogil:
    """By how much lots more (negative: fewer) on a side raise the pair's gross."""
    cdef int64_t longs = worst_long(&pair.all)
    cdef int64_t shorts = worst_short(&pair.all)
    if is_freezing(instrument, effect):
        return 0
    if is_buy:
        longs += lots
    else:
        shorts += lots
    return gross_of(instrument, longs, shorts) - gross_now(pair)


cdef inline int64_t today_part(const order_row* order, int64_t lots) noexcept nogil:
    """How many of the next lots of a closing order are today's; yesterday's go first."""
    cdef int64_t yesterday = order.held_qty - <int64_t>order.frozen_today
    return lots - yesterday if lots > yesterday else 0


# What one level of the chain would hold: the same plan for the checks and for holding.
ctypedef struct level_plan:
    pair_row* pair
    product_row* product
    account_row* account
    balance_row* balance     # row 0, of nobody, where the level has no money of its own
    credit_take take         # of each of its three rows of credits
    int64_t gross            # changes
    int64_t notional
    margin_plan margin


# The plans of the chain from `pair` upwards, for lots and orders more (negative: fewer); `count` =
# levels. True = not expressible. Reads only.
cdef bint plan_chain(
    const tables* t, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots, int orders,
    level_plan* plans, int* count
) noexcept nogil
# As plan_chain where that fails: gross alone, and no margin.
cdef void plan_gross(
    const tables* t, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots, int orders,
    level_plan* plans
) noexcept nogil
# hold() with the plans of just now.
cdef bint hold_planned(
    tables* t, order_row* order, int64_t lots, int64_t fee, int64_t premium,
    const level_plan* plans, int count
) noexcept nogil
# Lots that a close may still freeze at its own account (RISK.md 4.3).
cdef int64_t closable(
    const tables* t, const pair_row* pair, bint is_buy, uint8_t effect
) noexcept nogil
# By how much lots more would raise the margin of this one level, by its model. Reads only;
# 0 where the level has no money. True = not expressible.
cdef bint added_margin(
    const tables* t, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots, int64_t* added
) noexcept nogil
# All levels take (negative: give back) the order's lots, fee, premium, and count of open orders.
# True = not expressible, and nothing was done.
cdef bint hold(
    tables* t, order_row* order, int64_t lots, int64_t fee, int64_t premium, int orders
) noexcept nogil
# A fill at one level. Net: signed lots. With sides: the row as it is afterwards, its costs too.
# They carry credits, gross, notional and margin; hold(-lots) of the order comes after. True =
# not expressible, and nothing was done.
cdef bint move_net(tables* t, uint32_t pair, int64_t lots) noexcept nogil
cdef bint move_sides(tables* t, uint32_t pair, const sides_row* after) noexcept nogil
# The instrument's row becomes `changed`: margin and notional of every pair in one step (not
# `unrealised`). True = not expressible, and nothing was done, the row neither.
cdef bint change_instrument(
    tables* t, uint32_t instrument, const instrument_row* changed
) noexcept nogil
