"""Graded action (control 32): how far each account is into its limits, and what follows.

What is reached is compared with the limit at the TICK after it changed; a grade is told once,
when it changes. Slow and reduce end by themselves, a halt when an operator ends it.
"""
from libc.stdint cimport int64_t, uint8_t, uint32_t

cimport tidegate.native.balances as balances
cimport tidegate.native.margin as margin
cimport tidegate.native.positions as positions
cimport tidegate.native.states as states
from tidegate.native.alerts cimport alert, numbers
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport (
    ACTIVE, GRADE_HALT, GRADE_REDUCE, GRADE_SLOW, HALTED, LOSS_LIMIT, MARGIN, POSITION_LIMIT,
    REDUCING,
)
from tidegate.native.tables cimport (
    TG_CREDIT_MAX, TG_NO_LIMIT, account_row, balance_row, tables,
)

cdef enum:
    GRADE_COUNT = 4


cdef inline int64_t permille(int64_t used, int64_t limit) noexcept nogil:
    """used / limit, rounded down; TG_NO_LIMIT where there is no limit left to divide by."""
    cdef int64_t share
    if used <= 0:
        return 0
    if limit <= 0 or margin.money_share(used, 1000, limit, &share):
        return TG_NO_LIMIT
    return share


cdef inline void farther(numbers* n, int64_t limit, int64_t used) noexcept nogil:
    """Keep what is further into its limit: asked = per mille of it."""
    cdef int64_t share = permille(used, limit)
    if share > n.asked_value:
        n.limit_value = limit
        n.used_value = used
        n.asked_value = share


cdef inline bint is_graded(const uint32_t* thresholds, uint8_t known) noexcept nogil:
    """False = it has no grade and can reach none: there is nothing to compute."""
    return (thresholds[0] | thresholds[1] | thresholds[2] | thresholds[3] | known) != 0


cdef void of_money(
    const tables* t, uint32_t account, bint of_held, bint of_lost, numbers* held, numbers* lost
) noexcept nogil:
    """Margin and loss, each in the currency where it is furthest."""
    cdef const balance_row* row
    cdef uint32_t currency
    for currency in range(1, t.risk.currency_count + 1):
        row = &t.balances[account * t.currency_capacity + currency]
        if of_held and row.is_checked:
            farther(held, balances.equity(row), balances.held(row))
        if of_lost and row.max_loss != TG_NO_LIMIT:
            farther(lost, row.max_loss, -balances.profit(row))


cdef void of_position(const account_row* row, numbers* n) noexcept nogil:
    if row.all.max_long != TG_CREDIT_MAX:
        farther(n, row.all.max_long, positions.worst_long(&row.all))
    if row.all.max_short != TG_CREDIT_MAX:
        farther(n, row.all.max_short, positions.worst_short(&row.all))


cdef inline uint8_t grade_of(const uint32_t* thresholds, int64_t reached) noexcept nogil:
    """The highest grade whose threshold, where it has one, is reached."""
    cdef int i
    if reached <= 0:
        return 0
    for i in range(GRADE_COUNT - 1, -1, -1):
        if thresholds[i] and reached >= <int64_t>thresholds[i]:
            return <uint8_t>(i + 1)
    return 0


cdef bint tell(
    tables* t, uint32_t account, int which, const uint32_t* thresholds, const numbers* n,
    int reason, outputs* out
) noexcept nogil:
    """Note the grade, with an ALERT when it has changed. True = HALT has just been reached."""
    cdef uint8_t grade = grade_of(thresholds, n.asked_value)
    cdef uint8_t* known = &t.accounts[account].grades[which]
    if grade == known[0]:
        return False
    known[0] = grade
    alert(t, out, account, 0, reason, grade, n.limit_value, n.used_value, n.asked_value)
    return grade == GRADE_HALT


cdef void reach(
    const tables* t, uint32_t account, numbers* held, numbers* lost, numbers* size
) noexcept nogil:
    """How far it is into its limits; 0 of what has no grade and can reach none."""
    cdef const account_row* row = &t.accounts[account]
    cdef bint of_held = is_graded(row.margin_grades, row.grades[0])
    cdef bint of_lost = is_graded(row.loss_grades, row.grades[1])
    held[0] = lost[0] = size[0] = numbers(0, 0, 0)
    if of_held or of_lost:
        of_money(t, account, of_held, of_lost, held, lost)
    if is_graded(row.position_grades, row.grades[2]):
        of_position(row, size)


cdef bint has_changed(const tables* t, uint32_t account) noexcept nogil:
    """Some grade of it is not what it was: nothing else follows from grading."""
    cdef const account_row* row = &t.accounts[account]
    cdef numbers held, lost, size
    reach(t, account, &held, &lost, &size)
    return (
        grade_of(row.margin_grades, held.asked_value) != row.grades[0]
        or grade_of(row.loss_grades, lost.asked_value) != row.grades[1]
        or grade_of(row.position_grades, size.asked_value) != row.grades[2]
    )


cdef void grade(tables* t, uint32_t account, outputs* out) noexcept nogil:
    cdef account_row* row = &t.accounts[account]
    cdef numbers held, lost, size
    cdef uint8_t worst, state
    cdef bint is_halt
    reach(t, account, &held, &lost, &size)
    is_halt = tell(t, account, 0, row.margin_grades, &held, MARGIN, out)
    is_halt |= tell(t, account, 1, row.loss_grades, &lost, LOSS_LIMIT, out)
    is_halt |= tell(t, account, 2, row.position_grades, &size, POSITION_LIMIT, out)
    worst = max(row.grades[0], row.grades[1], row.grades[2])
    if row.is_slowed != (worst >= GRADE_SLOW):
        row.is_slowed = worst >= GRADE_SLOW
        states.unfold(t)
    state = REDUCING if worst >= GRADE_REDUCE else ACTIVE
    if is_halt or row.graded_state == HALTED:
        state = HALTED
    if state != row.graded_state:
        states.set_graded_state(t, account, state)


cdef uint32_t merged(tables* t, uint32_t a, uint32_t b) noexcept nogil:
    """One list in the order of handles from two such."""
    cdef uint32_t first = 0
    cdef uint32_t* last = &first
    while a and b:
        if a < b:
            last[0] = a
            last = &t.accounts[a].next_dirty
            a = last[0]
        else:
            last[0] = b
            last = &t.accounts[b].next_dirty
            b = last[0]
    last[0] = a if a else b
    return first


cdef uint32_t ordered(tables* t, uint32_t first) noexcept nogil:
    """The list in the order of handles, so that alerts do not tell what changed first."""
    cdef uint32_t middle = first
    cdef uint32_t last = first
    cdef uint32_t second
    if first == 0 or t.accounts[first].next_dirty == 0:
        return first
    while t.accounts[last].next_dirty and t.accounts[t.accounts[last].next_dirty].next_dirty:
        middle = t.accounts[middle].next_dirty
        last = t.accounts[t.accounts[last].next_dirty].next_dirty
    second = t.accounts[middle].next_dirty
    t.accounts[middle].next_dirty = 0
    return merged(t, ordered(t, first), ordered(t, second))


cdef void grade_dirty(tables* t, outputs* out) noexcept nogil:
    """At TICK: every account that has changed since. Few get another grade: these, sorted, are
    graded, in the order of handles.
    """
    cdef uint32_t account = t.risk.dirty_first
    cdef uint32_t changed = 0
    cdef uint32_t following
    t.risk.dirty_first = 0
    while account:
        following = t.accounts[account].next_dirty
        t.accounts[account].is_dirty = 0
        t.accounts[account].next_dirty = 0
        if has_changed(t, account):
            t.accounts[account].next_dirty = changed
            changed = account
        account = following
    changed = ordered(t, changed)
    while changed:
        grade(t, changed, out)
        following = t.accounts[changed].next_dirty
        t.accounts[changed].next_dirty = 0
        changed = following
