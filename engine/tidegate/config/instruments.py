"""Instruments of a config: tick value, collar, margin and fee, exactly or refused."""

from decimal import Decimal

from tidegate.config import schema, units
from tidegate.config.names import Names, attempt
from tidegate.config.problems import Problems
from tidegate.universe import Instrument

NS_PER_MS = 1_000_000


def resolve_instruments(
    rows: list[schema.Instrument], names: Names, problems: Problems
) -> tuple[Instrument, ...]:
    """Each [[instruments]] as the engine counts it; check_instrument() says what is refused."""
    found = []
    for index, row in enumerate(rows):
        where = f'instruments[{index}] "{row.symbol}"'
        tick_size = positive(row.tick_size, f"{where}.tick_size", problems)
        multiplier = positive(row.multiplier, f"{where}.multiplier", problems)
        settlement = None
        if row.settlement is not None:
            settlement = attempt(
                units.price, (row.settlement, tick_size), f"{where}.settlement", problems
            )
        check_instrument(row, where, problems)
        found.append(
            Instrument(
                handle=index + 1,
                symbol=row.symbol,
                product=row.product,
                product_index=names.products[row.product],
                venue=names.venues.get(row.venue, 0),
                venue_code=row.venue_code or row.symbol,
                currency=names.currencies[row.currency],
                tick_size=tick_size,
                multiplier=multiplier,
                tick_value=attempt(
                    units.tick_value, (tick_size, multiplier), f"{where}.tick_size", problems
                ),
                max_order_qty=row.max_order_qty,
                collar_ticks=row.collar_ticks,
                collar_permille=row.collar_permille,
                stale_ns=row.stale_ms * NS_PER_MS,
                settlement=settlement,
                margin_long_lot=per_lot(row, "margin_long_per_lot", where, problems),
                margin_short_lot=per_lot(row, "margin_short_per_lot", where, problems),
                margin_long_ppm=row.margin_long_ppm,
                margin_short_ppm=row.margin_short_ppm,
                fee_lot=per_lot(row, "fee_per_lot", where, problems),
                fee_ppm=row.fee_ppm,
            )
        )
    return tuple(found)


def check_instrument(row: schema.Instrument, where: str, problems: Problems) -> None:
    """What must not be left out: a margin each side and a collar; and no margin over 100 %."""
    for side in ("long", "short"):
        ppm = getattr(row, f"margin_{side}_ppm")
        if ppm > schema.PPM_MAX:
            problems.add(
                f"{where}.margin_{side}_ppm",
                f"{ppm} is {ppm / 10_000:g} %; expected at most 1,000,000 (100 %)",
            )
        if ppm == 0 and str(getattr(row, f"margin_{side}_per_lot")).strip("0.") == "":
            problems.add(
                f"{where}.margin_{side}_ppm",
                f"the {side} margin is zero; expected margin_{side}_ppm or margin_{side}_per_lot "
                "above 0",
            )
    if row.collar_ticks is None and row.collar_permille is None:
        problems.add(
            f"{where}.collar_ticks", "missing; expected collar_ticks or collar_permille or both"
        )


def positive(text: str | int, where: str, problems: Problems) -> Decimal:
    try:
        return units.positive(text)
    except ValueError as error:
        problems.add(where, str(error))
        return Decimal(1)


def per_lot(row: schema.Instrument, key: str, where: str, problems: Problems) -> int:
    return attempt(units.money, (getattr(row, key),), f"{where}.{key}", problems)
