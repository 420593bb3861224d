"""A fill on every level: lots, average cost, cash, premium and fee. Never refused.

RISK.md 4.5 has the arithmetic. What is closed and what the fee is follow from the order's own
account and are the same on every level, so that the levels below a node sum to it. A level whose
money can no longer be expressed books its lots all the same and is halted.
"""
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.endings as endings
cimport tidegate.native.holding as holding
cimport tidegate.native.margin as margin
cimport tidegate.native.positions as positions
from tidegate.native.balances cimport change
from tidegate.native.records cimport BUY, HALTED, TG_NO_PRICE, execution_record
from tidegate.native.states cimport set_state
from tidegate.native.tables cimport instrument_row, order_row, pair_row, sides_row, tables


# What a fill is to the order's own account. With sides: how many lots it closes, of which day,
# and how many it opens; charged = closed lots that pay the fee of today's.
cdef struct fill:
    int64_t lots
    int64_t price
    int64_t fee
    int64_t closed_today
    int64_t closed_yesterday
    int64_t opened
    int64_t charged
    bint is_buy
    bint is_overflow


# What a level has after it, before anything is written.
cdef struct booked:
    int64_t net
    int64_t open_cost
    int64_t cash
    int64_t unrealised
    sides_row sides


cdef int64_t closing_lots(const pair_row* pair, const fill* f) noexcept nogil:
    """How many of the lots shrink the level's net position."""
    cdef int64_t against = -pair.net if f.is_buy else pair.net
    return max(0, min(f.lots, against))


cdef void split(tables* t, const order_row* order, fill* f) noexcept nogil:
    """Which lots of the own account's sides it closes: those frozen first, then any."""
    cdef const sides_row* own = &t.sides[t.pairs[order.pair].sides]
    cdef int64_t today = own.short_today if f.is_buy else own.long_today
    cdef int64_t yesterday = own.short_yesterday if f.is_buy else own.long_yesterday
    cdef int64_t charged = own.charged_short_today if f.is_buy else own.charged_long_today
    cdef int64_t left = f.lots
    cdef int64_t part
    if positions.is_freezing(&t.instruments[order.instrument], order.position_effect):
        part = holding.today_part(order, min(left, order.held_qty))
        f.closed_today = min(part, today)
        f.closed_yesterday = min(min(left, order.held_qty) - part, yesterday)
        left -= f.closed_today + f.closed_yesterday
        part = min(left, yesterday - f.closed_yesterday)
        f.closed_yesterday += part
        left -= part
        part = min(left, today - f.closed_today)
        f.closed_today += part
        left -= part
    f.opened = left
    f.charged = min(f.closed_today + f.closed_yesterday, charged)


cdef void read(
    tables* t, const order_row* order, int64_t lots, int64_t price, fill* f
) noexcept nogil:
    memset(f, 0, sizeof(fill))
    f.lots = lots
    f.price = price
    f.is_buy = order.side == BUY
    if t.instruments[order.instrument].has_sides:
        split(t, order, f)
    else:
        f.opened = f.lots - closing_lots(&t.pairs[order.pair], f)


cdef void charge(tables* t, const order_row* order, fill* f) noexcept nogil:
    f.is_overflow = margin.fee_of_fill(
        margin.fees_of(t, order.account, order.instrument), &t.instruments[order.instrument],
        f.price, f.opened, f.lots - f.opened - f.charged, f.charged, &f.fee
    )


cdef bint take_share(int64_t* cost, int64_t lots, int64_t of, int64_t* share) noexcept nogil:
    """The lots' part of what all have cost, rounded towards zero, taken from it."""
    share[0] = 0
    if lots == 0:
        return False
    if margin.money_share(cost[0], lots, of, share):
        return True
    cost[0] -= share[0]
    return False


cdef bint money_of_net(
    const pair_row* pair, const fill* f, int64_t tick_value, booked* b
) noexcept nogil:
    """Cost and cash where long and short lots cancel each other. True on overflow."""
    cdef int64_t closing = closing_lots(pair, f)
    cdef int64_t position = positions.magnitude(pair.net)
    cdef int64_t sign = 1 if f.is_buy else -1
    cdef int64_t proceeds, share, cost
    return (
        margin.money_product(f.price, tick_value, -sign * closing, &proceeds)
        or take_share(&b.open_cost, closing, position, &share)
        or margin.money_sum(proceeds, -share, &b.cash)
        or margin.money_product(f.price, tick_value, sign * (f.lots - closing), &cost)
        or margin.money_sum(b.open_cost, cost, &b.open_cost)
    )


cdef bint money_of_sides(
    const sides_row* before, const fill* f, int64_t tick_value, booked* b
) noexcept nogil:
    """Cost and cash where they are kept apart; the lots of b.sides are not read."""
    cdef int64_t closed = f.closed_today + f.closed_yesterday
    cdef int64_t proceeds, share, today, cost
    cdef bint is_stuck
    if f.is_buy:
        is_stuck = (
            take_share(
                &b.sides.short_cost, closed,
                <int64_t>before.short_today + before.short_yesterday, &share
            )
            or take_share(
                &b.sides.short_today_cost, f.closed_today, before.short_today, &today
            )
        )
    else:
        is_stuck = (
            take_share(
                &b.open_cost, closed, <int64_t>before.long_today + before.long_yesterday, &share
            )
            or take_share(&b.sides.long_today_cost, f.closed_today, before.long_today, &today)
        )
    if (
        is_stuck
        or margin.money_product(f.price, tick_value, closed, &proceeds)
        or margin.money_sum(proceeds, -share, &b.cash)
        or margin.money_product(f.price, tick_value, f.opened, &cost)
    ):
        return True
    if f.is_buy:
        b.cash = -b.cash
        return margin.money_sum(b.open_cost, cost, &b.open_cost) or margin.money_sum(
            b.sides.long_today_cost, cost, &b.sides.long_today_cost
        )
    return margin.money_sum(b.sides.short_cost, cost, &b.sides.short_cost) or margin.money_sum(
        b.sides.short_today_cost, cost, &b.sides.short_today_cost
    )


cdef bint gained(
    const instrument_row* instrument, int64_t net, int64_t open_cost, int64_t short_cost,
    int64_t price, int64_t* out
) noexcept nogil:
    """net * tick_value * price, less what it has cost. True on overflow."""
    cdef int64_t value, gain
    if price == TG_NO_PRICE:
        out[0] = 0
        return False
    return (
        margin.money_product(price, instrument.tick_value, net, &value)
        or margin.money_sum(value, -open_cost, &gain)
        or margin.money_sum(gain, short_cost, out)
    )


cdef bint unrealised_at(
    const tables* t, uint32_t pair, int64_t price, int64_t* out
) noexcept nogil:
    cdef const pair_row* row = &t.pairs[pair]
    cdef int64_t short_cost = t.sides[row.sides].short_cost if row.sides else 0
    return gained(
        &t.instruments[row.instrument], row.net, row.open_cost, short_cost, price, out
    )


cdef uint32_t balance_of(const tables* t, const pair_row* pair) noexcept nogil:
    """Whose cash it is on this level; pairs name only the balance that backs their margin."""
    return pair.account * t.currency_capacity + t.instruments[pair.instrument].currency


cdef void revalue(tables* t, uint32_t pair, int changes) noexcept nogil:
    """`unrealised` at the mark; the caller has seen that it can be expressed.

    Of a pool a record's losses are taken before its gains, so that no sum passes its best on the
    way.
    """
    cdef pair_row* row = &t.pairs[pair]
    cdef uint32_t balance
    cdef int64_t gain
    if unrealised_at(t, pair, t.instruments[row.instrument].mark_px, &gain):
        return
    if gain == row.unrealised or not changes & (LOSSES if gain < row.unrealised else GAINS):
        return
    if not t.accounts[row.account].is_pool:
        balance = balance_of(t, row)
        if not balances.can_gain(t, row.account, balance, gain - row.unrealised):
            return
        balances.gain(t, row.account, balance, gain - row.unrealised)
    row.unrealised = gain


cdef bint move_lots(sides_row* sides, const fill* f) noexcept nogil:
    """The level's lots after the fill. True when a count of them cannot be expressed."""
    cdef int64_t longs = sides.long_today
    cdef int64_t shorts = sides.short_today
    cdef int64_t charged_longs = sides.charged_long_today
    cdef int64_t charged_shorts = sides.charged_short_today
    if f.is_buy:
        longs += f.opened
        charged_longs += f.opened
        shorts -= f.closed_today
        charged_shorts -= f.charged
        sides.short_yesterday -= <int32_t>f.closed_yesterday
    else:
        shorts += f.opened
        charged_shorts += f.opened
        longs -= f.closed_today
        charged_longs -= f.charged
        sides.long_yesterday -= <int32_t>f.closed_yesterday
    if max(longs, shorts) > INT32_MAX or max(charged_longs, charged_shorts) > INT32_MAX:
        return True
    sides.long_today = <int32_t>longs
    sides.short_today = <int32_t>shorts
    sides.charged_long_today = <int32_t>charged_longs
    sides.charged_short_today = <int32_t>charged_shorts
    return False


cdef bint money_of(
    tables* t, const pair_row* pair, const fill* f, booked* b
) noexcept nogil:
    """What the level's money becomes. True on overflow."""
    cdef const instrument_row* instrument = &t.instruments[pair.instrument]
    cdef bint is_stuck
    if instrument.has_sides:
        is_stuck = money_of_sides(&t.sides[pair.sides], f, instrument.tick_value, b)
    else:
        is_stuck = money_of_net(pair, f, instrument.tick_value, b)
    if is_stuck or f.is_overflow:
        return True
    if instrument.is_premium_paid:
        b.open_cost = 0
        b.sides.short_cost = 0
        if margin.money_product(
            f.price, instrument.tick_value, -f.lots if f.is_buy else f.lots, &b.cash
        ):
            return True
    return margin.money_sum(b.cash, -f.fee, &b.cash) or gained(
        instrument, b.net, b.open_cost, b.sides.short_cost, instrument.mark_px, &b.unrealised
    )


cdef bint apply_money(tables* t, pair_row* pair, const fill* f, const booked* b) noexcept nogil:
    """Cash, fee and unrealised into the level's balance. True = not expressible, nothing done."""
    cdef change by
    cdef uint32_t balance = balance_of(t, pair)
    memset(&by, 0, sizeof(change))
    # The exact figure was of the position before.
    by.margin = t.balances[balance].margin_credit
    if not t.accounts[pair.account].is_pool:
        by.cash = b.cash
        by.fees = f.fee
        by.unrealised = b.unrealised - pair.unrealised
    if balances.apply_to(t, pair.account, balance, &by):
        return True
    t.balances[balance].margin_credit = 0
    pair.open_cost = b.open_cost
    pair.unrealised = b.unrealised
    return False


cdef bint book_level(tables* t, uint32_t index, const fill* f) noexcept nogil:
    """One fill on one level. True when something of it could not be booked."""
    cdef pair_row* pair = &t.pairs[index]
    cdef booked b
    cdef int64_t signed_lots = f.lots if f.is_buy else -f.lots
    cdef bint is_stuck
    memset(&b, 0, sizeof(booked))
    b.net = pair.net + signed_lots
    b.open_cost = pair.open_cost
    if pair.sides:
        b.sides = t.sides[pair.sides]
    is_stuck = money_of(t, pair, f, &b)
    if pair.sides:
        if is_stuck:
            b.sides = t.sides[pair.sides]
        if move_lots(&b.sides, f) or holding.move_sides(t, index, &b.sides):
            return True
    elif holding.move_net(t, index, signed_lots):
        return True
    if f.is_buy:
        pair.bought_qty += f.lots
    pair.fill_count += 1
    return is_stuck or apply_money(t, pair, f, &b)


cdef bint book_fill(tables* t, order_row* order, const execution_record* e) noexcept nogil:
    cdef fill f
    cdef uint32_t pair = order.pair
    cdef uint32_t account
    cdef bint is_unbookable = False
    read(t, order, e.last_qty, e.last_px, &f)
    charge(t, order, &f)
    while pair:
        if book_level(t, pair, &f):
            is_unbookable = True
            account = t.pairs[pair].account
            if t.accounts[account].trading_state < HALTED:
                set_state(t, account, HALTED)
        pair = t.pairs[pair].parent
    order.cum_qty += f.lots
    is_unbookable |= endings.keep(t, order, order.held_qty - f.lots)
    t.risk.fills += 1
    t.risk.unbookable += is_unbookable
    return is_unbookable


cdef bint book_lots(
    tables* t, const order_row* as_of, int64_t lots, int64_t price
) noexcept nogil:
    cdef fill f
    cdef uint32_t pair = as_of.pair
    read(t, as_of, lots, price, &f)
    while pair:
        if book_level(t, pair, &f):
            return True
        pair = t.pairs[pair].parent
    return False
