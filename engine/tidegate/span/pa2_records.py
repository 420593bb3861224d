"""Single records of a PA2 file, by the columns of CME's expanded layout: a function a type."""

from fractions import Fraction

import msgspec

from tidegate.errors import MarginError
from tidegate.span.columns import Line, power
from tidegate.span.parameters import (
    SCENARIOS,
    Contract,
    DeliveryMonth,
    Family,
    FamilyKey,
    Header,
    InterLeg,
    InterSpread,
    Leg,
    Month,
    Series,
    Spread,
    Tier,
    settlement_or_none,
)

EXPANDED = "U2"
PER_CENT = 100
# Widths of an array value in records 81 and 82, and in 83 and 84.
_VALUE_DIGITS = {"81": 5, "82": 5, "83": 8, "84": 8}
_FIRST_VALUES = 9
_ARRAY = 55


class Definition(msgspec.Struct, frozen=True):
    """Record 2: what a combined commodity is made of."""

    exchange: str
    code: str
    currency: str
    exponent: int
    option_style: str
    caps_option_value: bool
    families: dict[FamilyKey, int]


class HalfArray(msgspec.Struct, frozen=True):
    """Record 81 or 83: the first nine values; the other half is the next line."""

    line: Line
    identity: str
    values: tuple[int, ...]
    settlement: int | None


class Tiers(msgspec.Struct, frozen=True):
    """Record S: one table of tiers, of the kind that `method` says."""

    method: str
    count: int
    tiers: tuple[Tier, ...]
    rates: tuple[int, ...]
    price_risk_method: int


class Delivery(msgspec.Struct, frozen=True):
    """Record 4: delivery charges and the short option minimum."""

    method: str
    count: int
    months: tuple[DeliveryMonth, ...]
    som_rate: int
    som_takes_larger: bool


def header(line: Line) -> Header:
    """Record 0. Only the expanded format is read; a header may be cut behind its date."""
    form = line.word(36, 37)
    if form not in ("", EXPANDED):
        raise line.refusal(36, 37, f"{EXPANDED}, the expanded format")
    line.digits(9, 16)
    return Header(line.word(3, 8, expected="an exchange complex"), line.word(9, 16))


def family(line: Line) -> Family:
    """Record P."""
    exponent = line.exponent(74, 75, 73)
    return Family(
        *family_key(line, 6, 16),
        name=line.word(19, 33),
        settlement_locator=line.locator(34, 36),
        strike_locator=line.locator(37, 39),
        settlement_align=line.word(40, 40),
        strike_align=line.word(41, 41),
        value_factor=line.fraction(42, 55, 7) * power(exponent or 0),
        currency=line.word(66, 68),
        valuation=line.word(117, 121),
    )


def family_key(line: Line, product: int, product_type: int) -> FamilyKey:
    """Exchange in 3-5, product and type from the columns given."""
    return (
        line.word(3, 5, expected="an exchange"),
        line.word(product, product + 9, expected="a product"),
        line.word(product_type, product_type + 2, expected="a product type such as FUT or OOF"),
    )


def month(line: Line, first: int, day: int | None = None) -> Month | None:
    """CCYYMM and its day or week code; None when it is blank or zeros."""
    if not line.word(first, first + 5).strip("0"):
        return None
    digits = line.digits(first, first + 5)
    if not 1 <= digits % 100 <= 12:
        raise line.refusal(first, first + 5, "a month as CCYYMM")
    code = line.word(day, day + 1) if day is not None else ""
    return digits, code if code.strip("0") else ""


def needed_month(line: Line, first: int, day: int | None = None) -> Month:
    """A month that must be there."""
    found = month(line, first, day)
    if found is None:
        raise line.refusal(first, first + 5, "a month as CCYYMM")
    return found


def definition(line: Line) -> Definition:
    """Record 2: up to six product families, each with the digits behind its arrays' point."""
    exchange = line.word(3, 5, expected="an exchange")
    families: dict[FamilyKey, int] = {}
    for first in range(23, 23 + 6 * 16, 16):
        if product := line.word(first, first + 9):
            kind = line.word(first + 10, first + 12, expected="a product type such as FUT or OOF")
            places = line.digits(first + 13, first + 13, missing=0)
            is_negative = line.word(first + 14, first + 14) == "-"
            families[exchange, product, kind] = places if is_negative else -places
    if not families:
        raise line.refusal(23, 35, "at least one product family")
    return Definition(
        exchange=exchange,
        code=line.word(7, 12, expected="a combined commodity"),
        currency=line.word(14, 16, expected="a currency"),
        exponent=line.digits(13, 13),
        option_style=line.word(18, 18),
        caps_option_value=line.word(19, 19) == "Y",
        families=families,
    )


def _tier(line: Line, first: int, days: int) -> Tier | None:
    """Number, starting and ending month in 14 columns; day codes of both in 4 columns elsewhere."""
    number = line.digits(first, first + 1, missing=0)
    if not number:
        if month(line, first + 2) is not None:
            raise line.refusal(first, first + 1, "the number of a tier, from 1")
        return None
    start = needed_month(line, first + 2, days)
    end = needed_month(line, first + 8, days + 2)
    if start[0] > end[0]:
        raise line.refusal(first + 8, first + 13, f"a month from {start[0]} on")
    return Tier(number, start, end)


def intra_tiers(line: Line) -> tuple[str, tuple[Tier, ...]]:
    """Record 3: method and up to four tiers."""
    method = line.word(9, 10, expected="a method of two digits")
    if method != "10":
        return method, ()
    found = (_tier(line, 11 + 14 * index, 81 + 4 * index) for index in range(4))
    return method, tuple(tier for tier in found if tier is not None)


def scan_tiers(line: Line) -> Tiers:
    """Record S: up to five tiers; rates are of method 30, one short option minimum a tier."""
    method = line.word(9, 10, expected="a method of two digits")
    found = [_tier(line, 13 + 14 * index, 84 + 4 * index) for index in range(5)]
    risk = line.word(83, 83) or "1"
    if risk not in ("1", "2", "3"):
        raise line.refusal(83, 83, "1, 2 or 3, or a blank")
    return Tiers(
        method=method,
        count=line.digits(11, 12, missing=0),
        tiers=tuple(tier for tier in found if tier is not None),
        rates=tuple(
            line.digits(104 + 7 * index, 110 + 7 * index, missing=0)
            for index, tier in enumerate(found)
            if tier is not None
        ),
        price_risk_method=int(risk),
    )


def _side(line: Line, column: int) -> str:
    side = line.text[column - 1 : column]
    if side not in ("A", "B"):
        raise line.refusal(column, column, "the side of a leg, A or B")
    return side


def _positive(line: Line, first: int, last: int, places: int) -> Fraction:
    ratio = line.fraction(first, last, places)
    if not ratio:
        raise line.refusal(first, last, "a ratio above 0")
    return ratio


def _legs(line: Line, legs: list[Leg]) -> tuple[Leg, ...]:
    if len(legs) < 2:
        raise line.refusal(1, len(line.text) + 1, "a spread of at least two legs")
    return tuple(legs)


def series_spread(line: Line) -> Spread:
    """Record E: up to four legs of a month each (years 2000 to 2099)."""
    legs: list[Leg] = []
    for first in range(21, 21 + 4 * 14, 14):
        if not line.word(first, first + 13):
            break
        digits = line.digits(first, first + 3)
        if not 1 <= digits % 100 <= 12:
            raise line.refusal(first, first + 3, "a month as YYMM")
        ratio = _positive(line, first + 7, first + 12, 4)
        period = 200_000 + digits, line.word(first + 4, first + 6)
        legs.append(Leg(_side(line, first + 13), ratio, month=period))
    return Spread(line.digits(9, 13), Fraction(line.digits(14, 20)), _legs(line, legs))


def tier_spread(line: Line) -> tuple[str, Spread]:
    """Record C: its method, and up to eight legs of a tier each."""
    count = line.digits(13, 14)
    if not 2 <= count <= 8:
        raise line.refusal(13, 14, "2 to 8 legs")
    legs = []
    for first in range(22, 22 + 7 * count, 7):
        line.digits(first, first + 1)
        tier = line.digits(first + 2, first + 3)
        ratio = _positive(line, first + 4, first + 5, 0)
        legs.append(Leg(_side(line, first + 6), ratio, tier=tier))
    spread = Spread(line.digits(11, 12), Fraction(line.digits(15, 21)), tuple(legs))
    return line.word(9, 10, expected="a method of two digits"), spread


def delivery(line: Line) -> Delivery:
    """Record 4: up to two delivery months and the short option minimum."""
    method = line.word(9, 10, expected="a method of two digits")
    months, count = [], 0
    if method == "10":
        count = line.digits(11, 12)
        for first, day in ((13, 57), (35, 59)):
            period = month(line, first + 2, day)
            if period is not None:
                spread = Fraction(line.digits(first + 8, first + 14))
                outright = Fraction(line.digits(first + 15, first + 21))
                months.append(DeliveryMonth(period, spread, outright))
    larger = line.word(79, 79) or "2"
    if larger not in ("1", "2"):
        raise line.refusal(79, 79, "1 (the larger) or 2 (the sum), or a blank")
    return Delivery(
        method=method,
        count=count,
        months=tuple(months),
        som_rate=line.digits(63, 69, missing=0),
        som_takes_larger=larger == "1",
    )


def series(line: Line) -> tuple[tuple[FamilyKey, Month, Month | None], Series]:
    """Record B, with the key that its contracts share."""
    key = family_key(line, 6, 16), needed_month(line, 19, 25), month(line, 28, 34)
    scale = line.digits(86, 91, missing=10_000)
    scan = line.digits(53, 57, missing=0)
    if line.word(165, 165) == "P":
        scan = 0
    factor = line.digits(129, 142, missing=0)
    return key, Series(
        scan_range=scan * power(line.exponent(166, 167, 168) or 0) if scan else None,
        delta_scale=Fraction(scale, 10_000),
        value_factor=Fraction(factor, 10**7) * power(line.exponent(143, 144, 145) or 0) or None,
        line=line.number,
    )


def half_array(line: Line) -> HalfArray:
    """Record 81 or 83. Flag Y says that the price is only in the high-precision field."""
    digits = _VALUE_DIGITS[line.text[:2]]
    step = digits + 1
    behind = _ARRAY + _FIRST_VALUES * step
    precise = None
    if line.text[behind + 13 : behind + 14] == "Y":
        precise = line.digits(behind, behind + 13)
    elif line.word(behind, behind + 13):
        line.digits(behind, behind + 13)
    return HalfArray(
        line=line,
        identity=line.text[2:54],
        values=_values(line, _FIRST_VALUES, digits),
        settlement=precise,
    )


def _values(line: Line, count: int, digits: int) -> tuple[int, ...]:
    step = digits + 1
    starts = range(_ARRAY, _ARRAY + count * step, step)
    return tuple(line.signed(first, first + digits - 1) for first in starts)


def other_contract(half: HalfArray, line: Line) -> MarginError:
    """The refusal of a second half that is not its first half's."""
    return line.refusal(3, 54, f"the contract of line {half.line.number}, {half.identity!r}")


def contract(half: HalfArray, line: Line) -> Contract:
    """Record 82 or 84 together with its first half: a contract."""
    digits = _VALUE_DIGITS[line.text[:2]]
    if len(line.text) < 54 or line.text[2:54] != half.identity:
        raise other_contract(half, line)
    behind = _ARRAY + (SCENARIOS - _FIRST_VALUES) * (digits + 1)
    settlement = line.sign(behind + 21) * line.digits(behind + 14, behind + 20)
    factor = line.digits(behind + 41, behind + 54, missing=0)
    exponent = line.exponent(behind + 55, behind + 56, behind + 57) or 0
    right = line.word(29, 29)
    if right not in ("", "C", "P"):
        raise line.refusal(29, 29, "C or P, or a blank")
    found = Contract(
        family=family_key(line, 6, 26),
        month=needed_month(line, 30, 36),
        option_month=month(line, 39, 45),
        right=right,
        strike=line.sign(behind + 22) * line.digits(48, 54, missing=0),
        values=half.values + _values(line, SCENARIOS - _FIRST_VALUES, digits),
        delta=Fraction(line.signed(behind, behind + 4), 10_000),
        settlement=_settlement(half, settlement),
        value_factor=Fraction(factor, 10**7) * power(exponent) or None,
    )
    if found.is_option and not (right and found.option_month):
        raise line.refusal(29, 46, "the right and the month of an option")
    return found


def _settlement(half: HalfArray, settlement: int) -> int | None:
    if half.settlement is None:
        return settlement_or_none(settlement, 7)
    return settlement_or_none(half.settlement, 14)


def group(line: Line) -> tuple[str, tuple[str, ...]]:
    """Record 5: a group and its combined commodities."""
    codes = (line.word(first, first + 5) for first in range(13, 73, 6))
    return line.word(3, 5, expected="a group"), tuple(code for code in codes if code)


def inter_spread(line: Line) -> InterSpread:
    """Record 6: up to four legs; what no rule here covers is named, and gives no credit."""
    method, credit = line.word(89, 90) or "01", line.word(101, 101) or "W"
    flag, status = line.word(110, 110) or "N", line.word(151, 151)
    unsupported = ""
    if method not in ("01", "20") or credit not in ("W", "F") or flag not in ("N", "S"):
        unsupported = f"method {method}, credit method {credit}, group flag {flag}"
    elif status in ("N", "H"):
        unsupported = f"not for customers (status {status})"
    rate = line.fraction(10, 16, 4)
    by_leg = line.word(122, 122) == "Y"
    legs = []
    for index, first in enumerate(range(17, 17 + 4 * 18, 18)):
        if not line.word(first, first + 17):
            break
        own = line.fraction(123 + 7 * index, 129 + 7 * index, 4) if by_leg else rate
        tier = line.digits(102 + 2 * index, 103 + 2 * index, missing=0)
        if own > PER_CENT and credit == "W":
            raise line.refusal(10, 16, "a credit of at most 100 %, 1000000")
        legs.append(
            InterLeg(
                exchange=line.word(first, first + 2, expected="an exchange"),
                code=line.word(first + 4, first + 9, expected="a combined commodity"),
                ratio=_positive(line, first + 10, first + 16, 4),
                side=_side(line, first + 17),
                rate=own / PER_CENT,
                tier=tier or None,
            )
        )
    if not legs:
        raise line.refusal(17, 34, "a leg")
    priority = line.digits(6, 9)
    flat = rate * PER_CENT if credit == "F" else None
    return InterSpread(line.word(3, 5), priority, flag == "S", flat, tuple(legs), unsupported)
