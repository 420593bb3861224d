"""Controls 1 to 7: the order's own size and price, against limits and the reference."""
from libc.stdint cimport INT32_MAX, int64_t

from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context, limit_at
from tidegate.native.positions cimport magnitude
from tidegate.native.records cimport (
    LIMIT, LIMIT_MAX_MARKET_QTY, LIMIT_MAX_NOTIONAL, LIMIT_MAX_ORDER_QTY, MARKET, SCOPE_ALL,
    SCOPE_INSTRUMENT, TG_NO_PRICE,
)
from tidegate.native.tables cimport TG_NO_LIMIT, limit_row


cdef inline int64_t stated(const limit_row* row, int limit_kind) noexcept nogil:
    """A maximum of a limit row; TG_NO_LIMIT where it says nothing."""
    cdef int64_t value = -1
    if row == NULL:
        return TG_NO_LIMIT
    if limit_kind == LIMIT_MAX_ORDER_QTY:
        value = row.max_order_qty
    elif limit_kind == LIMIT_MAX_MARKET_QTY:
        value = row.max_market_qty
    elif limit_kind == LIMIT_MAX_NOTIONAL:
        value = row.max_notional
    return TG_NO_LIMIT if value < 0 else value


cdef inline void tell_least(
    const context* c, int limit_kind, int64_t own, int64_t least, int64_t asked, compared* n
) noexcept nogil:
    """Where the least of a folded limit is stated; `own` is the instrument's."""
    cdef int i, scope
    tell(n, own == least, least, 0, asked, 0, 0)
    for i in range(c.level_count):
        if n.is_failed:
            return
        for scope in range(<int>SCOPE_INSTRUMENT, SCOPE_ALL + 1):
            tell(
                n, stated(limit_at(c, &c.plans[i], scope), limit_kind) == least, least, 0,
                asked, c.plans[i].account.level, scope,
            )


cdef inline bint order_size(const context* c, compared* n) noexcept nogil:
    """Control 1: within the least max_order_qty of instrument, levels and scopes."""
    cdef int64_t most = c.plans[0].pair.max_order_qty
    if n != NULL:
        tell_least(
            c, LIMIT_MAX_ORDER_QTY, min(c.instrument.max_order_qty, <int64_t>INT32_MAX), most,
            c.order.order_qty, n,
        )
    return c.order.order_qty > most


cdef inline bint market_order_size(const context* c, compared* n) noexcept nogil:
    """Control 1: a MARKET order within the least max_market_qty."""
    cdef int64_t most = c.plans[0].pair.max_market_qty
    if n != NULL:
        tell_least(
            c, LIMIT_MAX_MARKET_QTY, min(c.instrument.max_market_qty, <int64_t>INT32_MAX), most,
            c.order.order_qty, n,
        )
    return c.order.ord_type == MARKET and c.order.order_qty > most


cdef inline bint order_size_min(const context* c, compared* n) noexcept nogil:
    """Control 3: no fewer lots than the instrument's least."""
    return tell(
        n, c.order.order_qty < c.instrument.min_order_qty, c.instrument.min_order_qty, 0,
        c.order.order_qty, 0, 0,
    )


cdef inline bint lot_step(const context* c, compared* n) noexcept nogil:
    """Control 3: a multiple of the instrument's step. A step of 1 needs no division."""
    cdef int64_t step = c.instrument.lot_step
    return tell(
        n, step > 1 and c.order.order_qty % step != 0, step, 0, c.order.order_qty, 0, 0
    )


cdef inline bint price_step(const context* c, compared* n) noexcept nogil:
    """Control 4: a multiple of the instrument's step in ticks."""
    cdef int64_t step = c.instrument.price_step
    return tell(
        n, step > 1 and c.order.ord_type == LIMIT and c.order.price % step != 0, step, 0,
        c.order.price, 0, 0,
    )


cdef inline bint order_notional(const context* c, compared* n) noexcept nogil:
    """Control 2: worth no more than the least max_notional, whatever the price's sign."""
    cdef int64_t most = c.plans[0].pair.max_notional
    if n != NULL:
        tell_least(c, LIMIT_MAX_NOTIONAL, TG_NO_LIMIT, most, c.notional, n)
    return c.notional > most


cdef inline bint reference_missing(const context* c, compared* n) noexcept nogil:
    """Control 7: there is a mark price."""
    return tell(n, c.instrument.mark_px == TG_NO_PRICE, 0, 0, 0, 0, 0)


cdef inline bint reference_stale(const context* c, compared* n) noexcept nogil:
    """Control 7: the mark, where there is one, is no older than stale_ns."""
    cdef int64_t age = c.now_ns - c.instrument.mark_ns
    return tell(
        n, c.instrument.mark_px != TG_NO_PRICE and age > c.instrument.stale_ns,
        c.instrument.stale_ns, 0, age, 0, 0,
    )


cdef inline bint price_collar(const context* c, compared* n) noexcept nogil:
    """Control 5: a limit price within the collar, both sides. No collar = the widest there is."""
    cdef int64_t price = c.order.price
    cdef bint is_above = price > c.instrument.collar_high
    cdef bint is_failed = (
        c.order.ord_type == LIMIT and (is_above or price < c.instrument.collar_low)
    )
    cdef bint is_upper = is_above or price > c.instrument.mark_px
    return tell(
        n, is_failed, c.instrument.collar_high if is_upper else c.instrument.collar_low,
        c.instrument.mark_px, price, 0, 0,
    )


cdef inline bint market_unprotected(const context* c, compared* n) noexcept nogil:
    """Control 5: a MARKET order has a collar to be bound to."""
    return tell(
        n, c.order.ord_type == MARKET and c.instrument.collar_ticks == TG_NO_LIMIT
        and c.instrument.collar_permille == TG_NO_LIMIT, 0, 0, 0, 0, 0,
    )


cdef inline bint period_collar(const context* c, compared* n) noexcept nogil:
    """Control 6: not farther than period_ticks from the window's first accepted price."""
    cdef int64_t since = c.plans[0].pair.period_since_ns
    cdef int64_t first = c.plans[0].pair.period_px
    cdef bint is_within = since != 0 and c.now_ns < since + c.instrument.period_ns
    return tell(
        n, c.order.ord_type == LIMIT and is_within
        and magnitude(c.order.price - first) > c.instrument.period_ticks,
        c.instrument.period_ticks, first, c.order.price, c.plans[0].account.level,
        SCOPE_INSTRUMENT,
    )
