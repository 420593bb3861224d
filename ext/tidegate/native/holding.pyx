"""What working orders hold, on all levels at once, and how fills and new rates move it.

Every function plans all levels first and writes only when every sum can be expressed, so that a
refusal leaves nothing behind. What is held is at all times what the rows' lots make of the
instruments' rates: each write carries the difference.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcmp, memset

cimport tidegate.native.level_margin as level_margin
from tidegate.native.balances cimport apply_to, can_apply, can_take, change, commit, take
from tidegate.native.dirty cimport mark_dirty
from tidegate.native.level_margin cimport margin_plan
from tidegate.native.margin cimport MONEY_MAX, money_times
from tidegate.native.positions cimport (
    gross_now, gross_of, is_freezing, magnitude, worst_long, worst_short,
)
from tidegate.native.records cimport BUY, CLOSE_TODAY, CLOSE_YESTERDAY
from tidegate.native.tables cimport (
    TG_CHAIN_MAX, TG_SCENARIOS, account_row, balance_row, credits, instrument_row, order_row,
    pair_row, product_row, sides_row, tables,
)


cdef inline int64_t known(int64_t value) noexcept nogil:
    """Money that is not known yet (-1) counts nothing: no order passes without it."""
    return value if value > 0 else 0


# Where the tables are: after any write the compiler would read it from `tables` again.
cdef struct places:
    pair_row* pairs
    product_row* products
    account_row* accounts
    balance_row* balances


cdef inline places places_of(const tables* t) noexcept nogil:
    return places(t.pairs, t.products, t.accounts, t.balances)


cdef inline void find_level(const places* at, uint32_t pair, level_plan* plan) noexcept nogil:
    """The rows of one level."""
    cdef pair_row* row = &at.pairs[pair]
    plan.pair = row
    plan.product = &at.products[row.product]
    plan.account = &at.accounts[row.account]
    plan.balance = &at.balances[row.balance]


cdef inline bint plan_level(
    const tables* t, pair_row* row, const instrument_row* instrument, bint is_buy, int64_t lots,
    level_plan* out
) noexcept nogil:
    """One level with lots more on a side: gross, margin, notional. True = not expressible."""
    cdef int64_t longs = worst_long(&row.all) + (lots if is_buy else 0)
    cdef int64_t shorts = worst_short(&row.all) + (0 if is_buy else lots)
    out.gross = gross_of(instrument, longs, shorts) - gross_now(row)
    out.notional = 0
    out.margin.added = 0
    if row.balance == 0:
        return False
    return level_margin.plan_side(
        t, row, instrument, is_buy, lots, longs, shorts, out.gross, &out.margin
    ) or money_times(known(instrument.lot_notional), out.gross, &out.notional)


cdef bint plan_chain(
    const tables* t, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots, int orders,
    level_plan* plans, int* count
) noexcept nogil:
    """A close adds to no worst size: its plans are of no lots."""
    cdef const instrument_row* instrument = &t.instruments[t.pairs[pair].instrument]
    cdef places at = places_of(t)
    cdef level_plan* plan = plans
    if is_freezing(instrument, effect):
        lots = 0
    while pair:
        find_level(&at, pair, plan)
        if plan_level(t, plan.pair, instrument, is_buy, lots, plan):
            return True
        plan.take = credits_asked(
            lots if is_buy else 0, 0 if is_buy else lots, plan.gross, orders
        )
        pair = plan.pair.parent
        plan += 1
    count[0] = <int>(plan - plans)
    return False


cdef void plan_gross(
    const tables* t, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots, int orders,
    level_plan* plans
) noexcept nogil:
    cdef const instrument_row* instrument = &t.instruments[t.pairs[pair].instrument]
    cdef places at = places_of(t)
    cdef level_plan* plan = plans
    while pair:
        memset(plan, 0, sizeof(level_plan))
        find_level(&at, pair, plan)
        plan.gross = added_gross(instrument, plan.pair, is_buy, effect, lots)
        plan.take = credits_asked(
            lots if is_buy else 0, 0 if is_buy else lots, plan.gross, orders
        )
        pair = plan.pair.parent
        plan += 1


cdef bint added_margin(
    const tables* t, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots, int64_t* added
) noexcept nogil:
    cdef const instrument_row* instrument = &t.instruments[t.pairs[pair].instrument]
    cdef level_plan plan
    if is_freezing(instrument, effect):
        lots = 0
    if plan_level(t, &t.pairs[pair], instrument, is_buy, lots, &plan):
        return True
    added[0] = plan.margin.added
    return False


cdef int64_t closable(
    const tables* t, const pair_row* pair, bint is_buy, uint8_t effect
) noexcept nogil:
    """A buy closes short lots, a sell long ones."""
    cdef const instrument_row* instrument = &t.instruments[pair.instrument]
    cdef const sides_row* sides = &t.sides[pair.sides]
    cdef int64_t today = sides.long_today - sides.frozen_long_today
    cdef int64_t yesterday = sides.long_yesterday - sides.frozen_long_yesterday
    if is_buy:
        today = sides.short_today - sides.frozen_short_today
        yesterday = sides.short_yesterday - sides.frozen_short_yesterday
    if effect == CLOSE_TODAY:
        return today
    if effect == CLOSE_YESTERDAY or instrument.closes_today:
        return yesterday
    return yesterday + today


cdef inline void take_level(
    tables* t, pair_row* row, product_row* product, account_row* account,
    const credit_take* asked
) noexcept nogil:
    """Lots, gross and orders, in the pair's, its product's and its account's row."""
    credits_take(&row.all, asked)
    credits_take(&product.all, asked)
    credits_take(&account.all, asked)
    if not account.is_dirty:
        mark_dirty(t, row.account)


cdef int64_t today_lots(
    const tables* t, const order_row* order, const instrument_row* instrument, int64_t lots
) noexcept nogil:
    """How many of the lots to freeze (negative: to release) are today's (RISK.md 4.3)."""
    cdef const sides_row* sides = &t.sides[t.pairs[order.pair].sides]
    cdef int64_t yesterday
    if lots < 0:
        return -today_part(order, -lots)
    if order.position_effect == CLOSE_TODAY:
        return lots
    if order.position_effect == CLOSE_YESTERDAY or instrument.closes_today:
        return 0
    if order.side == BUY:
        yesterday = sides.short_yesterday - sides.frozen_short_yesterday
    else:
        yesterday = sides.long_yesterday - sides.frozen_long_yesterday
    return lots - min(lots, max(yesterday, <int64_t>0))


cdef void freeze(tables* t, order_row* order, int64_t lots) noexcept nogil:
    """A closing order's lots, at every level in the same parts as at its own account."""
    cdef int64_t today = today_lots(t, order, &t.instruments[order.instrument], lots)
    cdef uint32_t pair = order.pair
    cdef sides_row* sides
    while pair:
        sides = &t.sides[t.pairs[pair].sides]
        if order.side == BUY:
            sides.frozen_short_today += <int32_t>today
            sides.frozen_short_yesterday += <int32_t>(lots - today)
        else:
            sides.frozen_long_today += <int32_t>today
            sides.frozen_long_yesterday += <int32_t>(lots - today)
        pair = t.pairs[pair].parent
    order.frozen_today = <uint32_t>(<int64_t>order.frozen_today + today)


cdef bint hold_planned(
    tables* t, order_row* order, int64_t lots, int64_t fee, int64_t premium,
    const level_plan* plans, int count
) noexcept nogil:
    cdef const instrument_row* instrument = &t.instruments[order.instrument]
    cdef const level_plan* plan
    cdef pair_row* row
    cdef int i
    for i in range(count):
        plan = &plans[i]
        row = plan.pair
        if row.balance and not can_take(
            t, row.account, row.balance, plan.margin.added, fee, premium, plan.notional
        ):
            return True
    for i in range(count):
        plan = &plans[i]
        row = plan.pair
        if row.balance:
            level_margin.keep(t, row, instrument, &plan.margin)
            take(t, row.account, row.balance, plan.margin.added, fee, premium, plan.notional)
        take_level(t, row, plan.product, plan.account, &plan.take)
    if lots and is_freezing(instrument, order.position_effect):
        freeze(t, order, lots)
    order.held_qty += lots
    order.fee_held += fee
    order.premium_held += premium
    return False


cdef bint hold(
    tables* t, order_row* order, int64_t lots, int64_t fee, int64_t premium, int orders
) noexcept nogil:
    cdef level_plan plans[TG_CHAIN_MAX]
    cdef int count
    return plan_chain(
        t, order.pair, order.side == BUY, order.position_effect, lots, orders, plans, &count
    ) or hold_planned(t, order, lots, fee, premium, plans, count)


cdef inline bint is_far(const credits* row, int64_t longs, int64_t shorts) noexcept nogil:
    """Worst sizes that lots cannot count any more."""
    return (
        magnitude(worst_long(row) + longs) > MONEY_MAX
        or magnitude(worst_short(row) + shorts) > MONEY_MAX
    )


cdef bint can_move(
    const tables* t, const pair_row* row, int64_t longs, int64_t shorts
) noexcept nogil:
    return not (
        is_far(&row.all, longs, shorts)
        or is_far(&t.products[row.product].all, longs, shorts)
        or is_far(&t.accounts[row.account].all, longs, shorts)
    )


cdef bint move_level(
    tables* t, uint32_t pair, const sides_row* after, int64_t longs, int64_t shorts
) noexcept nogil:
    """Worst sizes change by a fill; `after` is the row of sides then. True = nothing done."""
    cdef pair_row* row = &t.pairs[pair]
    cdef const instrument_row* instrument = &t.instruments[row.instrument]
    cdef int64_t long_after = worst_long(&row.all) + longs
    cdef int64_t short_after = worst_short(&row.all) + shorts
    cdef int64_t gross = gross_of(instrument, long_after, short_after) - gross_now(row)
    cdef margin_plan plan
    cdef credit_take asked
    cdef change by
    if not can_move(t, row, longs, shorts):
        return True
    if row.balance:
        memset(&by, 0, sizeof(change))
        if level_margin.replan(
            t, row, instrument, instrument, after, long_after, short_after, &plan
        ) or money_times(known(instrument.lot_notional), gross, &by.notional):
            return True
        by.margin = plan.added
        if apply_to(t, row.account, row.balance, &by):
            return True
        level_margin.keep(t, row, instrument, &plan)
    asked = credits_asked(longs, shorts, gross, 0)
    take_level(t, row, &t.products[row.product], &t.accounts[row.account], &asked)
    row.net += longs if after == NULL else longs - shorts
    return False


cdef bint move_net(tables* t, uint32_t pair, int64_t lots) noexcept nogil:
    """Lots of a net instrument change hands: worst long grows by them, worst short shrinks."""
    return move_level(t, pair, NULL, lots, -lots)


cdef inline int64_t longs_of(const sides_row* row) noexcept nogil:
    return <int64_t>row.long_today + row.long_yesterday


cdef inline int64_t shorts_of(const sides_row* row) noexcept nogil:
    return <int64_t>row.short_today + row.short_yesterday


cdef bint move_sides(tables* t, uint32_t pair, const sides_row* after) noexcept nogil:
    cdef sides_row* sides = &t.sides[t.pairs[pair].sides]
    if move_level(
        t, pair, after, longs_of(after) - longs_of(sides), shorts_of(after) - shorts_of(sides)
    ):
        return True
    sides[0] = after[0]
    return False


cdef bint same_rates(const instrument_row* a, const instrument_row* b) noexcept nogil:
    """Nothing differs that a level's margin is made of."""
    return (
        a.margin_long == b.margin_long and a.margin_short == b.margin_short
        and a.margin_long_today == b.margin_long_today
        and a.margin_short_today == b.margin_short_today
        and a.exchange_long == b.exchange_long and a.exchange_short == b.exchange_short
        and a.exchange_long_today == b.exchange_long_today
        and a.exchange_short_today == b.exchange_short_today
        and a.margin_long_lot == b.margin_long_lot and a.margin_short_lot == b.margin_short_lot
        and a.margin_long_ppm == b.margin_long_ppm and a.margin_short_ppm == b.margin_short_ppm
        and a.exchange_long_lot == b.exchange_long_lot
        and a.exchange_short_lot == b.exchange_short_lot
        and a.exchange_long_ppm == b.exchange_long_ppm
        and a.exchange_short_ppm == b.exchange_short_ppm
        and a.notional_floor == b.notional_floor
        and a.scan_unit == b.scan_unit and a.scan_delta == b.scan_delta
        and a.intra_rate == b.intra_rate and a.delivery_rate == b.delivery_rate
        and a.short_option_rate == b.short_option_rate
        and memcmp(a.scan, b.scan, TG_SCENARIOS * sizeof(int32_t)) == 0
    )


cdef bint change_pair(
    tables* t, pair_row* row, const instrument_row* before, const instrument_row* after,
    bint is_same, bint is_forced
) noexcept nogil:
    """One pair from one row of its instrument to another. True = not expressible, not done."""
    cdef margin_plan plan
    cdef change by
    memset(&by, 0, sizeof(change))
    if money_times(known(after.lot_notional), gross_now(row), &by.notional):
        return True
    by.notional -= known(before.lot_notional) * gross_now(row)
    if is_same:
        # All that a mark changes of what is held, and mostly by the plain way.
        if by.notional == 0:
            return False
        if not is_forced and not can_take(t, row.account, row.balance, 0, 0, 0, by.notional):
            return True
        take(t, row.account, row.balance, 0, 0, 0, by.notional)
        return False
    if level_margin.replan(
        t, row, before, after, &t.sides[row.sides], worst_long(&row.all),
        worst_short(&row.all), &plan
    ):
        return True
    by.margin = plan.added
    if not is_forced and not can_apply(t, row.account, row.balance, &by):
        return True
    if by.margin or by.notional:
        commit(t, row.account, row.balance, &by)
    level_margin.keep(t, row, after, &plan)
    return False


cdef bint change_instrument(
    tables* t, uint32_t instrument, const instrument_row* changed
) noexcept nogil:
    """Pair by pair; where one cannot be expressed those before it go back to what they were."""
    cdef instrument_row* row = &t.instruments[instrument]
    cdef bint is_same = same_rates(row, changed)
    cdef uint32_t pair = row.first_pair
    cdef uint32_t failed = 0
    while pair:
        if t.pairs[pair].balance and change_pair(
            t, &t.pairs[pair], row, changed, is_same, False
        ):
            failed = pair
            break
        pair = t.pairs[pair].next
    if failed == 0:
        row[0] = changed[0]
        return False
    pair = row.first_pair
    while pair != failed:
        if t.pairs[pair].balance:
            change_pair(t, &t.pairs[pair], changed, row, is_same, True)
        pair = t.pairs[pair].next
    return True
