"""Money that came to an account or left it otherwise than by trading, of accounts that book fills.

A deposit moves cash and initial_cash alike, and the end of a day sets initial_cash anew (RISK.md
5.7, 5.10). So within a day what initial_cash grows by is a flow, and from one day to the next it
is not. A flow that falls between the same two looks as the end of a day is therefore not seen; it
then shows as a difference of that amount, which an operator dismisses. What was seen before is
kept in a file, for after the first day's end it stands nowhere else.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tidegate.errors import RegionError

BalanceKey = tuple[int, int]


class Kept(msgspec.Struct):
    """The file: the day that it was written in, and (account, currency, flow, initial_cash)."""

    day: int
    rows: list[tuple[int, int, int, int]]


class Flows:
    """Follows initial_cash. `started` = the cash of the config, by account and currency."""

    def __init__(
        self,
        path: Path,
        started: Mapping[BalanceKey, int],
        *,
        keeps: bool,
        is_kept: bool = False,
    ) -> None:
        """`keeps`: write the file; `is_kept`: another process does, and will soon have."""
        self._path = path
        self._started = started
        self._keeps = keeps
        self._is_kept = is_kept
        self._day = -1
        self._flow: dict[BalanceKey, int] = {}
        self._initial: dict[BalanceKey, int] = {}

    def of(self, key: BalanceKey) -> int:
        """All that has come and gone since the run's first day, what it began with included."""
        return self._flow[key]

    def note(self, day: int, initial: Mapping[BalanceKey, int]) -> None:
        """What a look between two steps of risk has seen: the day, and initial_cash.

        RegionError while nothing is known of the days before.
        """
        seen = {key: int(money) for key, money in initial.items()}
        if day == self._day and seen == self._initial:
            return
        if self._day < 0 and day > 0:
            self._resume(day, seen)
        if day == 0:
            self._flow = dict(seen)
        elif day == self._day:
            self._flow = {
                key: self._flow[key] + money - self._initial[key] for key, money in seen.items()
            }
        self._day, self._initial = day, seen
        if self._keeps and day > 0:
            self._keep()

    def _resume(self, day: int, seen: dict[BalanceKey, int]) -> None:
        """Take up what was kept; a file of a later day is of another journal."""
        if self._is_kept and not self._path.exists():
            raise RegionError(f"{self._path}: not there yet; the reconciliation stage writes it")
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            kept = Kept(day + 1, [])
        rows = {(row[0], row[1]): row[2:] for row in kept.rows}
        if kept.day > day or rows.keys() != seen.keys():
            if self._keeps:
                print(
                    f"{self._path}: not there or not of this run; deposits of the days before "
                    f"{day} are counted as none",
                    file=sys.stderr,
                )
            self._flow = {key: self._started.get(key, 0) for key in seen}
            return
        self._day = kept.day
        self._flow = {key: flow for key, (flow, _) in rows.items()}
        self._initial = {key: initial for key, (_, initial) in rows.items()}

    def _keep(self) -> None:
        rows = [
            (account, currency, self._flow[account, currency], initial)
            for (account, currency), initial in self._initial.items()
        ]
        partial = self._path.with_suffix(".partial")
        try:
            partial.write_bytes(msgspec.json.encode(Kept(self._day, rows)))
            os.replace(partial, self._path)
        except OSError as error:
            # A full disk must not end the run; the next change is written again.
            print(f"{self._path}: {error.strerror}", file=sys.stderr)
