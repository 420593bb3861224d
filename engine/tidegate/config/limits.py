"""Limits, rates and grades of a level, an instrument or a session: counted or refused."""

from itertools import pairwise

from tidegate.config import units
from tidegate.config.fields import SideLock
from tidegate.config.names import Names, attempt, lookup
from tidegate.config.problems import Problems
from tidegate.config.schema import Instrument
from tidegate.config.schema_accounts import Grades, Level, Limit, Rates, Trading
from tidegate.universe import Instrument as ResolvedInstrument
from tidegate.universe import Limit as ResolvedLimit
from tidegate.universe import Rate

NS_PER_MS = 1_000_000
SIDE_LOCKS: dict[SideLock, int] = {"no_buys": 1, "no_sells": 2, "restricted": 3}
COUNTS = ("max_order_qty", "max_market_qty", "max_long", "max_short", "max_gross")
# What an instrument or product may be bound to, beside a money limit and a lock.
KINDS = (*COUNTS, "max_notional", "max_open_orders", "side_lock")
GRADES = ("alert", "slow", "reduce", "halt")


def resolve_rates(
    row: Instrument | Rates, where: str, problems: Problems
) -> tuple[Rate | None, Rate | None, Rate | None]:
    """The rates of new orders, replaces and cancels; a burst not stated is one second's."""
    found = []
    for kind in ("order", "replace", "cancel"):
        rate: int | None = getattr(row, f"{kind}_rate_per_s")
        burst: int | None = getattr(row, f"{kind}_burst")
        if rate is None and burst is not None:
            problems.add(f"{where}.{kind}_burst", f"given without {kind}_rate_per_s")
        found.append(None if rate is None else Rate(per_second=rate, burst=burst or rate))
    return found[0], found[1], found[2]


def resolve_limits(
    row: Level,
    where: str,
    products: tuple[int, ...],
    names: Names,
    instruments: tuple[ResolvedInstrument, ...],
    problems: Problems,
) -> tuple[ResolvedLimit, ...]:
    """The `limits` of a level that may trade `products`; each scope once, each with something."""
    found: dict[tuple[int, int], ResolvedLimit] = {}
    for index, limit in enumerate(row.limits):
        at = f"{where}.limits[{index}]"
        if limit.instrument is not None and limit.product is not None:
            problems.add(at, "states instrument and product; expected one of them, or neither")
        instrument, product = 0, 0
        if limit.instrument is not None:
            instrument = lookup(
                limit.instrument, names.instruments, "instrument", f"{at}.instrument", problems
            )
        elif limit.product is not None:
            known = {name: number + 1 for name, number in names.products.items()}
            product = lookup(limit.product, known, "product", f"{at}.product", problems)
        if (instrument, product) in found:
            problems.add(at, "a scope that is limited already; expected each once")
        check_limit(limit, row, at, problems)
        scope = [
            other
            for other in instruments
            if other.handle == instrument
            or (not instrument and other.product_index == product - 1)
            or (not instrument and not product and other.product_index in products)
        ]
        found[instrument, product] = ResolvedLimit(
            instrument=instrument,
            product=product,
            max_order_qty=limit.max_order_qty,
            max_market_qty=limit.max_market_qty,
            max_notional=notional(limit, scope, at, problems),
            max_long=limit.max_long,
            max_short=limit.max_short,
            max_gross=limit.max_gross,
            max_open_orders=limit.max_open_orders,
            side_lock=SIDE_LOCKS[limit.side_lock] if limit.side_lock is not None else 0,
        )
    return tuple(found.values())


def check_limit(limit: Limit, row: Level, at: str, problems: Problems) -> None:
    """What a limit must not say: nothing, nothing at all on both sides, or something twice."""
    if all(getattr(limit, kind) is None for kind in KINDS):
        problems.add(at, f"limits nothing; expected one of {', '.join(KINDS)}")
    if limit.max_long == 0 and limit.max_short == 0:
        problems.add(
            f"{at}.max_long",
            'a limit of 0 on both sides; expected side_lock = "restricted" to forbid trading',
        )
    if limit.instrument in row.position_limits and (
        limit.max_long is not None or limit.max_short is not None
    ):
        problems.add(at, f"{limit.instrument!r} is in position_limits too; expected one of them")
    is_all = limit.instrument is None and limit.product is None
    if is_all and limit.max_order_qty is not None and row.max_order_qty is not None:
        problems.add(
            f"{at}.max_order_qty", "the level's own max_order_qty says the same; expected one"
        )


def notional(
    limit: Limit, scope: list[ResolvedInstrument], at: str, problems: Problems
) -> int | None:
    """The money of max_notional; it must be of one currency."""
    if limit.max_notional is None:
        return None
    if len({instrument.currency for instrument in scope}) > 1:
        problems.add(
            f"{at}.max_notional",
            "covers instruments of several currencies; expected a limit for each product",
        )
    return positive_money(limit.max_notional, f"{at}.max_notional", problems)


def positive_money(amount: str | int, where: str, problems: Problems) -> int:
    """An amount above zero, as money."""
    found = attempt(units.money, (amount,), where, problems)
    if found == 0 and not str(amount).strip("0."):
        problems.add(where, f"expected an amount above 0, got {amount!r}")
    return found


def resolve_grades(
    grades: Grades, where: str, row: Level, problems: Problems
) -> tuple[int, int, int, int]:
    """Per mille of alert, slow, reduce and halt, which must rise in that order; 0 = none."""
    found = [getattr(grades, name) or 0 for name in GRADES]
    stated = [(name, value) for name, value in zip(GRADES, found, strict=True) if value]
    for (lower, low), (higher, high) in pairwise(stated):
        if high <= low:
            problems.add(
                where, f"{higher} at {high} does not come after {lower} at {low}; expected that"
            )
    if grades.slow and row.slow_interval_ms is None:
        problems.add(f"{where}.slow", "given without slow_interval_ms")
    return found[0], found[1], found[2], found[3]


def check_grades(row: Level, has_money: bool, where: str, problems: Problems) -> None:
    """Grades need the limit that they are per mille of."""
    if row.margin_grades_permille != Grades() and not has_money:
        problems.add(f"{where}.margin_grades_permille", "given without money at this level")
    if row.loss_grades_permille != Grades() and not row.max_loss:
        problems.add(f"{where}.loss_grades_permille", "given without max_loss")
    of_all = [limit for limit in row.limits if limit.instrument is None and limit.product is None]
    if row.position_grades_permille != Grades() and not any(
        limit.max_long or limit.max_short for limit in of_all
    ):
        problems.add(
            f"{where}.position_grades_permille",
            "given without max_long or max_short in a limit of all instruments together",
        )


def check_trading(row: Trading, where: str, problems: Problems) -> None:
    """Keys that mean something only together."""
    if (row.identical_max is None) != (row.identical_window_ms is None):
        problems.add(f"{where}.identical_max", "expected identical_max and identical_window_ms")
    has_counts = row.protection_qty is not None or row.protection_delta is not None
    if has_counts != (row.protection_window_ms is not None):
        problems.add(
            f"{where}.protection_window_ms",
            "expected protection_window_ms with protection_qty or protection_delta or both",
        )
    if row.concentration_floor and row.concentration_permille is None:
        problems.add(f"{where}.concentration_floor", "given without concentration_permille")
