"""Controls 18, 19 and 24 to 31: who may trade what now, and who may only close."""
from libc.stdint cimport int64_t, uint8_t, uint32_t

from tidegate.native.balances cimport profit
from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context, limit_at
from tidegate.native.holding cimport level_plan
from tidegate.native.orders cimport is_close
from tidegate.native.positions cimport own_state
from tidegate.native.records cimport (
    ACTIVE, CLOSE_TODAY, CLOSE_YESTERDAY, HALTED, KILLED, PHASE_OPEN, REDUCE_ONLY, REDUCING,
    SCOPE_ALL, SCOPE_INSTRUMENT, SCOPE_PRODUCT, SCOPE_SESSION,
)
from tidegate.native.tables cimport limit_row, sides_row


# States as a set: bit s = some place is in state s, bit 0 = in one that nobody knows.
cdef enum:
    KILLED_SET = 1 << KILLED
    HALTED_SET = 1 << HALTED | 1
    REDUCING_SET = 1 << REDUCING
    BOTH_SIDES = 3


cdef inline uint8_t as_set(uint8_t state) noexcept nogil:
    return <uint8_t>(1 << state) if ACTIVE <= state <= KILLED else 1


cdef inline void tell_state(const context* c, int wanted, compared* n) noexcept nogil:
    """The first place with one of the wanted states: session, instrument, levels upwards."""
    cdef const level_plan* at
    cdef uint8_t state = c.session.trading_state
    cdef int i
    tell(n, as_set(state) & wanted, REDUCING, 0, state, 0, SCOPE_SESSION)
    state = c.instrument.trading_state
    tell(n, as_set(state) & wanted, REDUCING, 0, state, 0, 0)
    for i in range(c.level_count):
        at = &c.plans[i]
        state = own_state(at.account)
        tell(n, as_set(state) & wanted, REDUCING, 0, state, at.account.level, SCOPE_ALL)
        state = at.account.graded_state
        tell(n, as_set(state) & wanted, REDUCING, 0, state, at.account.level, SCOPE_ALL)


cdef inline bint kill_switch(const context* c, compared* n) noexcept nogil:
    """Control 28: no level, nor the instrument, nor the session is KILLED."""
    if n != NULL:
        tell_state(c, KILLED_SET, n)
    return ((c.own.state | as_set(c.session.trading_state)) & KILLED_SET) != 0


cdef inline bint halted_state(const context* c, compared* n) noexcept nogil:
    """Control 27: every level, the instrument and the session take new orders."""
    if n != NULL:
        tell_state(c, HALTED_SET, n)
    return ((c.own.state | as_set(c.session.trading_state)) & HALTED_SET) != 0


cdef inline bint re_enable_needed(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 24: fewer fills than executions_max since a person last enabled the level."""
    return tell(
        n, at.account.executions >= at.account.executions_max,
        at.account.executions_max, at.account.executions, 1, at.account.level, SCOPE_ALL,
    )


cdef inline bint protection_pulled(const context* c, compared* n) noexcept nogil:
    """Control 35: market maker protection has not pulled the account from the product."""
    cdef const level_plan* own = &c.plans[0]
    return tell(
        n, own.product.is_pulled, own.account.protection_qty, own.product.protection_qty,
        c.lots, own.account.level, SCOPE_PRODUCT,
    )


cdef inline bint session_closed(const context* c, compared* n) noexcept nogil:
    """Control 26: the instrument's phase takes orders."""
    return tell(
        n, c.instrument.phase != PHASE_OPEN, PHASE_OPEN, 0, c.instrument.phase, 0, 0
    )


cdef inline bint may_trade(const level_plan* at, uint32_t product) noexcept nogil:
    return (at.account.products[product >> 6] >> (product & 63)) & 1


cdef inline bint not_permitted(const context* c, compared* n) noexcept nogil:
    """Control 25: every level may trade the product."""
    cdef uint32_t product = c.instrument.product
    cdef int i
    if n != NULL:
        for i in range(c.level_count):
            tell(
                n, not may_trade(&c.plans[i], product), 0, 0, product,
                c.plans[i].account.level, SCOPE_PRODUCT,
            )
    return not c.own.is_permitted


cdef inline void tell_lock(
    const context* c, int forbidden, int asked, compared* n
) noexcept nogil:
    """Where the locks, from the instrument and the account upwards, first forbid all of these."""
    cdef const limit_row* row
    cdef int lock = c.instrument.side_lock
    cdef int i, scope
    tell(n, lock & forbidden == forbidden, 0, 0, asked, 0, 0)
    for i in range(c.level_count):
        for scope in range(<int>SCOPE_INSTRUMENT, SCOPE_ALL + 1):
            row = limit_at(c, &c.plans[i], scope)
            lock |= row.side_lock if row != NULL else 0
            if scope == SCOPE_ALL:
                lock |= c.plans[i].account.side_lock
            tell(
                n, lock & forbidden == forbidden, 0, 0, asked,
                c.plans[i].account.level, scope,
            )


cdef inline bint restricted(const context* c, compared* n) noexcept nogil:
    """Control 25: the locks of all levels, scopes and the instrument leave a side open."""
    if n != NULL:
        tell_lock(c, BOTH_SIDES, BOTH_SIDES, n)
    return c.own.side_lock == BOTH_SIDES


cdef inline bint side_locked(const context* c, compared* n) noexcept nogil:
    """Control 25: the order's side is open, where not both are locked."""
    cdef int side = 1 if c.is_buy else 2
    if n != NULL:
        tell_lock(c, side, side, n)
    return c.own.side_lock == side


cdef inline bint reducing_state(const context* c, compared* n) noexcept nogil:
    """Controls 27, 29: where a level or the instrument is REDUCING, an order closes.

    It is the order's own account that must close: of two accounts below a REDUCING master, one
    long and one short, each may, though the master is flat.
    """
    cdef int64_t net = c.own.net
    cdef bint is_failed = (
        (c.own.state & REDUCING_SET) != 0 and not c.is_closing and c.lots > 0
    )
    if n != NULL:
        tell_state(c, REDUCING_SET, n)
        n.limit_value, n.used_value, n.asked_value = c.room, net, c.lots
    return is_failed


cdef inline bint reduce_only_order(const context* c, compared* n) noexcept nogil:
    """Control 19: an order that says it only closes does only close."""
    cdef bint is_to_close = (c.order.flags & REDUCE_ONLY) != 0 or (
        is_close(c.order.position_effect) and not c.instrument.has_sides
    )
    return tell(
        n, is_to_close and not c.is_closing and c.lots > 0, c.room, c.own.net, c.lots,
        c.plans[0].account.level, SCOPE_INSTRUMENT,
    )


cdef inline int64_t frozen_lots(const context* c) noexcept nogil:
    """Lots that working closes have taken of those that this one may take."""
    cdef const sides_row* row = &c.t.sides[c.own.sides]
    cdef int effect = c.order.position_effect
    cdef int64_t today = row.frozen_short_today if c.is_buy else row.frozen_long_today
    cdef int64_t before = row.frozen_short_yesterday if c.is_buy else row.frozen_long_yesterday
    if effect == CLOSE_TODAY:
        return today
    if effect == CLOSE_YESTERDAY or c.instrument.closes_today:
        return before
    return today + before


cdef inline bint closable_lots(const context* c, compared* n) noexcept nogil:
    """Control 18: a close with sides finds as many lots that no other order closes."""
    cdef bint is_freezing = c.instrument.has_sides and is_close(c.order.position_effect)
    return tell(
        n, is_freezing and c.lots > c.room, c.room, frozen_lots(c), c.lots,
        c.plans[0].account.level, SCOPE_INSTRUMENT,
    )


cdef inline bint loss_limit(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 31: the level has lost less than max_loss in the currency."""
    cdef int64_t loss = -profit(at.balance)
    return tell(
        n, at.pair.balance != 0 and loss >= at.balance.max_loss, at.balance.max_loss, loss, 0,
        at.account.level, SCOPE_ALL,
    )


cdef inline bint drawdown_limit(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 31: the level has lost less than max_drawdown since the day's best."""
    cdef int64_t drawdown = at.balance.peak - profit(at.balance)
    return tell(
        n, at.pair.balance != 0 and drawdown >= at.balance.max_drawdown,
        at.balance.max_drawdown, drawdown, 0, at.account.level, SCOPE_ALL,
    )
