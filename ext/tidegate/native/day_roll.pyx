"""The end of a day (RISK.md 5.10): variation margin, lots of yesterday, a new day's counts.

Money goes in first, pair by pair, with what the sides' margin becomes: then all balances are
looked at, and where one cannot be expressed it is all taken out again. Lots and costs change
after that, when nothing can be refused any more.
"""
from libc.stdint cimport INT32_MAX, int64_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.fills as fills
cimport tidegate.native.level_margin as level_margin
cimport tidegate.native.margin as margin
cimport tidegate.native.orders as orders
from tidegate.native.alerts cimport numbers
from tidegate.native.balances cimport change
from tidegate.native.dirty cimport mark_dirty
from tidegate.native.invariant cimport must
from tidegate.native.level_margin cimport margin_plan
from tidegate.native.positions cimport worst_long, worst_short
from tidegate.native.records cimport MARGIN_SIDES, control_record
from tidegate.native.tables cimport day_row, instrument_row, pair_row, sides_row, tables

cdef enum:
    YEAR_MAX = 9999


# What a pair's lots have cost from now on, and what that moves.
cdef struct variation:
    int64_t long_cost
    int64_t short_cost
    int64_t unrealised
    int64_t cash             # added
    int64_t gain             # added to unrealised


cdef int days_in(int year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef bint is_date(int64_t day) noexcept nogil:
    """YYYYMMDD of the Gregorian calendar."""
    cdef int year, month
    if not 0 < day // 10000 <= YEAR_MAX:
        return False
    year = <int>(day // 10000)
    month = <int>(day // 100 % 100)
    return 1 <= month <= 12 and 1 <= day % 100 <= days_in(year, month)


cdef inline int64_t longs_of(const tables* t, const pair_row* pair) noexcept nogil:
    """The lots that open_cost is of: long ones, or of a net instrument all, signed."""
    cdef const sides_row* sides = &t.sides[pair.sides]
    return <int64_t>sides.long_today + sides.long_yesterday if pair.sides else pair.net


cdef inline int64_t shorts_of(const tables* t, const pair_row* pair) noexcept nogil:
    cdef const sides_row* sides = &t.sides[pair.sides]
    return <int64_t>sides.short_today + sides.short_yesterday


cdef bint has_lots(const tables* t, const pair_row* pair) noexcept nogil:
    return longs_of(t, pair) != 0 or shorts_of(t, pair) != 0


cdef int64_t count_unsettled(const tables* t, int64_t* first) noexcept nogil:
    """Instruments in which some pair has lots and no settlement price of this day."""
    cdef int64_t count = 0
    cdef uint32_t i, pair
    for i in range(1, t.risk.instrument_count + 1):
        if t.instruments[i].is_settled:
            continue
        pair = t.instruments[i].first_pair
        while pair and not has_lots(t, &t.pairs[pair]):
            pair = t.pairs[pair].next
        if pair:
            first[0] = first[0] if first[0] else i
            count += 1
    return count


cdef bint vary(const tables* t, const pair_row* pair, variation* v) noexcept nogil:
    """The pair's lots at the settlement price. True = not expressible."""
    cdef const instrument_row* instrument = &t.instruments[pair.instrument]
    cdef int64_t short_cost = t.sides[pair.sides].short_cost
    cdef int64_t spent, got
    memset(v, 0, sizeof(variation))
    v.long_cost = pair.open_cost
    v.short_cost = short_cost
    v.unrealised = pair.unrealised
    if instrument.is_premium_paid or not has_lots(t, pair):
        return False
    return (
        margin.money_product(
            instrument.settlement_px, instrument.tick_value, longs_of(t, pair), &v.long_cost
        )
        or margin.money_product(
            instrument.settlement_px, instrument.tick_value, shorts_of(t, pair), &v.short_cost
        )
        or margin.money_sum(v.long_cost, -pair.open_cost, &spent)
        or margin.money_sum(short_cost, -v.short_cost, &got)
        or margin.money_sum(spent, got, &v.cash)
        or fills.gained(
            instrument, pair.net, v.long_cost, v.short_cost, instrument.mark_px, &v.unrealised
        )
        or margin.money_sum(v.unrealised, -pair.unrealised, &v.gain)
    )


cdef sides_row aged(const sides_row* sides) noexcept nogil:
    """Today's lots as yesterday's."""
    cdef sides_row row = sides[0]
    row.long_yesterday += row.long_today
    row.short_yesterday += row.short_today
    row.frozen_long_yesterday += row.frozen_long_today
    row.frozen_short_yesterday += row.frozen_short_today
    row.long_today = 0
    row.short_today = 0
    row.frozen_long_today = 0
    row.frozen_short_today = 0
    row.charged_long_today = 0
    row.charged_short_today = 0
    row.long_today_cost = 0
    row.short_today_cost = 0
    return row


cdef bint is_far(const sides_row* sides) noexcept nogil:
    """More lots than a row can count: both days' together."""
    cdef int64_t longs = <int64_t>sides.long_today + sides.long_yesterday
    cdef int64_t shorts = <int64_t>sides.short_today + sides.short_yesterday
    return max(longs, shorts) > INT32_MAX


cdef inline bint is_margined(const tables* t, const pair_row* pair) noexcept nogil:
    """Its margin tells today's lots from yesterday's."""
    return (
        pair.balance != 0 and pair.sides != 0
        and t.instruments[pair.instrument].margin_model == MARGIN_SIDES
    )


cdef bint plan(
    tables* t, const pair_row* pair, bint is_back, margin_plan* out
) noexcept nogil:
    """Margin when the sides are aged; is_back: as they are, from what it is aged."""
    cdef const instrument_row* instrument = &t.instruments[pair.instrument]
    cdef sides_row* row = &t.sides[pair.sides]
    cdef sides_row kept = row[0]
    cdef sides_row after = aged(row)
    cdef bint is_stuck
    if is_back:
        row[0] = after
        after = kept
    is_stuck = level_margin.replan(
        t, pair, instrument, instrument, &after, worst_long(&pair.all), worst_short(&pair.all),
        out
    )
    row[0] = kept
    return is_stuck


cdef bint post(tables* t, pair_row* pair, bint is_back) noexcept nogil:
    """The pair's cash and margin into its balances, or out again. True = it cannot be."""
    cdef const instrument_row* instrument = &t.instruments[pair.instrument]
    cdef uint32_t at = pair.account * t.currency_capacity + instrument.currency
    cdef bint is_moving = is_margined(t, pair)
    cdef margin_plan planned
    cdef variation v
    cdef change by
    memset(&by, 0, sizeof(change))
    if vary(t, pair, &v) or (pair.sides and is_far(&t.sides[pair.sides])):
        return True
    if is_moving:
        if plan(t, pair, is_back, &planned):
            return True
        by.margin = planned.added
    if not t.accounts[pair.account].is_pool:
        by.cash = -v.cash if is_back else v.cash
        by.unrealised = -v.gain if is_back else v.gain
    if balances.post(t, pair.account, at, &by):
        return True
    if is_moving:
        level_margin.keep(t, pair, instrument, &planned)
    return False


cdef void take_back(tables* t, uint32_t last) noexcept nogil:
    cdef uint32_t i
    for i in range(last, 0, -1):
        must(not post(t, &t.pairs[i], True))


cdef bint post_all(tables* t) noexcept nogil:
    """Every pair's cash and margin. True = something cannot be expressed, and all is as it was."""
    cdef uint32_t i
    for i in range(1, t.risk.pair_count + 1):
        if post(t, &t.pairs[i], False):
            take_back(t, i - 1)
            return True
    for i in range(1, t.risk.account_count + 1):
        if not balances.is_expressible(t, i):
            take_back(t, t.risk.pair_count)
            return True
    return False


cdef void settle(tables* t, pair_row* pair) noexcept nogil:
    """The pair's lots, at their new cost, as yesterday's."""
    cdef sides_row* sides = &t.sides[pair.sides]
    cdef variation v
    must(not vary(t, pair, &v))
    pair.open_cost = v.long_cost
    pair.unrealised = v.unrealised
    pair.bought_qty = pair.net
    if pair.sides:
        sides[0] = aged(sides)
        sides.short_cost = v.short_cost


cdef void start_counts(tables* t) noexcept nogil:
    """What is counted by the day; the working orders of a group stay in its list."""
    cdef day_row* day
    cdef uint32_t i
    for i in range(1, t.risk.day_count + 1):
        day = &t.days[i]
        day.orders = 0
        day.replaces = 0
        day.cancels = 0
        day.large_cancels = 0
        day.self_trades = 0
        day.trades = 0
        day.last_match_id = 0
        day.last_match_side = 0
    for i in range(1, t.risk.account_count + 1):
        balances.start_day(t, i)
        t.accounts[i].day_orders = 0
        mark_dirty(t, i)
    for i in range(1, t.risk.order_slots_used + 1):
        t.orders[i].frozen_today = 0
    for i in range(1, t.risk.instrument_count + 1):
        t.instruments[i].is_settled = 0


cdef bint day_roll(tables* t, const control_record* r, numbers* n) noexcept nogil:
    cdef int64_t pairs = 0
    cdef uint32_t i
    if r.actor == 0 or not is_date(r.amount) or r.amount <= t.risk.business_day:
        return True
    n.used_value = count_unsettled(t, &n.asked_value)
    if n.used_value or post_all(t):
        return True
    for i in range(1, t.risk.pair_count + 1):
        pairs += has_lots(t, &t.pairs[i])
        settle(t, &t.pairs[i])
    start_counts(t)
    orders.forget_past(t)
    n.limit_value = t.risk.business_day
    n.asked_value = pairs
    t.risk.business_day = <uint32_t>r.amount
    return False
