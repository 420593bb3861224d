"""Which unit a check's limit, used and asked have, so that they can be shown as people say them."""

from decimal import Decimal
from enum import Enum

from tidegate.native.records import NO_PRICE, Phase, Reason
from tidegate.native.tables import CREDIT_MAX, NO_LIMIT
from tidegate.universe import MONEY_SCALE, Instrument, Universe


class Unit(Enum):
    """What a number counts."""

    PLAIN = "plain"
    LOTS = "lots"
    MONEY = "money"
    PRICE = "price"
    TICKS = "ticks"
    NS = "ns"
    STATE = "state"
    PHASE = "phase"
    COUNT = "count"
    PERMILLE = "permille"


P, L, M, X, N, C = Unit.PLAIN, Unit.LOTS, Unit.MONEY, Unit.PRICE, Unit.NS, Unit.COUNT

# limit, used, asked, as RISK.md 3 gives them.
UNITS: dict[Reason, tuple[Unit, Unit, Unit]] = {
    Reason.LIST_REFUSED: (C, C, C),
    Reason.KILL_SWITCH: (Unit.STATE, P, Unit.STATE),
    Reason.HALTED_STATE: (Unit.STATE, P, Unit.STATE),
    Reason.RE_ENABLE_NEEDED: (C, C, C),
    Reason.PROTECTION_PULLED: (L, L, L),
    Reason.SESSION_CLOSED: (Unit.PHASE, P, Unit.PHASE),
    Reason.REDUCING_STATE: (L, L, L),
    Reason.REDUCE_ONLY_ORDER: (L, L, L),
    Reason.CLOSABLE_LOTS: (L, L, L),
    Reason.LOSS_LIMIT: (M, M, M),
    Reason.DRAWDOWN_LIMIT: (M, M, M),
    Reason.ORDER_SIZE: (L, L, L),
    Reason.MARKET_ORDER_SIZE: (L, L, L),
    Reason.ORDER_SIZE_MIN: (L, L, L),
    Reason.LOT_STEP: (L, L, L),
    Reason.PRICE_STEP: (Unit.TICKS, P, X),
    Reason.ORDER_NOTIONAL: (M, M, M),
    Reason.REFERENCE_STALE: (N, N, N),
    Reason.PRICE_COLLAR: (X, X, X),
    Reason.PERIOD_COLLAR: (Unit.TICKS, X, X),
    Reason.ORDER_RATE: (N, N, N),
    Reason.REPLACE_RATE: (N, N, N),
    Reason.SLOWED: (N, N, N),
    Reason.DAY_ORDERS: (C, C, C),
    Reason.DAY_CANCELS: (C, C, C),
    Reason.DAY_LARGE_CANCELS: (C, C, C),
    Reason.DAY_SELF_TRADES: (C, C, C),
    Reason.ORDER_TO_TRADE: (C, C, C),
    Reason.OPEN_ORDERS: (C, C, C),
    Reason.IDENTICAL_ORDERS: (C, C, C),
    Reason.SELF_MATCH_OWN: (X, P, X),
    Reason.SELF_MATCH_GROUP: (X, P, X),
    Reason.POSITION_LIMIT: (L, L, L),
    Reason.GROSS_LIMIT: (L, L, L),
    Reason.CONCENTRATION: (Unit.PERMILLE, L, L),
    Reason.LEVERAGE: (M, M, M),
    Reason.MARGIN: (M, M, M),
    Reason.FEE: (M, M, M),
    Reason.POOL: (M, M, M),
    Reason.STALE_ORDER: (N, N, N),
}
YEAR_NS = 31_536_000_000_000_000
# From here on a number stands for "none stated".
UNLIMITED = {
    Unit.LOTS: min(CREDIT_MAX >> 1, (1 << 31) - 1),
    Unit.COUNT: 1 << 29,
    Unit.NS: NO_LIMIT >> 3,
}
STATES = {0: "undecided", 1: "ACTIVE", 2: "REDUCING", 3: "HALTED", 4: "KILLED"}
PHASES = {phase.value: phase.name.removeprefix("PHASE_") for phase in Phase}


class Speaker:
    """Numbers and handles of one universe as people say them."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe

    def money(self, amount: int, instrument: Instrument | None) -> str:
        """An amount in the instrument's currency, to four places without trailing zeros."""
        code = "" if instrument is None else self.currency(instrument.currency)
        return f"{plain(Decimal(amount) / MONEY_SCALE)} {code}".rstrip()

    def currency(self, handle: int) -> str:
        """A currency's code."""
        if 0 < handle <= len(self.universe.currencies):
            return self.universe.currencies[handle - 1].code
        return f"currency {handle}"

    def account(self, handle: int) -> str:
        """An account's name."""
        if 0 < handle <= len(self.universe.accounts):
            return self.universe.accounts[handle - 1].name
        return f"account {handle}"

    def instrument(self, handle: int) -> Instrument | None:
        """The instrument, or None where there is none of this handle."""
        if 0 < handle <= len(self.universe.instruments):
            return self.universe.instruments[handle - 1]
        return None

    def price(self, ticks: int, instrument: Instrument | None) -> str:
        """A price in the instrument's own decimals."""
        if ticks == NO_PRICE:
            return "the market"
        if abs(ticks) == NO_LIMIT:
            return "no bound"
        return plain(Decimal(ticks) * instrument.tick_size) if instrument else f"{ticks} ticks"

    def value(
        self, number: int, unit: Unit, instrument: Instrument | None, *, is_limit: bool = True
    ) -> str:
        """A compared number with its unit; a limit so large is none."""
        if is_limit and unit is not Unit.PRICE and number >= UNLIMITED.get(unit, NO_LIMIT):
            return "no limit"
        if unit is Unit.MONEY:
            return self.money(number, instrument)
        if unit is Unit.PRICE:
            return self.price(number, instrument)
        if unit is Unit.LOTS:
            return f"{number:,} lot{'' if abs(number) == 1 else 's'}"
        if unit is Unit.TICKS:
            return f"{number:,} tick{'' if abs(number) == 1 else 's'}"
        if unit is Unit.NS:
            return duration(number) if abs(number) < YEAR_NS else "long ago"
        if unit is Unit.STATE:
            return STATES.get(number, f"state {number}")
        if unit is Unit.PHASE:
            return PHASES.get(number, f"phase {number}")
        if unit is Unit.PERMILLE:
            return f"{plain(Decimal(number) / 10)} %"
        return f"{number:,}"


def plain(number: Decimal) -> str:
    """A decimal with thousands separators and no trailing zeros."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(nanoseconds: int) -> str:
    """A length of time in its handiest unit."""
    for size, unit in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")):
        if abs(nanoseconds) >= size:
            return f"{plain(round(Decimal(nanoseconds) / size, 3))} {unit}"
    return f"{nanoseconds} ns"
