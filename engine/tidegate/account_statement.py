"""What an account did in a day, from the journal alone: each fill, move of cash and adjustment.

The journal is replayed; a record that concerns the account is run alone, and what it changed of
the account's own rows is a line. So a line is what was booked, and cash at the beginning and the
lines add up to cash at the end; a statement that does not is refused. A day runs from the DAY_ROLL
before it to its own, that one included: variation margin is its last line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate import recovery, replay
from tidegate.errors import ReplayError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import CONTROL_RECORD, EXECUTION_RECORD, ExecType, Kind, Side
from tidegate.native.tables import Tables
from tidegate.universe import Universe

MOVES = (Kind.CASH, Kind.TRANSFER, Kind.ADJUSTMENT)


class Money(NamedTuple):
    """An account's in one currency, in 1/10,000."""

    cash: int
    fees: int
    unrealised: int
    margin: int


class Lots(NamedTuple):
    """An account's in one instrument: long positive; with sides, its long and its short lots."""

    net: int
    longs: int
    shorts: int
    fill_count: int


class Rows(NamedTuple):
    """The account's own rows at one moment, by currency and by instrument."""

    money: dict[int, Money]
    lots: dict[int, Lots]


class Line(NamedTuple):
    """One record: lots signed, price in ticks (None where it has none), money by currency."""

    sequence: int
    time_ns: int
    what: str
    instrument: int
    lots: int
    price: int | None
    cash: dict[int, int]
    fees: dict[int, int]


class Statement(NamedTuple):
    """A day of one account; is_over: its DAY_ROLL has come, and is the last line."""

    account: int
    day: int
    is_over: bool
    opening: Rows
    lines: list[Line]
    closing: Rows


def statement(journal: Path, name: str, day: int | None = None) -> Statement:
    """The account's statement of a day, YYYYMMDD, or with None of the day that goes on.

    ReplayError when there is no such account, or the journal does not have that day.
    """
    content = replay.read_universe(journal)
    handles = {account.name: account.handle for account in content.accounts}
    if name not in handles:
        raise ReplayError(f"account {name!r} is unknown; there are {', '.join(list(handles)[:20])}")
    return _Day(content, journal, handles[name], day).run()


class _Day:
    """Runs a journal up to the end of one day."""

    def __init__(self, content: Universe, journal: Path, account: int, day: int | None) -> None:
        self.journal = journal
        self.account = account
        self.asked = day
        self.currencies = len(content.currencies)
        self.of_account = np.array(list(below(content, account)))
        self.tables: Tables = recovery.in_memory(content, journal, from_beginning=True).tables
        self.arrays = self.tables.arrays
        self.step = Pretrade(self.tables)
        self.ended = int(self.arrays["risk"]["business_day"][0])
        # The beginning of the present day is known, unless the journal's own has been removed.
        self.is_whole = int(self.arrays["risk"]["sequence"][0]) == 0
        self.opening = self.rows()
        self.lines: list[Line] = []

    def run(self) -> Statement:
        """Replay; the statement once the day is there."""
        for row in self.concerning():
            before, ended = self.rows(), self.ended
            self.step.replay(row)
            after = self.rows()
            self.ended = int(self.arrays["risk"]["business_day"][0])
            if after != before:
                self.lines.append(line(row, before, after))
            if self.ended == ended:
                continue
            if self.ended == self.asked and self.is_whole:
                return self.made(is_over=True)
            self.opening, self.lines, self.is_whole = after, [], True
        if self.asked is not None:
            raise ReplayError(
                f"{self.journal}: has no whole day {self.asked} that has ended; the last one that "
                f"has is {self.ended or 'none'}"
            )
        if not self.is_whole:
            raise ReplayError(f"{self.journal}: the beginning of the present day was removed")
        return self.made(is_over=False)

    def concerning(self) -> Iterator[npt.NDArray[Any]]:
        """Runs all others; gives each record that may concern the account, not run yet."""
        first = int(self.arrays["risk"]["sequence"][0]) + 1
        for batch in JournalReader(self.journal).batches(first):
            at = 0
            for place in np.flatnonzero(self.is_of_interest(batch)).tolist():
                self.step.replay(batch[at:place])
                yield batch[place : place + 1].copy()
                at = place + 1
            self.step.replay(batch[at:])

    def is_of_interest(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Fills, moves and adjustments of it or below, and ends of days."""
        kind = batch["kind"]
        # A report may have lost its names on the way: risk knows them by its order.
        is_own = np.isin(batch["account"], [0, *self.of_account])
        goes_to = np.isin(batch.view(CONTROL_RECORD)["to_account"], self.of_account)
        is_fill = (kind == Kind.EXECUTION_REPORT) & (batch["exec_type"] == ExecType.EXEC_TRADE)
        found: npt.NDArray[np.bool_] = (
            (is_fill & is_own)
            | (np.isin(kind, MOVES) & (is_own | goes_to))
            | (kind == Kind.DAY_ROLL)
        )
        return found

    def rows(self) -> Rows:
        """The account's own rows now."""
        stride = self.currencies + 1
        balances = self.arrays["balances"]
        money = {
            currency: Money(
                *(int(balances[field][self.account * stride + currency]) for field in Money._fields)
            )
            for currency in range(1, stride)
        }
        used = int(self.arrays["risk"]["pair_count"][0])
        owners = self.arrays["pairs"]["account"][1 : used + 1]
        lots = {}
        for at in (np.flatnonzero(owners == self.account) + 1).tolist():
            pair = self.arrays["pairs"][at]
            sides = self.arrays["sides"][pair["sides"]]
            longs, shorts = (
                int(sides[f"{side}_today"]) + int(sides[f"{side}_yesterday"])
                for side in ("long", "short")
            )
            kept = (longs, shorts) if pair["sides"] else (0, 0)
            lots[int(pair["instrument"])] = Lots(int(pair["net"]), *kept, int(pair["fill_count"]))
        return Rows(money, lots)

    def made(self, *, is_over: bool) -> Statement:
        """The statement; ReplayError when cash does not add up."""
        closing = self.rows()
        for currency, money in closing.money.items():
            moved = sum(each.cash.get(currency, 0) for each in self.lines)
            if self.opening.money[currency].cash + moved != money.cash:
                raise ReplayError(
                    f"{self.journal}: cash of account {self.account} in currency {currency} is "
                    f"{money.cash}; its lines add up to {self.opening.money[currency].cash + moved}"
                )
        day = self.ended if is_over else 0
        return Statement(self.account, day, is_over, self.opening, self.lines, closing)


def line(row: npt.NDArray[Any], before: Rows, after: Rows) -> Line:
    """What one record changed."""
    kind, record = int(row["kind"][0]), row[0]
    cash, fees = (
        {
            currency: getattr(now, field) - getattr(before.money[currency], field)
            for currency, now in after.money.items()
            if getattr(now, field) != getattr(before.money[currency], field)
        }
        for field in ("cash", "fees")
    )
    none = Lots(0, 0, 0, 0)
    moved = [at for at, now in after.lots.items() if now != before.lots.get(at, none)]
    is_fill = kind == Kind.EXECUTION_REPORT
    is_deal = is_fill or (kind == Kind.ADJUSTMENT and record["side"] in (Side.BUY, Side.SELL))
    instrument = moved[0] if is_deal and moved else 0
    price = row.view(EXECUTION_RECORD)["last_px"][0] if is_fill else record["price"]
    return Line(
        sequence=int(record["sequence"]),
        time_ns=int(record["received_ns"]),
        what="fill" if is_fill else Kind(kind).name.lower().replace("_", " "),
        instrument=instrument,
        lots=after.lots[instrument].net - before.lots.get(instrument, none).net
        if instrument
        else 0,
        price=int(price) if instrument else None,
        cash=cash,
        fees=fees,
    )


def below(content: Universe, account: int) -> set[int]:
    """The account and all below it; parents come first."""
    found = {account}
    for each in content.accounts:
        if each.parent in found:
            found.add(each.handle)
    return found
