"""What the checks look at: one order, its account's chain, and what the order would add."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.holding cimport level_plan
from tidegate.native.limit_rows cimport find_limit
from tidegate.native.records cimport SCOPE_INSTRUMENT, SCOPE_PRODUCT, order_record
from tidegate.native.tables cimport (
    credits, day_row, instrument_row, limit_row, pair_row, session_orders_row, tables,
)


ctypedef struct context:
    const tables* t
    const order_record* order
    const instrument_row* instrument
    const session_orders_row* session
    const pair_row* own      # the order's own pair, with what its chain states folded into it
    const day_row* day       # of the account's owner group
    int64_t now_ns
    int64_t lots             # by how much the order's worst side grows
    int64_t price            # of MARKET its bound
    int64_t room             # lots that could still only close
    int64_t notional
    int64_t fee              # by how much fee_held grows
    int64_t premium
    uint32_t pool_balance    # 0 = the account has its own money
    bint is_new              # no replace
    bint is_buy
    bint is_closing
    bint is_overflow
    uint32_t day_index
    uint32_t signature       # control 23; where the account counts identical orders
    int level_count
    level_plan plans[5]      # of its levels: the account's own first, the firm's last


cdef inline const credits* credits_at(const level_plan* at, int scope) noexcept nogil:
    if scope == SCOPE_INSTRUMENT:
        return &at.pair.all
    if scope == SCOPE_PRODUCT:
        return &at.product.all
    return &at.account.all


cdef inline int64_t side_credit(const credits* row, bint is_buy) noexcept nogil:
    return row.buy_credit if is_buy else row.sell_credit


cdef inline int64_t side_max(const credits* row, bint is_buy) noexcept nogil:
    return row.max_long if is_buy else row.max_short


cdef inline const limit_row* limit_at(
    const context* c, const level_plan* at, int scope
) noexcept nogil:
    """What a level states at a scope; NULL when nothing."""
    return find_limit(
        c.t, at.pair.account, at.pair.instrument if scope == SCOPE_INSTRUMENT else 0,
        c.instrument.product + 1 if scope == SCOPE_PRODUCT else 0,
    )
