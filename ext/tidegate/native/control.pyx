"""Records that change what orders are checked against: marks, settlement, states, cash, time.

A record that would leave something inexpressible is refused whole and counted; what it would
have replaced then stays, and goes stale.
"""
from libc.stdint cimport int64_t, uint32_t

cimport tidegate.native.booking as booking
cimport tidegate.native.checks as checks
cimport tidegate.native.margin as margin
cimport tidegate.native.positions as positions
from tidegate.native.records cimport (
    ACTIVE, CASH, CHANNEL_STATE, HALTED, MARK, REDUCING, SETTLEMENT, TICK, TRADING_STATE,
    control_record, record,
)
from tidegate.native.tables cimport balance_row, instrument_row, pair_row, tables

# A price of more ticks is no price of this world; below it, per mille of it cannot overflow.
cdef int64_t PRICE_MAX = 9007199254740992
# The year 2096, in ns.
cdef int64_t TIME_MAX = 4000000000000000000


cdef bint is_instrument(const tables* t, const record* r) noexcept nogil:
    return 0 < r.instrument <= t.risk.instrument_count


cdef bint is_price(int64_t price) noexcept nogil:
    return -PRICE_MAX <= price <= PRICE_MAX


cdef bint mark(tables* t, const record* r) noexcept nogil:
    """A new reference price: every position in the instrument is valued at it."""
    cdef instrument_row* instrument
    cdef pair_row* row
    cdef int64_t value, gain, total
    cdef uint32_t pair
    if not is_instrument(t, r) or not is_price(r.price):
        return False
    instrument = &t.instruments[r.instrument]
    # Without this a price that no lot can be valued at would pass while nobody holds one.
    if margin.money_product(r.price, instrument.tick_value, 1, &value):
        return False
    pair = instrument.first_pair
    while pair:
        row = &t.pairs[pair]
        if (
            margin.money_product(r.price, instrument.tick_value, row.net, &value)
            or margin.money_sum(value, -row.open_cost, &gain)
            or margin.money_sum(
                t.balances[row.balance].unrealised, gain - row.unrealised, &total
            )
        ):
            return False
        pair = row.next
    instrument.mark_px = r.price
    instrument.mark_ns = t.risk.now_ns
    pair = instrument.first_pair
    while pair:
        booking.revalue(t, &t.pairs[pair], r.price)
        pair = t.pairs[pair].next
    return True


cdef bint settlement(tables* t, const record* r) noexcept nogil:
    """A new settlement price: margin per lot, then all holds of the instrument, in one cut."""
    cdef instrument_row* instrument
    cdef instrument_row changed
    cdef pair_row* row
    cdef uint32_t pair
    cdef int64_t needed, total
    if not is_instrument(t, r) or not is_price(r.price):
        return False
    instrument = &t.instruments[r.instrument]
    changed = instrument[0]
    changed.settlement_px = r.price
    if margin.margin_a_lot(
        &changed, changed.margin_long_lot, changed.margin_long_ppm, &changed.margin_long
    ) or margin.margin_a_lot(
        &changed, changed.margin_short_lot, changed.margin_short_ppm, &changed.margin_short
    ):
        return False
    pair = instrument.first_pair
    while pair:
        row = &t.pairs[pair]
        if (
            margin.requirement(&changed, row.net, row.open_buy, row.open_sell, &needed)
            or margin.money_sum(t.balances[row.balance].margin, needed - row.margin, &total)
        ):
            return False
        pair = row.next
    instrument[0] = changed
    pair = instrument.first_pair
    while pair:
        positions.refresh(t, pair)
        pair = t.pairs[pair].next
    return True


cdef bint trading_state(tables* t, const control_record* r) noexcept nogil:
    """ACTIVE, REDUCING or HALTED for an account of any level, or for an instrument."""
    cdef unsigned char state = r.trading_state
    if state != ACTIVE and state != REDUCING and state != HALTED:
        return False
    if r.account and not r.instrument and r.account <= t.risk.account_count:
        t.accounts[r.account].trading_state = state
        return True
    if r.instrument and not r.account and is_instrument(t, <const record*>r):
        t.instruments[r.instrument].trading_state = state
        return True
    return False


cdef bint cash(tables* t, const control_record* r) noexcept nogil:
    """A deposit, or a withdrawal of no more than is free."""
    cdef balance_row* balance
    cdef int64_t moved, initial
    if (
        r.account == 0 or r.account > t.risk.account_count
        or r.currency == 0 or r.currency >= t.currency_capacity
    ):
        return False
    balance = &t.balances[r.account * t.currency_capacity + r.currency]
    if margin.money_sum(balance.cash, r.amount, &moved):
        return False
    if r.amount < 0 and checks.available(balance) < -r.amount:
        return False
    if margin.money_sum(balance.initial_cash, r.amount, &initial):
        return False
    balance.cash = moved
    balance.initial_cash = initial
    return True


cdef bint tick(tables* t, const record* r) noexcept nogil:
    """Time goes on; it never goes back, nor to where it cannot be added to."""
    if not 0 <= r.received_ns <= TIME_MAX:
        return False
    if r.received_ns > t.risk.now_ns:
        t.risk.now_ns = r.received_ns
    return True


cdef void step(tables* t, const record* r) noexcept nogil:
    cdef bint is_taken = False
    if r.kind == TICK:
        is_taken = tick(t, r)
    elif r.kind == MARK:
        is_taken = mark(t, r)
    elif r.kind == SETTLEMENT:
        is_taken = settlement(t, r)
    elif r.kind == TRADING_STATE:
        is_taken = trading_state(t, <const control_record*>r)
    elif r.kind == CASH:
        is_taken = cash(t, <const control_record*>r)
    elif r.kind == CHANNEL_STATE:
        is_taken = True
    if not is_taken:
        t.risk.refused_records += 1
