"""Decimal text of a config to the engine's integers, exactly or refused with the reason."""

import re
from decimal import Context, Decimal

from tidegate.universe import MONEY_SCALE

INT64_MAX = 2**63 - 1
# Beyond these risk cannot express an amount, and takes no order at such a price (RISK.md).
MONEY_MAX = 2**61
TICKS_MAX = 2**53
# Plain notation only: an exponent, a sign of plus or an underscore is more often a slip than meant.
DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
# Wide enough for any product of two such numbers: nothing is ever rounded here.
EXACT = Context(prec=100)
Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def decimal(text: str | int) -> Decimal:
    """A decimal number of at most 18 digits before the point and 12 after; else ValueError."""
    if not DECIMAL.fullmatch(str(text)):
        raise ValueError(f'expected a decimal number such as "0.25", got {text!r}')
    return Decimal(str(text))


def positive(text: str | int) -> Decimal:
    """A decimal number above zero."""
    value = decimal(text)
    if value <= 0:
        raise ValueError(f"expected a number above 0, got {text!r}")
    return value


def money(text: str | int) -> int:
    """An amount in currency units to 1/10,000 of it; not negative, at most four decimals."""
    scaled = whole(EXACT.multiply(decimal(text), MONEY_SCALE))
    if scaled is None:
        raise ValueError(f"expected at most 4 decimals, got {text!r}")
    if scaled < 0:
        raise ValueError(f"expected an amount of 0 or more, got {text!r}")
    if scaled > MONEY_MAX:
        raise ValueError(f"expected at most {MONEY_MAX // MONEY_SCALE:,}, got {text!r}")
    return scaled


def price(text: str | int, tick_size: Decimal) -> int:
    """A price to ticks; a price between two ticks is refused."""
    quotient, rest = EXACT.divmod(decimal(text), tick_size)
    ticks = whole(quotient)
    if ticks is None or rest != 0:
        raise ValueError(f"expected a multiple of the tick size {tick_size}, got {text!r}")
    if abs(ticks) > TICKS_MAX:
        raise ValueError(f"expected at most 2^53 ticks of {tick_size}, got {text!r}")
    return ticks


def tick_value(tick_size: Decimal, multiplier: Decimal) -> int:
    """What one tick of one lot is worth, in 1/10,000 of the currency unit."""
    worth = EXACT.multiply(tick_size, multiplier)
    ticks = whole(EXACT.multiply(worth, MONEY_SCALE))
    if ticks is None:
        raise ValueError(
            f"a tick is worth {worth.normalize(EXACT):f}; expected a whole number "
            "of 1/10,000 of the currency unit (tick_size x multiplier x 10,000)"
        )
    return ticks


def whole(value: Decimal) -> int | None:
    """The integer that `value` is, if it is one and fits int64."""
    integer = int(value)
    return integer if integer == value and abs(integer) <= INT64_MAX else None


def is_z85_key(text: str) -> bool:
    """Whether `text` is a CURVE key: 32 bytes as 40 characters of Z85 (ZeroMQ RFC 32)."""
    if len(text) != 40 or any(character not in Z85 for character in text):
        return False
    for start in range(0, 40, 5):
        value = 0
        for character in text[start : start + 5]:
            value = value * 85 + Z85.index(character)
        if value >= 1 << 32:
            return False
    return True
