"""Exact figures as plain JSON numbers: whole ones as integers, others as exact decimals."""

from decimal import ROUND_CEILING, Context, Decimal, localcontext
from fractions import Fraction

# Long enough for any figure of lots, rates and prices; a figure that is not is refused by Inexact.
_DIGITS = 200
_CENTS_OF_CENTS = 10_000


def plain(figure: Fraction) -> int | Decimal:
    """`figure` exactly; one without a finite decimal is rounded up to 1/10,000."""
    if figure.denominator == 1:
        return figure.numerator
    twos_and_fives = figure.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    with localcontext(Context(prec=_DIGITS, rounding=ROUND_CEILING)):
        if twos_and_fives == 1:
            return Decimal(figure.numerator) / Decimal(figure.denominator)
        up = -(-figure.numerator * _CENTS_OF_CENTS // figure.denominator)
        return plain(Fraction(up, _CENTS_OF_CENTS))
