"""Records that change what orders are checked against: dispatch, counting, answering.

A record is taken whole or refused whole and counted; an operator (actor) is told which.
"""
from libc.stdint cimport uint16_t, uint32_t

cimport tidegate.native.adjustment as adjustment
cimport tidegate.native.breaks as breaks
cimport tidegate.native.cash as cash
cimport tidegate.native.clocks as clocks
cimport tidegate.native.day_roll as day_roll
cimport tidegate.native.kill as kill
cimport tidegate.native.limit_change as limit_change
cimport tidegate.native.margin_change as margin_change
cimport tidegate.native.marks as marks
cimport tidegate.native.states as states
from tidegate.native.alerts cimport answer, numbers
from tidegate.native.dirty cimport unmark_dirty
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport (
    ADJUSTMENT, BREAK, CASH, CHANNEL_STATE, CONTROL_REFUSED, CURRENCY_RATE, DAY_ROLL, KILL,
    LIMIT_CHANGE, MARGIN_ARRAY, MARGIN_COMMIT, MARGIN_CREDIT, MARGIN_RATES, MARK, NOTE,
    PROTECTION_RESET, RE_ENABLE, SETTLEMENT, SIDE_LOCK, TICK, TRADING_STATE, TRANSFER,
    array_record, control_record, margin_record, rate_record, record,
)
from tidegate.native.tables cimport tables


cdef bint has_control_view(int kind) noexcept nogil:
    return (
        SETTLEMENT <= kind <= CASH or LIMIT_CHANGE <= kind <= TRANSFER
        or MARGIN_COMMIT <= kind <= SIDE_LOCK or DAY_ROLL <= kind <= ADJUSTMENT
    )


cdef uint16_t actor_of(const record* r) noexcept nogil:
    """The operator's session that is waiting for an answer; 0 = nobody."""
    if r.kind == CURRENCY_RATE:
        return (<const rate_record*>r).actor
    if has_control_view(r.kind):
        return (<const control_record*>r).actor
    return 0


cdef bint names_nobody(const tables* t, const control_record* r) noexcept nogil:
    """Something is named that is not there, whether the kind uses it or not."""
    return not states.is_scope(t, r) or r.currency > t.risk.currency_count


cdef bint run(tables* t, const record* r, numbers* n, outputs* out) noexcept nogil:
    """True = refused, and nothing is changed."""
    cdef const control_record* c = <const control_record*>r
    cdef int kind = r.kind
    if has_control_view(kind) and names_nobody(t, c):
        return True
    if kind == TICK:
        return clocks.tick(t, r, out)
    if kind == MARK:
        return marks.mark(t, r)
    if kind == SETTLEMENT:
        return marks.settlement(t, r)
    if kind == TRADING_STATE:
        return states.trading_state(t, c)
    if kind == KILL:
        return kill.kill(t, c, n, out)
    if kind == SIDE_LOCK:
        return states.side_lock(t, c)
    if kind == RE_ENABLE:
        return states.re_enable(t, c)
    if kind == PROTECTION_RESET:
        return states.protection_reset(t, c)
    if kind == LIMIT_CHANGE:
        return limit_change.change(t, c, out)
    if kind == CASH:
        return cash.cash(t, c, n)
    if kind == TRANSFER:
        return cash.transfer(t, c, n)
    if kind == CURRENCY_RATE:
        return cash.currency_rate(t, <const rate_record*>r)
    if kind == MARGIN_RATES:
        return margin_change.stage_rates(t, <const margin_record*>r)
    if kind == MARGIN_ARRAY:
        return margin_change.stage_array(t, <const array_record*>r)
    if kind == MARGIN_COMMIT:
        return margin_change.commit(t, c, n)
    if kind == MARGIN_CREDIT:
        return margin_change.credit(t, c)
    if kind == DAY_ROLL:
        return day_roll.day_roll(t, c, n)
    if kind == BREAK:
        return breaks.report(t, c, out)
    if kind == ADJUSTMENT:
        return adjustment.adjust(t, c, out)
    return kind != NOTE and kind != CHANNEL_STATE


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil:
    cdef numbers n = numbers(0, 0, 0)
    cdef uint32_t dirty_first = t.risk.dirty_first
    cdef uint16_t actor = actor_of(r)
    cdef bint is_refused = actor >= t.session_capacity
    if not is_refused:
        is_refused = run(t, r, &n, out)
    if is_refused:
        unmark_dirty(t, dirty_first)
        t.risk.refused_records += 1
    if 0 < actor < t.session_capacity:
        answer(t, r, actor, CONTROL_REFUSED if is_refused else 0, &n, out)
