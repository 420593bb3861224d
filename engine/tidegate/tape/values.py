"""Text of a recording to exact int64 ticks, lots and times; what is not exact is a bad row.

Importers use it for every figure. It must never round: a price between two ticks is an error.
"""

import re
from collections import Counter
from decimal import Decimal

from tidegate.errors import TapeError
from tidegate.tape.events import INT64_MAX

BAD_ROWS_SHOWN = 5

_NUMBER = re.compile(r"-?[0-9]{1,38}(\.[0-9]{1,38})?([eE][-+]?[0-9]{1,2})?", re.ASCII)
_MEMORY_MAX = 65_536


class RowError(Exception):
    """A row that cannot be taken; says which field and what was expected."""


class Scale:
    """Decimal text to a whole number of `unit`s: ticks of a price, lots of a quantity."""

    def __init__(self, name: str, unit: Decimal) -> None:
        if not unit.is_finite() or unit <= 0:
            raise TapeError(f"{name} of {unit}; expected more than 0")
        self.name = name
        self.unit = unit
        self._numerator, self._denominator = unit.as_integer_ratio()
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """The count of units in `text`, or RowError."""
        known = self._known.get(text)
        if known is None:
            known = self._count(text)
            if len(self._known) < _MEMORY_MAX:
                self._known[text] = known
        return known

    def _count(self, text: str) -> int:
        if not _NUMBER.fullmatch(text):
            raise RowError(f"{self.name} is {text[:48]!r}; expected a decimal number")
        numerator, denominator = Decimal(text).as_integer_ratio()
        count, rest = divmod(numerator * self._denominator, denominator * self._numerator)
        if rest:
            raise RowError(f"{self.name} is {text}; expected a multiple of {self.unit}")
        if abs(count) > INT64_MAX:
            raise RowError(f"{self.name} is {text}; expected at most {INT64_MAX} times {self.unit}")
        return count


def whole(name: str, text: str) -> int:
    """A whole number that is not negative, or RowError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise RowError(f"{name} is {text[:48]!r}; expected a whole number")
    number = int(text)
    if number > INT64_MAX:
        raise RowError(f"{name} is {text}; expected at most {INT64_MAX}")
    return number


class RowCounts:
    """What became of each row of the sources, and the first bad rows in words."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[str] = []

    def count(self, what: str, number: int = 1) -> None:
        """Adds to one count; `what` names the rows and what was done with them."""
        self.counts[what] += number

    def refuse(self, where: str, error: RowError) -> None:
        """Counts a bad row."""
        self.counts["bad rows"] += 1
        if len(self.bad) < BAD_ROWS_SHOWN:
            self.bad.append(f"{where}: {error}")

    def finish(self, *, skip_bad: bool) -> dict[str, int]:
        """The counts; raises TapeError if there were bad rows that may not be skipped."""
        bad = self.counts["bad rows"]
        if bad and not skip_bad:
            shown = "\n  ".join(self.bad)
            raise TapeError(f"{bad} bad rows; expected none (or --skip-bad). First:\n  {shown}")
        return dict(sorted(self.counts.items()))
