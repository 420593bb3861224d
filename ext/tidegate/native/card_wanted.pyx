"""What the card is to have: rows of risk's tables in the card's words and widths. Reads only.

What is wider than the card's fields is cut on the side that denies, so a card never passes what
the rules would not: but for a rate's interval, and rates are asked of the rules as well.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t

from tidegate.native.balances cimport available
from tidegate.native.card cimport (
    CARD_CREDIT_BITS, CARD_LANES, CARD_LANE_BITS, CARD_MONEY_BITS, CARD_SCENARIOS,
    CARD_FRACTION_BITS, CARD_PRICE_BITS, CARD_QTY_BITS, CARD_TIME_BITS, STATE_HAS_MARK,
    STATE_OPEN, TERM_LOADED, TERM_NOT_PERMITTED, WORD_COLLAR_HIGH, WORD_COLLAR_LOW,
    WORD_LOT_MARGIN, WORD_PRICE_RATE, WORD_SCAN, WORD_STALE_AT, WORD_STATE, WORD_TICK_VALUE,
    bucket_state,
)
from tidegate.native.card_form cimport is_word
from tidegate.native.invariant cimport add_checked, mul_checked, sub_checked
from tidegate.native.positions cimport own_state, worst_long, worst_short
from tidegate.native.records cimport (
    ACTIVE, HALTED, KILLED, MARGIN_NET, MARGIN_SPAN, PHASE_OPEN, TG_NO_PRICE,
)
from tidegate.native.tables cimport (
    account_row, bucket, instrument_row, pair_row, product_row, scan_row, tables,
)


cdef extern from "span.h" nogil:
    int64_t span_lot_rate(int32_t rate, int32_t delta)

cdef int64_t LANE_MOST = <int64_t>1 << (CARD_LANE_BITS - 2)
cdef int64_t LANE_ENOUGH = <int64_t>1 << (CARD_LANE_BITS - 3)
cdef int64_t CREDIT_MOST = (<int64_t>1 << (CARD_CREDIT_BITS - 2)) - 1
cdef int64_t CREDIT_ENOUGH = <int64_t>1 << (CARD_CREDIT_BITS - 3)
cdef int64_t INTERVAL_MOST = (<int64_t>1 << 30) - 1
cdef int64_t TOLERANCE_MOST = (<int64_t>1 << 50) - 1
cdef int64_t QTY_MOST = (<int64_t>1 << CARD_QTY_BITS) - 1
cdef int64_t TIME_MOST = (<int64_t>1 << CARD_TIME_BITS) - 1


cdef inline int64_t within(int64_t value, int64_t most) noexcept nogil:
    return max(-most, min(value, most))


cdef int as_state(int state) noexcept nogil:
    return state if ACTIVE <= state <= KILLED else HALTED


cdef int chain_state(const tables* t, const account_row* account) noexcept nogil:
    cdef const account_row* at
    cdef int worst = ACTIVE
    cdef int i
    for i in range(account.chain_count):
        at = &t.accounts[account.chain[i]]
        worst = max(worst, max(as_state(own_state(at)), as_state(at.graded_state)))
    return worst


cdef inline int64_t scan_of(const instrument_row* row, int k, bint is_buy) noexcept nogil:
    """Loss of one lot of the side under scenario k, in scan units, at least 0."""
    cdef int64_t loss = row.scan[k]
    return max(loss if is_buy else -loss, 0)


cdef inline int64_t lot_margin(const instrument_row* row, bint is_buy) noexcept nogil:
    """Money by which a lot more raises what the account holds, at most; -1 = not expressed."""
    cdef int64_t units, money
    if row.margin_model == MARGIN_SPAN:
        units = (
            span_lot_rate(row.intra_rate, row.scan_delta)
            + span_lot_rate(row.delivery_rate, row.scan_delta)
            + (max(row.short_option_rate, 0) if row.is_option and not is_buy else 0)
        )
        return money if mul_checked(units, max(row.scan_unit, 0), &money) else -1
    if row.margin_model == MARGIN_NET:
        return max(row.margin_long if is_buy else row.margin_short, 0)
    return max(row.margin_long_today if is_buy else row.margin_short_today, 0)


cdef inline int64_t state_word(const instrument_row* row) noexcept nogil:
    cdef int64_t state = as_state(row.trading_state)
    if row.phase == PHASE_OPEN:
        state |= STATE_OPEN
    if row.mark_px != TG_NO_PRICE:
        state |= STATE_HAS_MARK
    return state


cdef inline int64_t stale_at(const instrument_row* row) noexcept nogil:
    cdef int64_t at
    if row.mark_px == TG_NO_PRICE:
        return 0
    return min(at, TIME_MOST) if add_checked(row.mark_ns, row.stale_ns, &at) else TIME_MOST


cdef inline int64_t price_rate(const instrument_row* row, bint is_buy) noexcept nogil:
    """A premium that is paid at the fill; -1 = not expressed."""
    cdef int64_t rate
    if not row.is_premium_paid or not is_buy:
        return 0
    return rate if mul_checked(row.tick_value, <int64_t>1 << CARD_FRACTION_BITS, &rate) else -1


cdef inline bint put(int64_t* words, int index, int64_t value) noexcept nogil:
    words[index] = value
    return is_word(index, value)


cdef bint words_wanted(const instrument_row* row, bint is_buy, int64_t* words) noexcept nogil:
    cdef int64_t widest = <int64_t>1 << (CARD_PRICE_BITS - 1)
    cdef int64_t loss
    cdef bint fits = (
        put(words, WORD_STATE, state_word(row))
        and put(words, WORD_COLLAR_LOW, max(row.collar_low, -widest))
        and put(words, WORD_COLLAR_HIGH, min(row.collar_high, widest - 1))
        and put(words, WORD_TICK_VALUE, row.tick_value)
        and put(words, WORD_PRICE_RATE, price_rate(row, is_buy))
        and put(words, WORD_LOT_MARGIN, lot_margin(row, is_buy))
        and put(words, WORD_STALE_AT, stale_at(row))
    )
    cdef int k
    for k in range(CARD_SCENARIOS):
        loss = 0
        if row.margin_model == MARGIN_SPAN:
            fits &= mul_checked(scan_of(row, k, is_buy), max(row.scan_unit, 0), &loss)
        fits &= put(words, WORD_SCAN + k, loss)
    return fits


cdef bint has_own_money(const tables* t, const pair_row* pair) noexcept nogil:
    return (
        pair.balance != 0 and t.balances[pair.balance].is_checked
        and not t.accounts[pair.account].is_converted
    )


cdef bint lanes_wanted(const tables* t, const pair_row* pair, int64_t* lanes) noexcept nogil:
    cdef const instrument_row* row = &t.instruments[pair.instrument]
    cdef const product_row* product = &t.products[pair.product]
    cdef const scan_row* scan = &t.scans[product.scan]
    cdef int64_t left = LANE_MOST
    cdef int64_t all_scans, units, money
    cdef int k
    if has_own_money(t, pair):
        left = available(&t.balances[pair.balance])
    for k in range(CARD_LANES):
        lanes[k] = within(left, LANE_MOST)
    if row.margin_model != MARGIN_SPAN or left == LANE_MOST:
        return True
    # From here on as if the product held nothing: each lane gives what its own scenario asks.
    left += product.margin
    all_scans = min(scan.intra_longs, scan.intra_shorts) + scan.delivery
    for k in range(CARD_LANES):
        units = all_scans
        if k < CARD_SCENARIOS:
            units += scan.worst[k]
        else:
            units = max(units, scan.short_options)
        if (
            not mul_checked(units, max(row.scan_unit, 0), &money)
            or not sub_checked(left, money, &lanes[k])
        ):
            return False
        lanes[k] = within(lanes[k], LANE_MOST)
    return True


cdef void pair_wanted(const pair_row* pair, wanted_pair* out) noexcept nogil:
    out.room[0] = within(-worst_long(&pair.all), CREDIT_MOST)
    out.room[1] = within(-worst_short(&pair.all), CREDIT_MOST)
    out.credit[0] = within(pair.all.buy_credit, CREDIT_MOST)
    out.credit[1] = within(pair.all.sell_credit, CREDIT_MOST)
    out.max_notional = min(pair.max_notional, (<int64_t>1 << CARD_MONEY_BITS) - 1)
    out.max_qty = within(max(pair.max_order_qty, 0), QTY_MOST)
    out.bits = <uint8_t>(
        (pair.side_lock & 3) | (0 if pair.is_permitted else <int>TERM_NOT_PERMITTED)
    )
    if pair.all.max_long >= 0 and pair.all.max_short >= 0:
        out.bits |= TERM_LOADED


cdef void bucket_wanted(const bucket* row, bucket_state* out) noexcept nogil:
    out.interval_ns = min(row.interval_ns, INTERVAL_MOST)
    out.tolerance_ns = min(row.tolerance_ns, TOLERANCE_MOST)
    # One without a limit is never full, whatever it had counted before.
    out.next_ns = max(row.next_ns, 0) if row.interval_ns else 0
