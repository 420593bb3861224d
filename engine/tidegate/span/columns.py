"""Fields of a positional line, cut by the columns that a layout prints: 1-based and inclusive.

A trailing field may be missing (writers truncate blanks), a field may not be there in part: that is
what a file looks like that was cut.
"""

from fractions import Fraction

from tidegate.errors import MarginError

_SHOWN = 24


class Line:
    """One line of a file; every refusal names file, line, columns and what was expected."""

    __slots__ = ("file", "number", "text")

    def __init__(self, file: str, number: int, text: str) -> None:
        self.file = file
        self.number = number
        self.text = text

    def refusal(self, first: int, last: int, expected: str) -> MarginError:
        """The error that says what stands in columns `first` to `last`, and what should."""
        found = self.text[first - 1 : last]
        shown = repr(found[:_SHOWN]) if found else "the end of the line"
        return MarginError(
            f"{self.file}, line {self.number}, columns {first}-{last}: {shown}; expected {expected}"
        )

    def word(self, first: int, last: int, *, expected: str | None = None) -> str:
        """Text without blanks around; `expected` names what must not be missing."""
        found = self.text[first - 1 : last].strip()
        if expected is not None and not found:
            raise self.refusal(first, last, expected)
        return found

    def digits(self, first: int, last: int, *, missing: int | None = None) -> int:
        """A whole number without sign; `missing` stands for blanks, without it they are refused."""
        field = self.text[first - 1 : last]
        bare = field.strip()
        if not bare and missing is not None:
            return missing
        if len(field) < last - first + 1 or not (bare.isascii() and bare.isdigit()):
            raise self.refusal(first, last, f"{last - first + 1} digits")
        return int(bare)

    def fraction(
        self, first: int, last: int, places: int, *, missing: int | None = None
    ) -> Fraction:
        """A number whose last `places` digits stand behind the point."""
        return Fraction(self.digits(first, last, missing=missing), 10**places)

    def sign(self, column: int, *, required: bool = False) -> int:
        """1 or -1 by the sign in a column; blank is 1 unless a sign is `required`."""
        found = self.text[column - 1 : column]
        if found == "-":
            return -1
        if found == "+" or (not required and not found.strip()):
            return 1
        raise self.refusal(column, column, "+ or -" if required else "+, - or a blank")

    def signed(self, first: int, last: int) -> int:
        """Digits whose sign stands in the column behind them, as array values have it."""
        return self.sign(last + 1, required=True) * self.digits(first, last)

    def locator(self, first: int, last: int) -> int:
        """A decimal locator: digits behind the point, a minus in its first column if negative."""
        field = self.text[first - 1 : last]
        if field.startswith("-"):
            return -self.digits(first + 1, last)
        return self.digits(first, last, missing=0)

    def exponent(self, first: int, last: int, sign: int) -> int | None:
        """A power of ten with its sign in column `sign`; None if blank."""
        if not self.text[first - 1 : last].strip():
            return None
        return self.sign(sign) * self.digits(first, last)


def power(exponent: int) -> Fraction:
    """10 to the `exponent`, exactly."""
    return Fraction(10) ** exponent
