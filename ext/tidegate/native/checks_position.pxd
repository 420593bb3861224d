"""Controls 14, 15, 39 and 44: what filled and working lots can lead to, at every level."""
from libc.stdint cimport int64_t

from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context, credits_at, side_credit, side_max
from tidegate.native.holding cimport level_plan
from tidegate.native.records cimport MASTER, SCOPE_ALL, SCOPE_INSTRUMENT, SCOPE_PRODUCT
from tidegate.native.tables cimport TG_NO_LIMIT, credits


cdef inline bint limit_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: the order's own account states a position limit in the instrument."""
    cdef const credits* own = &c.own.all
    return tell(
        n, own.max_long < 0 or own.max_short < 0, 0, 0, 0, c.plans[0].account.level,
        SCOPE_INSTRUMENT,
    )


cdef inline bint position_limit(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Controls 14, 15: filled plus working on the order's side, in instrument, product, all.

    No credit for working orders of the other side: any of them may fill, or not.
    """
    cdef const credits* row
    cdef int64_t credit, most
    cdef bint is_failed = False
    cdef int scope
    for scope in range(<int>SCOPE_INSTRUMENT, SCOPE_ALL + 1):
        row = credits_at(at, scope)
        credit = side_credit(row, c.is_buy)
        most = side_max(row, c.is_buy)
        is_failed |= tell(
            n, c.lots > 0 and c.lots > credit, most, most - credit, c.lots, at.account.level,
            scope,
        )
    return is_failed


cdef inline bint gross_limit(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 14: the worst sizes summed, in instrument, product, all."""
    cdef const credits* row
    cdef bint is_failed = False
    cdef int scope
    for scope in range(<int>SCOPE_INSTRUMENT, SCOPE_ALL + 1):
        row = credits_at(at, scope)
        is_failed |= tell(
            n, at.gross > 0 and at.gross > row.gross_credit, row.max_gross,
            row.max_gross - row.gross_credit, at.gross, at.account.level, scope,
        )
    return is_failed


cdef inline int64_t gross_after(const level_plan* at) noexcept nogil:
    return at.product.all.max_gross - at.product.all.gross_credit + at.gross


cdef inline bint concentration(const context* c, compared* n) noexcept nogil:
    """Control 44: the account's gross in the product is a fair part of its master's."""
    cdef const level_plan* own = &c.plans[0]
    cdef int64_t permille = own.account.concentration_permille
    cdef int64_t ours = gross_after(own)
    cdef int64_t total = 0
    cdef int i
    if permille == TG_NO_LIMIT:
        return tell(n, False, permille, ours, 0, own.account.level, SCOPE_PRODUCT)
    for i in range(c.level_count):
        if c.plans[i].account.level == MASTER:
            total = gross_after(&c.plans[i])
    return tell(
        n, total > own.account.concentration_floor and ours * 1000 > permille * total,
        permille, ours, total, own.account.level, SCOPE_PRODUCT,
    )
