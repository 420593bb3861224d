"""Marks and settlement prices: values, collars and margins of an instrument's pairs, in one step.

A record that would leave something inexpressible is refused whole; what it would have replaced
then stays, and goes stale.
"""
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.fills as fills
cimport tidegate.native.holding as holding
cimport tidegate.native.margin as margin
cimport tidegate.native.states as states
from tidegate.native.balances cimport change
from tidegate.native.fills cimport GAINS, LOSSES
from tidegate.native.records cimport record
from tidegate.native.tables cimport TG_NO_LIMIT, instrument_row, pair_row, tables

# A price of more ticks is no price of this world; below it, per mille of it cannot overflow.
cdef int64_t PRICE_MAX = 9007199254740992


cdef bint is_price(int64_t price) noexcept nogil:
    return -PRICE_MAX <= price <= PRICE_MAX


cdef void set_collar(instrument_row* row) noexcept nogil:
    """The narrower of the two collars either side of the mark (RISK.md 5.1)."""
    cdef int64_t width = row.collar_ticks
    cdef int64_t mark = row.mark_px if row.mark_px >= 0 else -row.mark_px
    cdef int64_t by_price
    if row.collar_permille != TG_NO_LIMIT and not margin.money_share(
        mark, row.collar_permille, 1000, &by_price
    ):
        width = min(width, by_price)
    row.collar_low = -TG_NO_LIMIT
    row.collar_high = TG_NO_LIMIT
    if width != TG_NO_LIMIT:
        # A collar wider than any price leaves the bound where no collar would: at the edge.
        width = min(width, TG_NO_LIMIT - 1 - mark)
        row.collar_low = row.mark_px - width
        row.collar_high = row.mark_px + width


cdef bint add_gain(
    const tables* t, const pair_row* row, int64_t value, change* gains, change* losses
) noexcept nogil:
    """The pair's balance can bear the change; a pool's member adds it to all gains or losses.

    True = it cannot be expressed. Pairs of a pool itself book no money.
    """
    cdef int64_t amount = value - row.unrealised
    cdef uint32_t at = row.account * t.currency_capacity + t.instruments[row.instrument].currency
    cdef change* sums
    if amount == 0 or t.accounts[row.account].is_pool:
        return False
    if not balances.can_gain(t, row.account, at, amount):
        return True
    sums = gains if amount > 0 else losses
    return t.accounts[row.account].pool != 0 and margin.money_sum(
        sums.unrealised, amount, &sums.unrealised
    )


cdef bint can_pool(
    const tables* t, const pair_row* row, const change* gains, const change* losses
) noexcept nogil:
    """The pool of the pair's account, if any, bears all gains alone, and all losses alone.

    It has the sum of its members', so that every sum on the way can then be expressed too.
    """
    cdef uint32_t pool = t.accounts[row.account].pool
    cdef uint32_t at = pool * t.currency_capacity + t.instruments[row.instrument].currency
    return pool == 0 or (
        balances.can_apply(t, pool, at, gains) and balances.can_apply(t, pool, at, losses)
    )


cdef bint can_revalue(
    const tables* t, uint32_t first, int64_t price, bint* is_pooled
) noexcept nogil:
    """Every pair can be valued at the price, and every balance and pool can bear it."""
    cdef change gains, losses
    cdef int64_t value
    cdef uint32_t pair = first
    memset(&gains, 0, sizeof(change))
    memset(&losses, 0, sizeof(change))
    while pair:
        if fills.unrealised_at(t, pair, price, &value) or add_gain(
            t, &t.pairs[pair], value, &gains, &losses
        ):
            return False
        is_pooled[0] |= t.accounts[t.pairs[pair].account].pool != 0
        pair = t.pairs[pair].next
    if gains.unrealised == 0 and losses.unrealised == 0:
        return True
    pair = first
    while pair:
        if not can_pool(t, &t.pairs[pair], &gains, &losses):
            return False
        pair = t.pairs[pair].next
    return True


cdef void revalue_all(tables* t, uint32_t pair, int changes) noexcept nogil:
    while pair:
        fills.revalue(t, pair, changes)
        pair = t.pairs[pair].next


cdef bint mark(tables* t, const record* r) noexcept nogil:
    """A new reference price. True = refused."""
    cdef instrument_row before, after
    cdef bint is_pooled = False
    if not states.is_instrument(t, r.instrument) or not is_price(r.price):
        return True
    before = t.instruments[r.instrument]
    after = before
    after.mark_px = r.price
    after.mark_ns = t.risk.now_ns
    if margin.lot_value(&after, r.price, &after.lot_notional) or margin.set_lot_margins(&after):
        return True
    set_collar(&after)
    if holding.change_instrument(t, r.instrument, &after):
        return True
    if not can_revalue(t, before.first_pair, r.price, &is_pooled):
        holding.change_instrument(t, r.instrument, &before)
        return True
    if is_pooled:
        revalue_all(t, before.first_pair, LOSSES)
        revalue_all(t, before.first_pair, GAINS)
    else:
        revalue_all(t, before.first_pair, LOSSES | GAINS)
    return False


cdef bint settlement(tables* t, const record* r) noexcept nogil:
    """A new settlement price: margin per lot, then the holds of all its pairs. True = refused."""
    cdef instrument_row after
    if not states.is_instrument(t, r.instrument) or not is_price(r.price):
        return True
    after = t.instruments[r.instrument]
    after.settlement_px = r.price
    after.is_settled = 1
    return margin.set_lot_margins(&after) or holding.change_instrument(t, r.instrument, &after)
