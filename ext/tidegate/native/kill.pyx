"""The kill switch (control 28): one decision blocks a scope and cancels all that works in it."""
from libc.stdint cimport uint32_t

cimport tidegate.native.requests as requests
cimport tidegate.native.states as states
from tidegate.native.alerts cimport alert, numbers
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport CANCELED_BY_KILL, KILL_SWITCH, KILLED, control_record
from tidegate.native.tables cimport account_row, order_row, tables


cdef bint covers(
    const tables* t, const control_record* r, const order_row* order
) noexcept nogil:
    """The order is in the scope of a kill; no scope = the firm."""
    cdef const account_row* row = &t.accounts[order.account]
    cdef int i
    if r.account:
        for i in range(row.chain_count):
            if row.chain[i] == r.account:
                return True
        return False
    if r.session:
        return order.session == r.session
    if r.instrument:
        return order.instrument == r.instrument
    if r.product:
        return t.instruments[order.instrument].product + 1 == r.product
    return r.venue == 0 or t.instruments[order.instrument].venue == r.venue


cdef void kill_session_orders(
    tables* t, const control_record* r, uint32_t session, numbers* n, outputs* out
) noexcept nogil:
    """Cancel those in scope; a cancel closes nothing, so that the list can be walked."""
    cdef order_row* order
    cdef uint32_t slot = t.sessions[session].first_order
    while slot:
        order = &t.orders[slot]
        slot = order.next
        if not covers(t, r, order):
            continue
        if order.is_cancel_pending:
            n.asked_value += 1
            continue
        n.limit_value += 1
        requests.route_cancel(t, order, NULL, 0, CANCELED_BY_KILL, out)


cdef bint kill(tables* t, const control_record* r, numbers* n, outputs* out) noexcept nogil:
    """One decision: nothing new in the scope, and everything that works there is canceled.

    n: limit = orders canceled, asked = those whose cancel was pending already.
    """
    cdef uint32_t i
    if states.scopes(r) > 1 or not states.is_scope(t, r):
        return True
    if states.scopes(r):
        states.put_state(t, r, KILLED)
    else:
        for i in range(1, t.risk.account_count + 1):
            if t.accounts[i].chain_count == 1:
                states.set_state(t, i, KILLED)
    for i in range(1, t.session_capacity):
        kill_session_orders(t, r, i, n, out)
    alert(t, out, r.account, r.instrument, KILL_SWITCH, 0, n.limit_value, 0, n.asked_value)
    return False
