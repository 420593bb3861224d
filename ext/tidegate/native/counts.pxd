"""What a message counts against: buckets of session, instrument and levels, and the day."""
from libc.stdint cimport int64_t, uint32_t

cimport tidegate.native.identical as identical
cimport tidegate.native.rates as rates
from tidegate.native.context cimport context
from tidegate.native.records cimport LIMIT, order_record
from tidegate.native.tables cimport account_row, tables


cdef inline void count_new(tables* t, const order_record* o, uint32_t day) noexcept nogil:
    """A new order, accepted or not (controls 8, 11, 23, 36)."""
    cdef account_row* account = &t.accounts[o.account]
    cdef int64_t now_ns = t.risk.now_ns
    cdef account_row* row
    cdef int i
    rates.count(&t.sessions[o.session].order_rate, now_ns)
    rates.count(&t.instruments[o.instrument].order_rate, now_ns)
    for i in range(account.chain_count):
        row = &t.accounts[account.chain[i]]
        rates.count(&row.order_rate, now_ns)
        row.day_orders += 1
    if account.identical_max:
        identical.count(account, identical.signature_of(o), now_ns)
    if day:
        t.days[day].orders += 1


cdef inline void count_replace(tables* t, const order_record* o, uint32_t day) noexcept nogil:
    """A replace, accepted or not (controls 9, 12)."""
    cdef const account_row* account = &t.accounts[o.account]
    cdef int64_t now_ns = t.risk.now_ns
    cdef int i
    rates.count(&t.sessions[o.session].replace_rate, now_ns)
    rates.count(&t.instruments[o.instrument].replace_rate, now_ns)
    for i in range(account.chain_count):
        rates.count(&t.accounts[account.chain[i]].replace_rate, now_ns)
    if day:
        t.days[day].replaces += 1


cdef inline void note_accepted(tables* t, const context* c, uint32_t pair) noexcept nogil:
    """What the next orders are compared with: the window of control 6, the time of control 32."""
    cdef int i
    for i in range(c.level_count):
        t.accounts[t.accounts[c.order.account].chain[i]].last_order_ns = c.now_ns
    if c.instrument.period_ns and c.order.ord_type == LIMIT and (
        t.pairs[pair].period_since_ns == 0
        or c.now_ns >= t.pairs[pair].period_since_ns + c.instrument.period_ns
    ):
        t.pairs[pair].period_px = c.order.price
        t.pairs[pair].period_since_ns = c.now_ns
