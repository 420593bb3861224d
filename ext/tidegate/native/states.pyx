"""Trading states and locks (controls 24, 25, 27, 35).

A scope is named by exactly one of account, instrument, product, venue and session. What pairs
have folded of states and locks is stale after each change.
"""
from libc.stdint cimport uint8_t, uint32_t

cimport tidegate.native.limit_rows as limit_rows
cimport tidegate.native.positions as positions
from tidegate.native.records cimport ACTIVE, GRADE_REDUCE, HALTED, REDUCING, control_record
from tidegate.native.tables cimport account_row, limit_row, product_row, tables

cdef enum:
    SIDE_LOCK_MAX = 3


cdef bint is_account(const tables* t, uint32_t account) noexcept nogil:
    return 0 < account <= t.risk.account_count


cdef bint is_instrument(const tables* t, uint32_t instrument) noexcept nogil:
    return 0 < instrument <= t.risk.instrument_count


cdef bint is_venue(const tables* t, uint32_t venue) noexcept nogil:
    """Some instrument trades there."""
    cdef uint32_t i
    for i in range(1, t.risk.instrument_count + 1):
        if t.instruments[i].venue == venue:
            return True
    return False


cdef int scopes(const control_record* r) noexcept nogil:
    """How many scopes the record names."""
    return (
        (r.account != 0) + (r.instrument != 0) + (r.product != 0) + (r.venue != 0)
        + (r.session != 0)
    )


cdef bint is_scope(const tables* t, const control_record* r) noexcept nogil:
    """What the record names is there; 0 is not named."""
    return (
        r.account <= t.risk.account_count
        and r.instrument <= t.risk.instrument_count
        and r.product <= t.risk.product_count
        and r.session < t.session_capacity
        and (r.venue == 0 or is_venue(t, r.venue))
    )


cdef uint8_t graded(const account_row* row) noexcept nogil:
    """The graded state without a HALT: a grade that has been reached goes on reducing."""
    cdef uint8_t worst = max(row.grades[0], row.grades[1], row.grades[2])
    return REDUCING if worst >= GRADE_REDUCE else ACTIVE


cdef void put_state(tables* t, const control_record* r, uint8_t state) noexcept nogil:
    cdef uint32_t i
    if r.account:
        set_state(t, r.account, state)
        if state == ACTIVE and t.accounts[r.account].graded_state == HALTED:
            set_graded_state(t, r.account, graded(&t.accounts[r.account]))
    elif r.session:
        t.sessions[r.session].trading_state = state
    else:
        for i in range(1, t.risk.instrument_count + 1):
            if (
                i == r.instrument
                or (r.product and t.instruments[i].product + 1 == r.product)
                or (r.venue and t.instruments[i].venue == r.venue)
            ):
                t.instruments[i].trading_state = state
    unfold(t)


cdef bint trading_state(tables* t, const control_record* r) noexcept nogil:
    """A state set by an operator, in place of whatever it was."""
    cdef uint8_t state = r.trading_state
    if state != ACTIVE and (state != REDUCING and state != HALTED or r.session):
        return True
    if scopes(r) != 1 or not is_scope(t, r):
        return True
    put_state(t, r, state)
    return False


cdef bint side_lock(tables* t, const control_record* r) noexcept nogil:
    """No buys, no sells, or neither: of an account at one scope, or of an instrument."""
    cdef limit_row* limit
    if (
        r.side_lock > SIDE_LOCK_MAX or not is_scope(t, r) or r.venue or r.session
        or (r.instrument and r.product) or not (r.account or r.instrument)
    ):
        return True
    if r.account == 0:
        t.instruments[r.instrument].side_lock = r.side_lock
    else:
        limit = limit_rows.add_limit(t, r.account, r.instrument, r.product)
        if limit == NULL:
            return True
        limit.side_lock = r.side_lock
        if r.instrument == 0 and r.product == 0:
            t.accounts[r.account].side_lock = r.side_lock
    unfold(t)
    return False


cdef bint re_enable(tables* t, const control_record* r) noexcept nogil:
    """A named person lets the account go on after its automated executions (RTS 6 art. 15)."""
    if r.actor == 0 or not is_account(t, r.account):
        return True
    t.accounts[r.account].executions = 0
    t.accounts[r.account].is_halted_by_executions = 0
    unfold(t)
    return False


cdef bint protection_reset(tables* t, const control_record* r) noexcept nogil:
    """Market maker protection starts to count anew; what was pulled may quote again."""
    cdef uint32_t row
    cdef product_row* product
    if not is_account(t, r.account) or not 0 < r.product <= t.risk.product_count:
        return True
    row = positions.find_product(t, r.account, r.product - 1)
    if row:
        product = &t.products[row]
        product.is_pulled = 0
        product.protection_since_ns = 0
        product.protection_qty = 0
        product.protection_delta = 0
    return False
