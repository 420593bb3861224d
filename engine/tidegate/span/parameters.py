"""What a PA2 file says, as frozen structs: integers of the file and exact Fractions, never a float.

Written by the reader in pa2.py, read by the requirement. Months are (CCYYMM, day or week code), for
the code is part of a contract's name: two weeklies of one month differ in nothing else.
"""

from fractions import Fraction

import msgspec

from tidegate.errors import MarginError
from tidegate.span.columns import power
from tidegate.span.numbers import plain
from tidegate.span.price_fields import DECIMAL, EIGHTHS, NO_SETTLEMENT, SIXTY_FOURTHS, price

SCENARIOS = 16
# What is scanned together: all months, each month, or the months of a tier (record S).
BY_ALL, BY_MONTH, BY_TIER = "01", "02", "10"
OPTION_TYPES = frozenset({"OOF", "OOP", "OOC", "OOS"})

Month = tuple[int, str]
FamilyKey = tuple[str, str, str]
Values = tuple[int, ...]


class Header(msgspec.Struct, frozen=True):
    """Record 0: whose file it is, and of which day (CCYYMMDD)."""

    exchange_complex: str
    business_date: str


class Family(msgspec.Struct, frozen=True):
    """Record P: a product family (exchange, product, type) and how its prices are written."""

    exchange: str
    product: str
    product_type: str
    name: str
    settlement_locator: int
    strike_locator: int
    settlement_align: str
    strike_align: str
    value_factor: Fraction
    currency: str
    valuation: str

    @property
    def key(self) -> FamilyKey:
        """What no other family shares."""
        return self.exchange, self.product, self.product_type

    def settlement(self, raw: int) -> Fraction:
        """A settlement field of this family as a price."""
        return price(raw, self.settlement_locator, self.settlement_align)

    def strike(self, raw: int) -> Fraction:
        """A strike field of this family as a price.

        Families in 64ths leave the strike's code blank and write quarters as eighths all the same.
        """
        align = self.strike_align
        if align == DECIMAL and self.settlement_align == SIXTY_FOURTHS:
            align = EIGHTHS
        return price(raw, self.strike_locator, align)


class Contract(msgspec.Struct, frozen=True):
    """Records 81 and 82 (or 83 and 84): one future or option and its 16 losses of long 1.

    `values` are in units of the combined commodity's money; `delta` is the composite delta.
    """

    family: FamilyKey
    month: Month
    option_month: Month | None
    right: str
    strike: int
    values: Values
    delta: Fraction
    settlement: int | None
    value_factor: Fraction | None

    @property
    def is_option(self) -> bool:
        """Whether it has a right and a value of its own."""
        return self.family[2] in OPTION_TYPES

    @property
    def maturity(self) -> str:
        """As a portfolio names it: the option's own month where it is one."""
        month, day = self.option_month if self.option_month is not None else self.month
        return f"{month}{day}"


class Series(msgspec.Struct, frozen=True):
    """Record B: what all strikes of a series share. `scan_range` is in currency units."""

    scan_range: Fraction | None
    delta_scale: Fraction
    value_factor: Fraction | None
    line: int


class Tier(msgspec.Struct, frozen=True):
    """Months `start` to `end`, both in it. A blank day code stands for the whole month."""

    number: int
    start: Month
    end: Month

    def has(self, month: Month) -> bool:
        """Whether a contract month falls into this tier."""
        after = month[0] > self.start[0] or (month[0] == self.start[0] and month >= self.start)
        before = month[0] < self.end[0] or (
            month[0] == self.end[0] and (not self.end[1] or month <= self.end)
        )
        return after and before


class Leg(msgspec.Struct, frozen=True):
    """One leg of an intra-commodity spread; `months` or `tier` says where its delta comes from."""

    side: str
    ratio: Fraction
    month: Month | None = None
    tier: int | None = None


class Spread(msgspec.Struct, frozen=True):
    """Record E (legs are months) or C (legs are tiers): the charge for one spread."""

    priority: int
    rate: Fraction
    legs: tuple[Leg, ...]


class DeliveryMonth(msgspec.Struct, frozen=True):
    """Record 4, method 10: charges for a delta unit in a month of delivery."""

    month: Month
    spread_rate: Fraction
    outright_rate: Fraction


class CombinedCommodity(msgspec.Struct, frozen=True):
    """Records 2, S, 3, E, C and 4 of one combined commodity."""

    exchange: str
    code: str
    currency: str
    exponent: int
    option_style: str
    caps_option_value: bool
    families: dict[FamilyKey, int]
    scan_method: str
    scan_tiers: tuple[Tier, ...]
    inter_tiers: tuple[Tier, ...]
    price_risk_method: int
    intra_method: str
    tiers: tuple[Tier, ...]
    series_spreads: tuple[Spread, ...]
    tier_spreads: tuple[Spread, ...]
    delivery_method: str
    delivery_months: tuple[DeliveryMonth, ...]
    som_rate: Fraction
    som_tiers: tuple[tuple[Tier, Fraction], ...]
    som_takes_larger: bool
    unsupported: tuple[str, ...]

    @property
    def unit(self) -> Fraction:
        """Currency units in one unit of its rates and arrays."""
        return power(self.exponent)


class InterLeg(msgspec.Struct, frozen=True):
    """One leg of an inter-commodity spread; `rate` is the share of the price risk credited."""

    exchange: str
    code: str
    side: str
    ratio: Fraction
    rate: Fraction
    tier: int | None


class InterSpread(msgspec.Struct, frozen=True):
    """Record 6. `flat` is the credit for one spread in currency units, instead of rates."""

    group: str
    priority: int
    is_super: bool
    flat: Fraction | None
    legs: tuple[InterLeg, ...]
    unsupported: str


class ParameterSet(msgspec.Struct, frozen=True):
    """One PA2 file. `skipped` counts the records of types that no requirement needs."""

    file: str
    header: Header
    families: dict[FamilyKey, Family]
    combined: dict[str, CombinedCommodity]
    owner: dict[FamilyKey, str]
    contracts: dict[tuple[str, str], list[Contract]]
    series: dict[tuple[FamilyKey, Month, Month | None], Series]
    groups: dict[str, str]
    inter_spreads: tuple[InterSpread, ...]
    records: dict[str, int]
    skipped: dict[str, int]

    def combined_of(self, contract: Contract) -> CombinedCommodity:
        """The combined commodity that a contract belongs to; MarginError if there is none."""
        code = self.owner.get(contract.family)
        if code is None:
            raise MarginError(
                f"{self.file}: no combined commodity lists {' '.join(contract.family)}; "
                "expected it in a record of type 2"
            )
        return self.combined[code]

    def series_of(self, contract: Contract) -> Series | None:
        """The B record of a contract's series, if the file has one."""
        return self.series.get((contract.family, contract.month, contract.option_month))

    def delta_of(self, contract: Contract) -> Fraction:
        """Composite delta times the series' scaling factor, 1 where no record states one."""
        series = self.series_of(contract)
        return contract.delta * (series.delta_scale if series is not None else 1)

    def has_premium(self, contract: Contract) -> bool:
        """Whether it is an option that is paid for.

        Futures-style options are marked to market daily and have no value of their own.
        """
        valuation = self.families[contract.family].valuation
        futures_style = valuation.startswith("FUT") or (
            not valuation and self.combined_of(contract).option_style == "F"
        )
        return contract.is_option and not futures_style

    def option_value_of(self, contract: Contract) -> Fraction | None:
        """What one long option is worth in currency units; None without a settlement price."""
        if not self.has_premium(contract):
            return Fraction(0)
        family = self.families[contract.family]
        if contract.settlement is None:
            return None
        return family.settlement(contract.settlement) * self.value_factor_of(contract)

    def value_factor_of(self, contract: Contract) -> Fraction:
        """Currency units of one price point: the contract's own, its series', its family's."""
        series = self.series_of(contract)
        stated = contract.value_factor or (series.value_factor if series is not None else None)
        return stated or self.families[contract.family].value_factor

    def describe(self, contract: Contract) -> str:
        """A contract in words, for messages."""
        words = [contract.family[1], contract.maturity]
        if contract.right:
            strike = self.families[contract.family].strike(contract.strike)
            words += [contract.right, str(plain(strike))]
        return " ".join(words)


def settlement_or_none(raw: int, digits: int) -> int | None:
    """All nines say that there is no settlement price."""
    return None if abs(raw) in (NO_SETTLEMENT, 10**digits - 1) else raw
