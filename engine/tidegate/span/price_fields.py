"""Prices as PA2 files write them: whole digits, a decimal locator and an alignment code.

Rule: CME SPAN "Type P" and "Type 8" records. Under a code the last digit is an eighth of a tick,
cut to one decimal (2 is 2/8, 5 is 4/8 = .50), so that 4 and 9 cannot stand there.
"""

from decimal import Decimal
from fractions import Fraction

from tidegate.errors import MarginError
from tidegate.span.columns import power

NO_SETTLEMENT = 9_999_999
DECIMAL, EIGHTHS, THIRTY_SECONDS, SIXTY_FOURTHS = "", "0", "C", "K"

_EIGHTHS = {0: 0, 1: 1, 2: 2, 3: 3, 5: 4, 6: 5, 7: 6, 8: 7}
_TICKS = {THIRTY_SECONDS: 32, SIXTY_FOURTHS: 64}
_TICK_DIGITS = 3


def price(raw: int, locator: int, align: str) -> Fraction:
    """The price that `raw` stands for; MarginError for a code or digits that are not supported.

    `align` blank is decimal, "0" decimals with a last eighth (grains), "C" points and 32nds, "K"
    points and 64ths (treasuries; both with a locator of 3: two digits of ticks, one of eighths).
    """
    align = align.strip()
    magnitude, sign = abs(raw), -1 if raw < 0 else 1
    if align == DECIMAL or raw == 0:
        return raw * power(-locator)
    if align != EIGHTHS and align not in _TICKS:
        raise MarginError(f"price alignment code {align!r}; expected a blank, 0, C or K")
    wanted = "at least 1" if align == EIGHTHS else str(_TICK_DIGITS)
    if locator < 1 or (align != EIGHTHS and locator != _TICK_DIGITS):
        raise MarginError(
            f"price {raw} under alignment code {align} has locator {locator}; expected {wanted}"
        )
    eighths = _EIGHTHS.get(magnitude % 10)
    if eighths is None:
        raise MarginError(
            f"price {raw} under alignment code {align} ends in {magnitude % 10}; "
            "expected 0, 1, 2, 3, 5, 6, 7 or 8, an eighth of a tick"
        )
    ticks = magnitude // 10 + Fraction(eighths, 8)
    if align == EIGHTHS:
        return sign * ticks * power(1 - locator)
    points, ticks = ticks // 100, ticks % 100
    if ticks >= _TICKS[align]:
        raise MarginError(
            f"price {raw} under alignment code {align} has {ticks} ticks; "
            f"expected less than {_TICKS[align]}"
        )
    return sign * (points + ticks / _TICKS[align])


def decimal_price(field: str, locator: int, align: str) -> Decimal:
    """A price field as a decimal with the file's own number of places where it is decimal."""
    if not (field.isascii() and field.isdigit()):
        raise MarginError(f"price field {field!r}; expected digits")
    if align.strip() == DECIMAL and locator >= 0:
        return Decimal(int(field)).scaleb(-locator)
    exact = price(int(field), locator, align)
    return Decimal(exact.numerator) / Decimal(exact.denominator)
