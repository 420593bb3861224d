"""Asks for the rows of a batch of records before they are run, so that memory answers early.

By rounds, for an address of one row is in the row before: the index, the account's own rows, then
what these point at. Each row of the levels above is shared by many and mostly near already.
"""
from libc.stdint cimport uint32_t

cimport tidegate.native.orders as orders
from tidegate.native.positions cimport hash_of
from tidegate.native.records cimport (
    CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, EXECUTION_REPORT, NEW_ORDER_SINGLE, execution_record,
    order_record, record,
)
from tidegate.native.tables cimport order_row, pair_row, product_row, tables


cdef extern from *:
    """
    #define TG_ASK(address) __builtin_prefetch((address), 1, 3)
    """
    void TG_ASK(const void* address) noexcept nogil


# What an order reads of a row stands first in it: the rest is asked for by nobody.
cdef enum:
    LINE = 64
    ACCOUNT_HEAD = 4 * LINE
    PAIR_HEAD = 2 * LINE


cdef inline void ask_lines(const void* row, size_t size) noexcept nogil:
    cdef size_t at = 0
    while at < size:
        TG_ASK(<const char*>row + at)
        at += LINE


cdef inline bint is_known(const tables* t, const record* r) noexcept nogil:
    return (
        r.kind == NEW_ORDER_SINGLE and r.account <= t.risk.account_count
        and r.instrument <= t.risk.instrument_count
    )


cdef inline void ask_orders(const tables* t, const record* records, int count) noexcept nogil:
    cdef uint32_t pairs[AHEAD_MAX]
    cdef const pair_row* pair
    cdef const product_row* product
    cdef int i
    for i in range(count):
        pairs[i] = 0
        if is_known(t, &records[i]):
            pairs[i] = hash_of(records[i].account, records[i].instrument) & t.pair_mask
            TG_ASK(&t.pair_index[pairs[i]])
            ask_lines(&t.accounts[records[i].account], ACCOUNT_HEAD)
    for i in range(count):
        if is_known(t, &records[i]):
            # The first guess of the probe: another's row does no harm here.
            pairs[i] = t.pair_index[pairs[i]]
            ask_lines(&t.pairs[pairs[i]], sizeof(pair_row))
    for i in range(count):
        if pairs[i]:
            pair = &t.pairs[pairs[i]]
            product = &t.products[pair.product]
            ask_lines(product, sizeof(product_row))
            ask_lines(&t.balances[pair.balance], sizeof(t.balances[0]))
            ask_lines(&t.pairs[pair.parent], PAIR_HEAD)
    for i in range(count):
        if pairs[i]:
            pair = &t.pairs[pairs[i]]
            ask_lines(&t.scans[t.products[pair.product].scan], sizeof(t.scans[0]))
            ask_lines(&t.days[t.pairs[pair.parent].day], sizeof(t.days[0]))


cdef inline uint32_t slot_of(const tables* t, const record* r) noexcept nogil:
    """The row of a report's order, or 0."""
    cdef uint32_t slot = <uint32_t>(<const execution_record*>r).order_id
    return slot if r.kind == EXECUTION_REPORT and slot < t.order_capacity else 0


cdef void ask(const tables* t, const record* records, int count) noexcept nogil:
    """Ids and orders first: they are what is spread widest. Then what these point at."""
    cdef const order_record* o
    cdef const order_row* order
    cdef const pair_row* pair
    cdef uint32_t slot
    cdef int i
    count = min(count, <int>AHEAD_MAX)
    for i in range(count):
        o = <const order_record*>&records[i]
        slot = slot_of(t, &records[i])
        if slot:
            ask_lines(&t.orders[slot], sizeof(order_row))
        elif o.kind == NEW_ORDER_SINGLE or o.kind == CANCEL_REQUEST:
            TG_ASK(&t.cl_ord_ids[orders.slot_of_id(t, o.session, o.cl_ord_id)])
        if o.kind == CANCEL_REQUEST or o.kind == CANCEL_REPLACE_REQUEST:
            TG_ASK(&t.cl_ord_ids[orders.slot_of_id(t, o.session, o.orig_cl_ord_id)])
    ask_orders(t, records, count)
    for i in range(count):
        slot = slot_of(t, &records[i])
        if slot:
            order = &t.orders[slot]
            ask_lines(&t.pairs[order.pair], sizeof(pair_row))
            TG_ASK(&t.cl_ord_ids[orders.slot_of_id(t, order.session, order.cl_ord_id)])
    for i in range(count):
        slot = slot_of(t, &records[i])
        if slot:
            pair = &t.pairs[t.orders[slot].pair]
            ask_lines(&t.balances[pair.balance], sizeof(t.balances[0]))
            ask_lines(&t.pairs[pair.parent], sizeof(pair_row))
