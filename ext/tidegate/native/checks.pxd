"""Risk's controls, one function each: True = failed, with what was compared in `n`.

CHECKS at the end is the list; its order is the order in which reasons are reported. To add a
control: one function here, one line in run_checks, one reason code in records.pxd. They read a
context and never write state.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from tidegate.native.records cimport (
    ACCOUNT_HALTED, ACTIVE, BALANCE_MISSING, BUY, CLOSE, LIMIT, LIMIT_MISSING, MARGIN,
    MARGIN_MISSING, NOT_PERMITTED, ORDER_SIZE, OVERFLOW, POSITION_LIMIT, PRICE_COLLAR,
    RATE_LIMIT, REDUCE_ONLY, REDUCING, REDUCING_ONLY, REFERENCE_MISSING, REFERENCE_STALE,
    TG_NO_PRICE, order_record,
)
from tidegate.native.tables cimport (
    TG_NO_LIMIT, account_row, balance_row, instrument_row, pair_row,
)


ctypedef struct compared:
    int64_t limit_value
    int64_t used_value
    int64_t asked_value
    unsigned char level      # of the hierarchy; 0 = the instrument's
    unsigned char pad[7]


ctypedef struct level_context:
    const account_row* account
    const pair_row* pair
    const balance_row* balance
    int64_t margin_after     # the pair's requirement with this order
    pair_row absent          # stands in for a pair that is not there yet


ctypedef struct context:
    const order_record* order
    const instrument_row* instrument
    int64_t now_ns
    int64_t lots             # by how much open_buy or open_sell would grow
    int64_t fee              # by how much fee_held would grow
    bint is_buy
    bint is_overflow
    int level_count          # levels[0] is the order's own account, the last the firm
    level_context levels[5]


cdef inline int64_t room_to_reduce(const pair_row* pair, bint is_buy) noexcept nogil:
    """Lots on this side that can only shrink the position, working orders counted."""
    if is_buy:
        return -pair.net - pair.open_buy if pair.net < 0 else 0
    return pair.net - pair.open_sell if pair.net > 0 else 0


cdef inline bint is_shrinking(const pair_row* pair, bint is_buy, int64_t lots) noexcept nogil:
    """With these lots added, all that works on this side still only shrinks the position."""
    cdef bint is_against = pair.net < 0 if is_buy else pair.net > 0
    return is_against and lots <= room_to_reduce(pair, is_buy)


cdef inline bint halted(const context* c, compared* n) noexcept nogil:
    """Control 27: the account, each level above it and the instrument take new orders."""
    cdef int i
    cdef unsigned char state = c.instrument.trading_state
    n.limit_value = REDUCING
    n.asked_value = state
    if state != ACTIVE and state != REDUCING:
        return True
    for i in range(c.level_count):
        state = c.levels[i].account.trading_state
        if state != ACTIVE and state != REDUCING:
            n.asked_value = state
            n.level = c.levels[i].account.level
            return True
    return False


cdef inline bint reducing_only(const context* c, compared* n) noexcept nogil:
    """Controls 19, 29: where a level is REDUCING, or the order says so, it only shrinks.

    It is the order's own account whose position must shrink: of two accounts below a REDUCING
    master, one long and one short, each may close, though the master is flat.
    """
    cdef int i
    cdef bint is_reducing = c.instrument.trading_state == REDUCING
    n.asked_value = c.lots
    n.limit_value = room_to_reduce(c.levels[0].pair, c.is_buy)
    n.used_value = c.levels[0].pair.net
    for i in range(c.level_count):
        if (
            c.levels[i].account.trading_state == REDUCING
            or i == 0 and (
                is_reducing or c.order.flags & REDUCE_ONLY or c.order.position_effect == CLOSE
            )
        ):
            n.level = c.levels[i].account.level
            if c.lots > 0 and c.lots > n.limit_value:
                return True
    return False


cdef inline bint not_permitted(const context* c, compared* n) noexcept nogil:
    """Control 25: every level may trade the product."""
    cdef uint32_t product = c.instrument.product
    cdef int i
    n.asked_value = product
    for i in range(c.level_count):
        if not (c.levels[i].account.products[product >> 6] >> (product & 63)) & 1:
            n.level = c.levels[i].account.level
            return True
    return False


cdef inline bint order_size(const context* c, compared* n) noexcept nogil:
    """Control 1: the least of the instrument's and each level's largest order."""
    cdef int i
    n.limit_value = c.instrument.max_order_qty
    n.asked_value = c.order.order_qty
    for i in range(c.level_count):
        if c.levels[i].account.max_order_qty < n.limit_value:
            n.limit_value = c.levels[i].account.max_order_qty
            n.level = c.levels[i].account.level
    return n.asked_value > n.limit_value


cdef inline bint reference_missing(const context* c, compared* n) noexcept nogil:
    """Control 7: there is a mark price."""
    return c.instrument.mark_px == TG_NO_PRICE


cdef inline bint reference_stale(const context* c, compared* n) noexcept nogil:
    """Control 7: the mark is younger than the instrument's stale_ns."""
    n.limit_value = c.instrument.stale_ns
    n.asked_value = c.now_ns - c.instrument.mark_ns
    return c.instrument.mark_px != TG_NO_PRICE and n.asked_value > n.limit_value


cdef inline int64_t collar_width(const instrument_row* instrument) noexcept nogil:
    """Ticks either side of the mark: the narrower of the two collars; TG_NO_LIMIT = none."""
    cdef int64_t width = instrument.collar_ticks
    cdef int64_t mark = instrument.mark_px
    cdef int64_t by_price
    if instrument.collar_permille != TG_NO_LIMIT:
        mark = mark if mark >= 0 else -mark
        # Divided first: a tick finer than a thousandth is not worth an overflow.
        by_price = mark // 1000 * instrument.collar_permille
        by_price += mark % 1000 * instrument.collar_permille // 1000
        if by_price < width:
            width = by_price
    return width


cdef inline bint price_collar(const context* c, compared* n) noexcept nogil:
    """Control 5: a limit price lies within the collar around the mark, both sides."""
    cdef int64_t mark = c.instrument.mark_px
    cdef int64_t width
    if mark == TG_NO_PRICE or c.order.ord_type != LIMIT:
        return False
    width = collar_width(c.instrument)
    if width == TG_NO_LIMIT:
        return False
    n.used_value = mark
    n.asked_value = c.order.price
    if c.order.price > mark:
        n.limit_value = mark + width if mark < TG_NO_LIMIT - width else TG_NO_LIMIT
        return c.order.price > n.limit_value
    n.limit_value = mark - width if mark > width - TG_NO_LIMIT else -TG_NO_LIMIT
    return c.order.price < n.limit_value


cdef inline bint limit_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: the order's own account states a position limit."""
    n.level = c.levels[0].account.level
    return c.levels[0].pair.max_long < 0 or c.levels[0].pair.max_short < 0


cdef inline bint position_limit(const context* c, compared* n) noexcept nogil:
    """Control 15: filled plus working on the order's side, no credit for the other side."""
    cdef const pair_row* pair
    cdef int i
    n.asked_value = c.lots
    for i in range(c.level_count):
        pair = c.levels[i].pair
        n.level = c.levels[i].account.level
        if c.is_buy:
            n.limit_value = pair.max_long
            n.used_value = pair.net + pair.open_buy
        else:
            n.limit_value = pair.max_short
            n.used_value = pair.open_sell - pair.net
        if c.lots > 0 and n.limit_value >= 0 and n.used_value > n.limit_value - c.lots:
            return True
    return False


cdef inline bint rate_limit(const context* c, compared* n) noexcept nogil:
    """Controls 8, 9: GCRA on accepted orders and replaces; numbers are nanoseconds."""
    cdef const account_row* account
    cdef int i
    for i in range(c.level_count):
        account = c.levels[i].account
        n.limit_value = account.rate_tolerance_ns
        n.used_value = account.rate_next_ns - c.now_ns
        n.asked_value = account.rate_interval_ns
        n.level = account.level
        if account.rate_interval_ns and n.used_value > n.limit_value:
            return True
    return False


cdef inline bint margin_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: the instrument's margin per lot is known on both sides."""
    return c.instrument.margin_long < 0 or c.instrument.margin_short < 0


cdef inline bint balance_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: the order's own account has money in the instrument's currency."""
    n.level = c.levels[0].account.level
    return not c.levels[0].balance.is_checked


cdef inline int64_t available(const balance_row* balance) noexcept nogil:
    return balance.cash + balance.unrealised - balance.margin - balance.fee_held


cdef inline bint margin(const context* c, compared* n) noexcept nogil:
    """Control 16, 17: R_new - R_old + fee fits into what each level has available.

    An order that can only shrink a level's position always passes that level: a close is
    never refused for want of money; nor is a replace that adds neither lots nor fee. "Does not
    raise R" would not do as the exemption: long 10, sell 20 leaves R unchanged and turns an
    account under water short.
    """
    cdef const balance_row* balance
    cdef int i
    if c.is_overflow:
        return False
    for i in range(c.level_count):
        balance = c.levels[i].balance
        if (
            not balance.is_checked
            or c.lots == 0 and c.fee == 0
            or is_shrinking(c.levels[i].pair, c.is_buy, c.lots)
        ):
            continue
        n.limit_value = balance.cash + balance.unrealised
        n.used_value = balance.margin + balance.fee_held
        n.asked_value = c.levels[i].margin_after - c.levels[i].pair.margin + c.fee
        n.level = c.levels[i].account.level
        if n.asked_value > available(balance):
            return True
    return False


cdef inline bint overflow(const context* c, compared* n) noexcept nogil:
    """Some product of price, quantity and multiplier does not fit."""
    return c.is_overflow


cdef inline uint64_t note(
    bint is_failed, int reason, compared* n, uint64_t failed, compared* first
) noexcept nogil:
    """The verdict with this check's bit; the first failure's numbers are kept; n is cleared."""
    if is_failed and failed == 0:
        first[0] = n[0]
    memset(n, 0, sizeof(compared))
    return failed | <uint64_t>is_failed << reason


cdef inline uint64_t run_checks(const context* c, compared* first) noexcept nogil:
    """CHECKS. Bit r of the result: the check with reason r failed."""
    cdef compared n
    cdef uint64_t bad = 0
    memset(&n, 0, sizeof(compared))
    bad = note(halted(c, &n), ACCOUNT_HALTED, &n, bad, first)
    bad = note(reducing_only(c, &n), REDUCING_ONLY, &n, bad, first)
    bad = note(not_permitted(c, &n), NOT_PERMITTED, &n, bad, first)
    bad = note(order_size(c, &n), ORDER_SIZE, &n, bad, first)
    bad = note(reference_missing(c, &n), REFERENCE_MISSING, &n, bad, first)
    bad = note(reference_stale(c, &n), REFERENCE_STALE, &n, bad, first)
    bad = note(price_collar(c, &n), PRICE_COLLAR, &n, bad, first)
    bad = note(limit_missing(c, &n), LIMIT_MISSING, &n, bad, first)
    bad = note(position_limit(c, &n), POSITION_LIMIT, &n, bad, first)
    bad = note(rate_limit(c, &n), RATE_LIMIT, &n, bad, first)
    bad = note(margin_missing(c, &n), MARGIN_MISSING, &n, bad, first)
    bad = note(balance_missing(c, &n), BALANCE_MISSING, &n, bad, first)
    bad = note(margin(c, &n), MARGIN, &n, bad, first)
    bad = note(overflow(c, &n), OVERFLOW, &n, bad, first)
    return bad
