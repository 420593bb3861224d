"""Decimal prices to and from ticks, exactly or not at all."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, localcontext

from tidegate.errors import PriceError

_MAX_TICKS = 2**63 - 1
# Longer than any price times any tick size that fits 64 bits: no rounding can creep in.
_EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN)
_DIGITS_MAX = 36


def to_ticks(price: str | int | Decimal, tick_size: Decimal) -> int:
    """`price` in ticks; PriceError when it is not a finite multiple of `tick_size`."""
    number = _decimal(price, tick_size)
    with localcontext(_EXACT):
        ticks = number / tick_size
        whole = ticks.to_integral_value()
        if whole * tick_size != number:
            raise PriceError(
                f"price {price} is not a multiple of tick size {tick_size}; "
                f"nearest is {_plain(whole * tick_size)}"
            )
        # INT64_MIN is the record's "no price".
        if abs(whole) > _MAX_TICKS:
            raise PriceError(f"price {price} is {whole} ticks of {tick_size}: beyond 64 bits")
        return int(whole)


def to_price(ticks: int, tick_size: Decimal) -> Decimal:
    """`ticks` as a decimal price with the tick size's own number of places."""
    with localcontext(_EXACT):
        return ticks * tick_size


def _decimal(price: str | int | Decimal, tick_size: Decimal) -> Decimal:
    if isinstance(price, bool) or not isinstance(price, (str, int, Decimal)):
        raise TypeError(
            f"price {price!r} is a {type(price).__name__}; give a str or a Decimal, "
            "because a float does not say which decimal is meant"
        )
    if isinstance(price, int) and abs(price) >= 10**_DIGITS_MAX:
        raise PriceError(f"price has more than {_DIGITS_MAX} digits; tick size is {tick_size}")
    try:
        number = Decimal(price)
    except (InvalidOperation, ValueError):
        raise PriceError(
            f"price {price[:48]!r} is not a decimal number; tick size is {tick_size}"  # type: ignore[index]
        ) from None
    if not number.is_finite():
        raise PriceError(f"price {price} is not finite; tick size is {tick_size}")
    exponent = number.as_tuple().exponent
    digits = len(number.as_tuple().digits)
    if digits > _DIGITS_MAX or not isinstance(exponent, int) or abs(exponent) > _DIGITS_MAX:
        raise PriceError(
            f"price {str(price)[:48]} has more than {_DIGITS_MAX} digits; "
            f"tick size is {tick_size}, nearest is {_nearest(number, tick_size)}"
        )
    return number


def _nearest(number: Decimal, tick_size: Decimal) -> str:
    with localcontext(_EXACT):
        if abs(number.adjusted()) > _DIGITS_MAX:
            return "not within 64 bits" if number.adjusted() > 0 else "0"
        return _plain((number / tick_size).to_integral_value() * tick_size)


def _plain(price: Decimal) -> str:
    return f"{price:f}"
