"""Margin by rates, for net positions and for long and short ones with today and yesterday.

Rule: MARGIN.md sections 1 and 2. A lot's margin is by_volume + by_money * |price| * multiplier, at
least the floor, rounded up once a lot to 1/10,000; then times lots. Two numbers side by side: what
the client is asked for, and the exchange.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from tidegate.errors import MarginError
from tidegate.span.portfolio import LOTS_MAX, exact, signed_lots
from tidegate.span.rate_table import (
    ANY_HEDGE,
    NET,
    OPEN_PRICE,
    PRE_SETTLEMENT,
    Hedge,
    RateInstrument,
    RateTable,
    SideRates,
)

_ZERO = Fraction(0)
_UNIT = 10_000
_BASES = {1: "pre_settlement", 2: "last", 3: "average", 4: "open_price"}


class RatePosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signed lots; below 0 is short. `yesterday` of them are from before today.

    In a long_short instrument each entry is a side of its own: a long one and a short one stand
    beside each other. `open_price` is needed for today's lots where the price basis is 4.
    """

    qty: int
    instrument: str = ""
    product: str = ""
    maturity: str | int = ""
    hedge: Hedge = "SPECULATION"
    yesterday: int = 0
    open_price: Decimal | None = None


class RateOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A working order. One that closes freezes lots, not money."""

    qty: int
    instrument: str = ""
    product: str = ""
    maturity: str | int = ""
    hedge: Hedge = "SPECULATION"
    side: str = ""
    price: Decimal | None = None
    position_effect: Literal["OPEN", "CLOSE", "CLOSE_TODAY"] = "OPEN"


class RatePortfolio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is held and what is working."""

    positions: list[RatePosition] = []
    orders: list[RateOrder] = []


class Sides(msgspec.Struct):
    """Margin of a side, of what is held and with what is working on top."""

    long: Fraction = _ZERO
    short: Fraction = _ZERO
    long_working: Fraction = _ZERO
    short_working: Fraction = _ZERO

    def add(self, other: "Sides") -> None:
        """Sums side by side."""
        self.long += other.long
        self.short += other.short
        self.long_working += other.long_working
        self.short_working += other.short_working


class Figures(msgspec.Struct, frozen=True):
    """The requirement of what is held, and of that with all working orders; both numbers."""

    requirement: Fraction
    hold: Fraction
    exchange_requirement: Fraction | None
    exchange_hold: Fraction | None


class InstrumentMargin(msgspec.Struct, frozen=True):
    """One instrument: lots and margin by side, before any larger side is taken."""

    instrument: str
    currency: str
    model: str
    long_lots: int
    short_lots: int
    open_buy: int
    open_sell: int
    long: Fraction
    short: Fraction


class GroupMargin(msgspec.Struct, frozen=True):
    """What is margined together: a net instrument, a long_short one, or a max-side group."""

    group: str
    currency: str
    max_side: bool
    requirement: Fraction
    hold: Fraction
    exchange_requirement: Fraction | None
    exchange_hold: Fraction | None


class Margins(msgspec.Struct, frozen=True):
    """All of a portfolio. Totals are sums within a currency; nothing is converted."""

    instruments: list[InstrumentMargin]
    groups: list[GroupMargin]
    totals: dict[str, Figures]


class Held(msgspec.Struct):
    """One instrument's positions and orders."""

    instrument: RateInstrument
    positions: list[tuple[str, RatePosition]]
    orders: list[tuple[str, RateOrder, int]]


def per_lot(
    instrument: RateInstrument, rates: SideRates, price: Fraction, *, is_long: bool
) -> Fraction:
    """The margin of one lot, rounded up to 1/10,000.

    By the magnitude of the price, so that a price below 0 never makes a lot free, and at least the
    floor, so that one of 0 does not either.
    """
    by_money = rates.long_by_money if is_long else rates.short_by_money
    by_volume = rates.long_by_volume if is_long else rates.short_by_volume
    by_price = Fraction(by_money) * abs(price) * instrument.multiplier
    margin = max(Fraction(by_volume) + by_price, instrument.floor_per_lot)
    if not margin:
        raise MarginError(
            f"{instrument.name}: a lot at price {price} would need no margin; expected "
            "floor_per_lot or a rate by volume in the table"
        )
    return Fraction(-(-margin * _UNIT // 1), _UNIT)


def net_requirement(
    long_lot: Fraction, short_lot: Fraction, net: int, open_buy: int = 0, open_sell: int = 0
) -> Fraction:
    """R = max(mL * max(0, pos + PB), mS * max(0, PS - pos)): the worst that fills can reach."""
    return max(long_lot * max(0, net + open_buy), short_lot * max(0, open_sell - net))


def margins(table: RateTable, portfolio: RatePortfolio) -> Margins:
    """The margin of a portfolio under a table; MarginError names what is missing."""
    held = _held(table, portfolio)
    groups: list[GroupMargin] = []
    larger: dict[tuple[str, str, str], list[tuple[Sides, Sides | None]]] = {}
    for own in held:
        instrument = own.instrument
        if instrument.model == NET:
            groups.append(_net_group(own))
            continue
        for hedge in sorted({row.hedge for _, row in own.positions} | _order_hedges(own)):
            sides = _sides(own, instrument.rates, hedge), _exchange_sides(own, hedge)
            if instrument.max_side:
                part = hedge if instrument.max_side_by_hedge else ""
                key = instrument.currency, instrument.max_side_group, part
                larger.setdefault(key, []).append(sides)
            else:
                name = f"{instrument.name} {hedge}".strip()
                groups.append(_group(name, instrument.currency, [sides], max_side=False))
    for (currency, group, flag), members in sorted(larger.items()):
        groups.append(_group(f"{group} {flag}".strip(), currency, members, max_side=True))
    instruments = [_instrument_margin(own) for own in held]
    return Margins(instruments, groups, _totals(groups))


def _order_hedges(own: Held) -> set[Hedge]:
    return {order.hedge for _, order, _ in own.orders if order.position_effect == "OPEN"}


def _held(table: RateTable, portfolio: RatePortfolio) -> list[Held]:
    found: dict[str, Held] = {}
    for index, position in enumerate(portfolio.positions):
        where = f"positions[{index}]"
        _check_position(position, where)
        instrument = _find(table, position, where)
        own = found.setdefault(instrument.name, Held(instrument, [], []))
        own.positions.append((where, position))
    for index, order in enumerate(portfolio.orders):
        where = f"orders[{index}]"
        instrument = _find(table, order, where)
        own = found.setdefault(instrument.name, Held(instrument, [], []))
        own.orders.append((where, order, signed_lots(order.side, order.qty, where)))
    return [found[name] for name in sorted(found)]


def _check_position(position: RatePosition, where: str) -> None:
    if abs(position.qty) > LOTS_MAX:
        raise MarginError(f"{where}.qty: {position.qty}; expected a number that fits 64 bits")
    if not 0 <= position.yesterday <= abs(position.qty):
        raise MarginError(
            f"{where}.yesterday: {position.yesterday}; expected 0 to {abs(position.qty)}, the lots"
        )


def _find(table: RateTable, row: RatePosition | RateOrder, where: str) -> RateInstrument:
    code, maturity = row.instrument or row.product, str(row.maturity)
    found = [
        instrument
        for instrument in table.instruments
        if instrument.name == code + (maturity if not row.instrument else "")
        or (
            not row.instrument
            and maturity
            and (instrument.product, instrument.maturity) == (row.product, maturity)
        )
    ]
    if len(found) != 1:
        raise MarginError(
            f"{where}: {table.file} has {len(found)} instruments {code}{maturity}; expected one"
        )
    return found[0]


def _rates(instrument: RateInstrument, rows: tuple[SideRates, ...], hedge: Hedge) -> SideRates:
    by_hedge = {row.hedge: row for row in rows}
    row = by_hedge.get(hedge, by_hedge.get(ANY_HEDGE))
    if row is not None:
        return row
    raise MarginError(f"{instrument.name}: no rates for {hedge}; expected a row with this hedge")


def _price(
    instrument: RateInstrument, basis: int, own: Decimal | None, where: str, key: str
) -> Fraction:
    """The price that margin is made of: by basis from the table, or the row's own price."""
    if basis == OPEN_PRICE:
        if own is None:
            raise MarginError(f"{where}.{key}: none; expected one, for the price basis is 4")
        return exact(own, f"{where}.{key}")
    if basis not in instrument.prices:
        raise MarginError(
            f"{where}: {instrument.name} has no {_BASES[basis]} in the table; expected one, for "
            f"the price basis is {basis}"
        )
    return instrument.prices[basis]


def _sides(own: Held, rows: tuple[SideRates, ...], hedge: Hedge) -> Sides:
    """Long and short margin of one hedge flag: yesterday's lots at the previous settlement,
    today's and what opens at the price basis.
    """
    sides, instrument = Sides(), own.instrument
    rates = _rates(instrument, rows, hedge)
    for where, position in own.positions:
        if position.hedge != hedge:
            continue
        is_long, margin = position.qty > 0, _ZERO
        today = abs(position.qty) - position.yesterday
        if position.yesterday:
            price = _price(instrument, PRE_SETTLEMENT, None, where, "")
            margin += position.yesterday * per_lot(instrument, rates, price, is_long=is_long)
        if today:
            basis = instrument.price_basis
            price = _price(instrument, basis, position.open_price, where, "open_price")
            margin += today * per_lot(instrument, rates, price, is_long=is_long)
        if is_long:
            sides.long += margin
        else:
            sides.short += margin
    for where, order, lots in own.orders:
        if order.hedge != hedge or order.position_effect != "OPEN":
            continue
        price = _price(instrument, instrument.price_basis, order.price, where, "price")
        margin = abs(lots) * per_lot(instrument, rates, price, is_long=lots > 0)
        if lots > 0:
            sides.long_working += margin
        else:
            sides.short_working += margin
    return sides


def _exchange_sides(own: Held, hedge: Hedge) -> Sides | None:
    rows = own.instrument.exchange_rates
    return _sides(own, rows, hedge) if rows else None


def _combine(members: list[Sides], *, max_side: bool) -> tuple[Fraction, Fraction]:
    """Requirement and hold: the larger side where flagged, else both."""
    total = Sides()
    for sides in members:
        total.add(sides)
    longs, shorts = total.long + total.long_working, total.short + total.short_working
    if max_side:
        return max(total.long, total.short), max(longs, shorts)
    return total.long + total.short, longs + shorts


def _group(
    name: str, currency: str, members: list[tuple[Sides, Sides | None]], *, max_side: bool
) -> GroupMargin:
    client = _combine([sides for sides, _ in members], max_side=max_side)
    exchange = [sides for _, sides in members if sides is not None]
    asked: tuple[Fraction | None, Fraction | None] = None, None
    if len(exchange) == len(members):
        asked = _combine(exchange, max_side=max_side)
    return GroupMargin(name, currency, max_side, *client, *asked)


def _net_group(own: Held) -> GroupMargin:
    instrument = own.instrument
    if instrument.price_basis == OPEN_PRICE:
        raise MarginError(
            f"{instrument.name}: price basis 4 of a net position; expected 1, 2 or 3, for netted "
            "lots have no open price"
        )
    net = sum(position.qty for _, position in own.positions)
    buys = sum(max(0, lots) for _, _, lots in own.orders)
    sells = sum(max(0, -lots) for _, _, lots in own.orders)
    rows = [row.hedge for _, row in own.positions] + [row.hedge for _, row, _ in own.orders]
    if len(set(rows)) > 1:
        raise MarginError(f"{instrument.name}: {len(set(rows))} hedge flags; expected one, for net")
    price = _price(instrument, instrument.price_basis, None, instrument.name, "")
    client = _net_figures(own, instrument.rates, price, (net, buys, sells))
    asked: tuple[Fraction | None, Fraction | None] = None, None
    if instrument.exchange_rates:
        asked = _net_figures(own, instrument.exchange_rates, price, (net, buys, sells))
    return GroupMargin(instrument.name, instrument.currency, False, *client, *asked)


def _net_figures(
    own: Held, rows: tuple[SideRates, ...], price: Fraction, lots: tuple[int, int, int]
) -> tuple[Fraction, Fraction]:
    """Requirement of the net lots, and with buys and sells working."""
    hedges = [row.hedge for _, row in own.positions] + [row.hedge for _, row, _ in own.orders]
    rates = _rates(own.instrument, rows, hedges[0])
    long_lot = per_lot(own.instrument, rates, price, is_long=True)
    short_lot = per_lot(own.instrument, rates, price, is_long=False)
    return (
        net_requirement(long_lot, short_lot, lots[0]),
        net_requirement(long_lot, short_lot, *lots),
    )


def _instrument_margin(own: Held) -> InstrumentMargin:
    instrument, both = own.instrument, Sides()
    lots = [position.qty for _, position in own.positions]
    if instrument.model == NET:
        lots = [sum(lots)]
        group = _net_group(own)
        both.long, both.short = (
            (group.requirement, _ZERO) if lots[0] >= 0 else (_ZERO, group.requirement)
        )
    else:
        for hedge in {position.hedge for _, position in own.positions}:
            both.add(_sides(own, instrument.rates, hedge))
    return InstrumentMargin(
        instrument=instrument.name,
        currency=instrument.currency,
        model=instrument.model,
        long_lots=sum(max(0, qty) for qty in lots),
        short_lots=sum(max(0, -qty) for qty in lots),
        open_buy=sum(max(0, qty) for _, _, qty in own.orders),
        open_sell=sum(max(0, -qty) for _, _, qty in own.orders),
        long=both.long,
        short=both.short,
    )


def _totals(groups: list[GroupMargin]) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    for currency in sorted({group.currency for group in groups}):
        members = [group for group in groups if group.currency == currency]
        exchange = [group.exchange_requirement for group in members]
        holds = [group.exchange_hold for group in members]
        found[currency] = Figures(
            requirement=sum((group.requirement for group in members), _ZERO),
            hold=sum((group.hold for group in members), _ZERO),
            exchange_requirement=_sum_or_none(exchange),
            exchange_hold=_sum_or_none(holds),
        )
    return found


def _sum_or_none(figures: list[Fraction | None]) -> Fraction | None:
    """The sum, or None where one is unknown."""
    known = [figure for figure in figures if figure is not None]
    return sum(known, _ZERO) if len(known) == len(figures) else None
