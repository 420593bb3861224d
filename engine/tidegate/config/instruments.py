"""Instruments of a config: tick value, collar, margin, fee and phases, exactly or refused."""

from collections.abc import Collection
from decimal import Decimal

import msgspec

from tidegate.config import schema, units
from tidegate.config.fees import Fees
from tidegate.config.limits import resolve_rates
from tidegate.config.margins import (
    PRICE_BASES,
    check_margins,
    merged,
    per_lot,
    states_exchange,
)
from tidegate.config.names import Names, attempt, lookup
from tidegate.config.problems import Problems
from tidegate.config.schema_data import DayLimits, MarginRates, Margins
from tidegate.universe import Fee, Instrument, Scan

NS_PER_MS = 1_000_000


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What instruments name: data tables by name, and the scans of span instruments by index."""

    phases: dict[str, tuple[tuple[int, int], ...]]
    fees: Fees
    day_limits: dict[str, DayLimits]
    margins: dict[str, MarginRates]
    scans: dict[int, Scan]


def resolve_instruments(
    rows: list[schema.Instrument], names: Names, shelf: Shelf, problems: Problems
) -> tuple[Instrument, ...]:
    """Each [[instruments]] as the engine counts it; the check_ functions say what is refused."""
    found = []
    for index, row in enumerate(rows):
        where = f'instruments[{index}] "{row.symbol}"'
        margins = merged(row, shelf.margins, where, problems)
        check_instrument(row, where, problems)
        check_margins(row, margins, where, problems)
        instrument = basic(row, index, names, where, problems)
        instrument = with_margins(instrument, margins, where, problems)
        instrument = with_day_limits(instrument, row, shelf, where, problems)
        instrument = with_option(instrument, row, names, rows, where, problems)
        instrument = with_fees(instrument, fees_of(row, shelf, where, problems))
        found.append(
            msgspec.structs.replace(
                instrument,
                phases=phases_of(row, shelf, where, problems),
                scan=shelf.scans.get(index),
            )
        )
    return tuple(found)


def basic(
    row: schema.Instrument, index: int, names: Names, where: str, problems: Problems
) -> Instrument:
    """What every instrument has; no margin yet."""
    tick_size = positive(row.tick_size, f"{where}.tick_size", problems)
    multiplier = positive(row.multiplier, f"{where}.multiplier", problems)
    worth = attempt(units.tick_value, (tick_size, multiplier), f"{where}.tick_size", problems)
    orders, replaces, cancels = resolve_rates(row, where, problems)
    return Instrument(
        handle=index + 1,
        symbol=row.symbol,
        product=row.product,
        product_index=names.products[row.product],
        venue=names.venues.get(row.venue, 0),
        venue_code=row.venue_code or row.symbol,
        currency=names.currencies[row.currency],
        tick_size=tick_size,
        multiplier=multiplier,
        tick_value=worth,
        max_order_qty=row.max_order_qty,
        max_market_qty=row.max_market_qty,
        min_order_qty=row.min_order_qty,
        lot_step=row.lot_step,
        price_step=row.price_step_ticks,
        notional_floor=money(
            row.notional_floor_per_lot, f"{where}.notional_floor_per_lot", problems
        ),
        collar_ticks=row.collar_ticks,
        collar_permille=row.collar_permille,
        period_ns=(row.period_ms or 0) * NS_PER_MS,
        period_ticks=row.period_ticks or 0,
        stale_ns=row.stale_ms * NS_PER_MS,
        settlement=price(row.settlement, tick_size, f"{where}.settlement", problems),
        average_px=price(row.average_price, tick_size, f"{where}.average_price", problems),
        margin_long_lot=0,
        margin_short_lot=0,
        margin_long_ppm=0,
        margin_short_ppm=0,
        fee_lot=money(row.fee_per_lot or 0, f"{where}.fee_per_lot", problems),
        fee_ppm=row.fee_ppm or 0,
        order_rate=orders,
        replace_rate=replaces,
        cancel_rate=cancels,
    )


def with_margins(
    instrument: Instrument,
    margins: Margins,
    where: str,
    problems: Problems,
) -> Instrument:
    """The client's numbers and, where stated, the exchange's."""
    model = margins.margin_model or "net"
    instrument = msgspec.structs.replace(
        instrument,
        margin_model=model,
        has_sides=model == "sides",
        closes_today=bool(margins.closes_today),
        is_max_side=bool(margins.max_side),
        price_basis=PRICE_BASES[margins.price_basis or "settlement"],
        margin_long_lot=per_lot(margins, "margin_long_per_lot", where, problems),
        margin_short_lot=per_lot(margins, "margin_short_per_lot", where, problems),
        margin_long_ppm=margins.margin_long_ppm or 0,
        margin_short_ppm=margins.margin_short_ppm or 0,
    )
    if not states_exchange(margins):
        return instrument
    return msgspec.structs.replace(
        instrument,
        exchange_long_lot=per_lot(margins, "exchange_margin_long_per_lot", where, problems),
        exchange_short_lot=per_lot(margins, "exchange_margin_short_per_lot", where, problems),
        exchange_long_ppm=margins.exchange_margin_long_ppm or 0,
        exchange_short_ppm=margins.exchange_margin_short_ppm or 0,
    )


def with_day_limits(
    instrument: Instrument, row: schema.Instrument, shelf: Shelf, where: str, problems: Problems
) -> Instrument:
    """Controls 11 and 12, from the thresholds that the instrument names."""
    if row.day_limits is None or not found_in(
        shelf.day_limits, row.day_limits, "day_limits", where, problems
    ):
        return instrument
    limits = shelf.day_limits[row.day_limits]
    return msgspec.structs.replace(
        instrument,
        day_orders_max=limits.orders,
        day_cancels_max=limits.cancels,
        day_large_cancels_max=limits.large_cancels,
        day_self_trades_max=limits.self_trades,
        large_cancel_qty=limits.large_cancel_qty or 0,
        exempts_immediate=limits.exempts_immediate,
        order_to_trade_max=limits.order_to_trade,
        order_to_trade_floor=limits.order_to_trade_floor,
    )


def with_option(
    instrument: Instrument,
    row: schema.Instrument,
    names: Names,
    rows: list[schema.Instrument],
    where: str,
    problems: Problems,
) -> Instrument:
    """What makes it an option: right, strike and maturity, all or none."""
    underlying = 0
    if row.underlying is not None:
        at = f"{where}.underlying"
        underlying = lookup(row.underlying, names.instruments, "instrument", at, problems)
        if underlying and rows[underlying - 1].right is not None:
            problems.add(at, f"{row.underlying!r} is an option; expected what it can become")
    strike = None
    if row.right is None:
        for name in ("strike", "underlying", "premium"):
            if getattr(row, name) is not None:
                problems.add(f"{where}.{name}", "given without right; expected of options only")
    else:
        if row.maturity is None:
            problems.add(f"{where}.maturity", "missing; an option needs right, strike, maturity")
        if row.premium is None:
            problems.add(f"{where}.premium", "missing; expected 'at_fill' or 'margined'")
        if row.strike is None:
            problems.add(f"{where}.strike", "missing; an option needs right, strike, maturity")
        else:
            strike = decimal(row.strike, f"{where}.strike", problems)
    return msgspec.structs.replace(
        instrument,
        right=row.right,
        strike=strike,
        maturity=row.maturity,
        underlying=underlying,
        is_premium_paid=row.premium == "at_fill",
    )


def check_instrument(row: schema.Instrument, where: str, problems: Problems) -> None:
    """A collar must not be left out, sizes must have room, and some keys go together."""
    if row.collar_ticks is None and row.collar_permille is None:
        problems.add(
            f"{where}.collar_ticks", "missing; expected collar_ticks or collar_permille or both"
        )
    if (row.period_ms is None) != (row.period_ticks is None):
        problems.add(f"{where}.period_ticks", "expected period_ms and period_ticks, or neither")
    if -(-row.min_order_qty // row.lot_step) * row.lot_step > row.max_order_qty:
        problems.add(
            f"{where}.max_order_qty",
            f"{row.max_order_qty} lets no order pass; expected room for min_order_qty "
            f"{row.min_order_qty} in steps of lot_step {row.lot_step}",
        )
    if row.fee_schedule is not None:
        for name in ("fee_per_lot", "fee_ppm"):
            if getattr(row, name) is not None:
                problems.add(f"{where}.{name}", "given with fee_schedule; expected one of them")


def fees_of(
    row: schema.Instrument, shelf: Shelf, where: str, problems: Problems
) -> tuple[Fee, ...]:
    if row.fee_schedule is None or not found_in(
        shelf.fees, row.fee_schedule, "fee_schedule", where, problems
    ):
        return ()
    products = shelf.fees[row.fee_schedule]
    if row.product not in products:
        problems.add(
            f"{where}.fee_schedule",
            f"{row.fee_schedule!r} has no fee of product {row.product!r}; expected one of: "
            f"{', '.join(sorted(products))}",
        )
    return products.get(row.product, ())


def with_fees(instrument: Instrument, fees: tuple[Fee, ...]) -> Instrument:
    """A simulated venue charges fee_lot and fee_ppm on every fill: the exchange's open fee."""
    if not fees:
        return instrument
    return msgspec.structs.replace(
        instrument, fees=fees, fee_lot=fees[0].open_lot, fee_ppm=fees[0].open_ppm
    )


def phases_of(
    row: schema.Instrument, shelf: Shelf, where: str, problems: Problems
) -> tuple[tuple[int, int], ...]:
    if row.calendar is None or not found_in(
        shelf.phases, row.calendar, "calendar", where, problems
    ):
        return ()
    return shelf.phases[row.calendar]


def found_in(
    table: Collection[str],
    name: str,
    key: str,
    where: str,
    problems: Problems,
) -> bool:
    known = {known: number for number, known in enumerate(table, 1)}
    return bool(lookup(name, known, key, f"{where}.{key}", problems))


def positive(text: str | int, where: str, problems: Problems) -> Decimal:
    try:
        return units.positive(text)
    except ValueError as error:
        problems.add(where, str(error))
        return Decimal(1)


def decimal(text: str | int, where: str, problems: Problems) -> Decimal | None:
    try:
        return units.decimal(text)
    except ValueError as error:
        problems.add(where, str(error))
        return None


def price(text: str | int | None, tick_size: Decimal, where: str, problems: Problems) -> int | None:
    return None if text is None else attempt(units.price, (text, tick_size), where, problems)


def money(text: str | int, where: str, problems: Problems) -> int:
    return attempt(units.money, (text,), where, problems)
