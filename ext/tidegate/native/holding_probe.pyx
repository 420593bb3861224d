"""Holding, balances and money from Python, one call each: for their tests and bench alone."""
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.holding as holding
cimport tidegate.native.margin as margin
cimport tidegate.native.positions as positions
from tidegate.native.balances cimport change
from tidegate.native.records cimport BUY
from tidegate.native.tables cimport Tables, instrument_row, order_row, pair_row, sides_row, tables

CHANGES = (
    "cash", "margin", "fee_held", "premium_held", "cash_held", "unrealised", "fees", "notional",
    "initial_cash", "credit_line",
)


def ensure(Tables tables_, uint32_t account, uint32_t instrument):
    """The pair's row, made where it is not there; 0 when a table is full."""
    if not positions.ensure_rows(&tables_.t, account, instrument):
        return 0
    return positions.find_pair(&tables_.t, account, instrument)


def fold(Tables tables_, uint32_t pair):
    positions.fold(&tables_.t, pair)


def added_margin(Tables tables_, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots):
    """What these lots would add at one level; None when it cannot be expressed."""
    cdef int64_t added
    if holding.added_margin(&tables_.t, pair, is_buy, effect, lots, &added):
        return None
    return added


def added_gross(Tables tables_, uint32_t pair, bint is_buy, uint8_t effect, int64_t lots):
    cdef tables* t = &tables_.t
    cdef pair_row* row = &t.pairs[pair]
    return holding.added_gross(&t.instruments[row.instrument], row, is_buy, effect, lots)


def closable(Tables tables_, uint32_t pair, bint is_buy, uint8_t effect):
    return holding.closable(&tables_.t, &tables_.t.pairs[pair], is_buy, effect)


def hold(
    Tables tables_, uint32_t order, int64_t lots, int64_t fee, int64_t premium, int orders
):
    """False when it cannot be expressed."""
    return not holding.hold(
        &tables_.t, &tables_.t.orders[order], lots, fee, premium, orders
    )


def move_net(Tables tables_, uint32_t pair, int64_t lots):
    """A fill at one level of a net instrument."""
    return not holding.move_net(&tables_.t, pair, lots)


def move_sides(Tables tables_, uint32_t pair, sides_row[::1] after):
    """A fill at one level of an instrument with sides: its row afterwards."""
    return not holding.move_sides(&tables_.t, pair, &after[0])


def change_instrument(Tables tables_, uint32_t instrument, instrument_row[::1] after):
    return not holding.change_instrument(&tables_.t, instrument, &after[0])


def apply_change(Tables tables_, uint32_t account, uint32_t currency, dict by):
    """Signed changes by name; False when one cannot be expressed."""
    cdef change c
    memset(&c, 0, sizeof(change))
    c.cash = by.get("cash", 0)
    c.margin = by.get("margin", 0)
    c.fee_held = by.get("fee_held", 0)
    c.premium_held = by.get("premium_held", 0)
    c.cash_held = by.get("cash_held", 0)
    c.unrealised = by.get("unrealised", 0)
    c.fees = by.get("fees", 0)
    c.notional = by.get("notional", 0)
    c.initial_cash = by.get("initial_cash", 0)
    c.credit_line = by.get("credit_line", 0)
    if set(by) - set(CHANGES):
        raise ValueError(f"no such part of a balance: {set(by) - set(CHANGES)}")
    return not balances.apply_change(
        &tables_.t, account * tables_.t.currency_capacity + currency, &c
    )


def fits(Tables tables_, uint32_t account, uint32_t currency, int64_t asked):
    return balances.fits(
        &tables_.t, account * tables_.t.currency_capacity + currency, asked
    )


def fee_to_hold(
    Tables tables_, uint32_t account, uint32_t instrument, bint is_buy, uint8_t effect,
    int64_t price, int64_t lots
):
    """By the account's tier; None when it cannot be expressed."""
    cdef tables* t = &tables_.t
    cdef instrument_row* row = &t.instruments[instrument]
    cdef int64_t out
    if margin.fee_to_hold(
        margin.fees_of(t, account, instrument), row, effect, margin.price_of(row, is_buy, price),
        lots, &out
    ):
        return None
    return out


def fee_of_fill(
    Tables tables_, uint32_t account, uint32_t instrument, int64_t price, int64_t opened,
    int64_t closed, int64_t closed_today
):
    """Of one fill, by what its lots do."""
    cdef int64_t out
    if margin.fee_of_fill(
        margin.fees_of(&tables_.t, account, instrument), &tables_.t.instruments[instrument],
        price, opened, closed, closed_today, &out
    ):
        return None
    return out


def premium_to_hold(
    Tables tables_, uint32_t instrument, bint is_buy, int64_t price, int64_t lots
):
    cdef instrument_row* row = &tables_.t.instruments[instrument]
    cdef int64_t out
    if margin.premium_to_hold(row, is_buy, margin.price_of(row, is_buy, price), lots, &out):
        return None
    return out


def notional(Tables tables_, uint32_t instrument, int64_t price, int64_t lots):
    """Of an order: its price, or the bound of MARKET."""
    cdef instrument_row* row = &tables_.t.instruments[instrument]
    cdef int64_t out
    if margin.notional_of(row, margin.notional_price(row, price), lots, &out):
        return None
    return out


def set_lot_margins(instrument_row[::1] row):
    """Margins a lot from the row's own rates and prices."""
    return not margin.set_lot_margins(&row[0])


def rounds(Tables tables_, uint32_t order, int64_t lots, int64_t count):
    """`count` times added_margin, hold and release of an order; the margin added in all."""
    cdef tables* t = &tables_.t
    cdef order_row* row = &t.orders[order]
    cdef bint is_buy = row.side == BUY
    cdef int64_t total = 0
    cdef int64_t added = 0
    cdef int64_t _round
    with nogil:
        for _round in range(count):
            holding.added_margin(t, row.pair, is_buy, row.position_effect, lots, &added)
            total += added
            holding.hold(t, row, lots, 10, 0, 1)
            holding.hold(t, row, -lots, -10, 0, -1)
    return total
