"""What a message counts against: buckets of session, instrument and levels, and the day."""
from libc.stdint cimport uint32_t

cimport tidegate.native.identical as identical
cimport tidegate.native.rates as rates
from tidegate.native.context cimport context
from tidegate.native.records cimport LIMIT, order_record
from tidegate.native.tables cimport account_row, pair_row, tables


cdef inline void note_price(tables* t, const context* c, uint32_t pair) noexcept nogil:
    """The window of control 6 begins with the price of an accepted order."""
    cdef pair_row* own = &t.pairs[pair]
    if c.order.ord_type == LIMIT and (
        own.period_since_ns == 0 or c.now_ns >= own.period_since_ns + c.instrument.period_ns
    ):
        own.period_px = c.order.price
        own.period_since_ns = c.now_ns


cdef inline void count_new(
    tables* t, const context* c, uint32_t pair, bint is_accepted
) noexcept nogil:
    """A new order, accepted or not (controls 8, 11, 23, 36)."""
    cdef const order_record* o = c.order
    cdef account_row* account
    cdef int i
    rates.count(&t.sessions[o.session].order_rate, c.now_ns)
    rates.count(&t.instruments[o.instrument].order_rate, c.now_ns)
    for i in range(c.level_count):
        account = c.plans[i].account
        rates.count(&account.order_rate, c.now_ns)
        account.day_orders += 1
        if is_accepted:
            account.last_order_ns = c.now_ns
    account = c.plans[0].account
    if account.identical_max:
        identical.count(account, c.signature, c.now_ns)
    if c.day_index:
        t.days[c.day_index].orders += 1
    if is_accepted and c.instrument.period_ns:
        note_price(t, c, pair)


cdef inline void count_replace(tables* t, const context* c) noexcept nogil:
    """A replace, accepted or not (controls 9, 12)."""
    cdef int i
    rates.count(&t.sessions[c.order.session].replace_rate, c.now_ns)
    rates.count(&t.instruments[c.order.instrument].replace_rate, c.now_ns)
    for i in range(c.level_count):
        rates.count(&c.plans[i].account.replace_rate, c.now_ns)
    if c.day_index:
        t.days[c.day_index].replaces += 1


cdef inline void note_accepted(tables* t, const context* c, uint32_t pair) noexcept nogil:
    """What the next orders are compared with after a replace: controls 6 and 32."""
    cdef int i
    for i in range(c.level_count):
        c.plans[i].account.last_order_ns = c.now_ns
    if c.instrument.period_ns:
        note_price(t, c, pair)
