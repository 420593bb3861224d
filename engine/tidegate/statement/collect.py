"""The lines of a day: each record that moved an account's cash or lots, as it is run again."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    ExecType,
    Kind,
    PositionEffect,
    Side,
)
from tidegate.native.tables import Tables
from tidegate.prices import to_price
from tidegate.statement.model import Fill, Move
from tidegate.statement.picture import Picture, cash_and_fees, picture
from tidegate.universe import MONEY_SCALE, Universe

SLOT = 0xFFFFFFFF
MOVING = (Kind.EXECUTION_REPORT, Kind.CASH, Kind.TRANSFER, Kind.ADJUSTMENT, Kind.DAY_ROLL)
Row = dict[str, Any]


@dataclass
class Book:
    """Of one account. sums: by (currency, item), traded: by currency, a buy negative."""

    account: int
    opening: Picture
    before_end: Picture
    closing: Picture
    fills: list[Fill] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    sums: Counter[tuple[int, str]] = field(default_factory=Counter)
    traded: Counter[int] = field(default_factory=Counter)


class Collector:
    """Runs records over tables and notes in each account's book what they did to it."""

    def __init__(self, content: Universe, tables: Tables, accounts: list[int]) -> None:
        self.content = content
        self.tables = tables
        self.step = Pretrade(tables)
        self.books = {}
        for account in accounts:
            now = self.picture(account)
            self.books[account] = Book(account, now, now, now)

    def picture(self, account: int) -> Picture:
        """The account as it stands."""
        return picture(self.tables, account, len(self.content.currencies))

    def run(self, batch: npt.NDArray[Any]) -> None:
        """All records of a batch; those that can move cash one by one."""
        begin = 0
        for index in _moving(batch):
            self.step.replay(batch[begin:index])
            self.one(batch[index : index + 1])
            begin = index + 1
        self.step.replay(batch[begin:])

    def one(self, record: npt.NDArray[Any]) -> None:
        """A record that may move cash."""
        is_report = int(record["kind"][0]) == Kind.EXECUTION_REPORT
        row = _row(record, EXECUTION_RECORD if is_report else CONTROL_RECORD)
        order = self._order(row) if is_report else row
        if row["kind"] == Kind.DAY_ROLL:
            for book in self.books.values():
                book.before_end = self.picture(book.account)
        before = {account: self._cash(account) for account in self.books}
        fills = int(self.tables.arrays["risk"]["fills"][0])
        self.step.replay(record)
        is_fill = int(self.tables.arrays["risk"]["fills"][0]) != fills
        for account, book in self.books.items():
            changes = [
                (now[0] - was[0], now[1] - was[1])
                for was, now in zip(before[account], self._cash(account), strict=True)
            ]
            if is_fill:
                self._fill(book, row, order, changes)
            else:
                self._move(book, row, changes)

    def close(self, *, is_over: bool) -> None:
        """The day has ended, or its records have."""
        for book in self.books.values():
            book.closing = self.picture(book.account)
            if not is_over:
                book.before_end = book.closing

    def _cash(self, account: int) -> list[tuple[int, int]]:
        return cash_and_fees(self.tables, account, len(self.content.currencies))

    def _order(self, row: Row) -> Row:
        rows = self.tables.arrays["orders"]
        slot = row["order_id"] & SLOT
        if slot >= len(rows):
            return row
        return dict(zip(rows.dtype.names or (), rows[slot].tolist(), strict=True))

    def _fill(self, book: Book, row: Row, order: Row, changes: list[tuple[int, int]]) -> None:
        if book.account not in _chain(self.tables, order["account"]):
            return
        is_adjusted = row["kind"] == Kind.ADJUSTMENT
        lots, price = ("order_qty", "price") if is_adjusted else ("last_qty", "last_px")
        instrument = self.content.instruments[order["instrument"] - 1]
        cash, fee = changes[instrument.currency - 1]
        is_buy = order["side"] == Side.BUY
        value = row[price] * instrument.tick_value * row[lots]
        book.traded[instrument.currency] += -value if is_buy else value
        item = "premium" if instrument.is_premium_paid else "realised"
        book.sums[instrument.currency, "adjustments" if is_adjusted else item] += cash + fee
        book.sums[instrument.currency, "fees"] -= fee
        book.fills.append(
            Fill(
                sequence=row["sequence"],
                time_ns=self._time(row),
                account=self._name(order["account"]),
                instrument=instrument.symbol,
                side="BUY" if is_buy else "SELL",
                position_effect=_effect(order["position_effect"]),
                qty=row[lots],
                price=to_price(row[price], instrument.tick_size),
                realised=decimal(cash + fee),
                fee=decimal(fee),
                currency=self._code(instrument.currency),
                exec_id=0 if is_adjusted else row["exec_id"],
                order_id=row["order_id"],
                cl_ord_id=0 if is_adjusted else order["cl_ord_id"],
                is_adjustment=is_adjusted,
            )
        )

    def _move(self, book: Book, row: Row, changes: list[tuple[int, int]]) -> None:
        for currency, (amount, _) in enumerate(changes, 1):
            if not amount:
                continue
            if row["kind"] == Kind.DAY_ROLL:
                book.sums[currency, "variation"] += amount
                continue
            item, kind, other = self._of_move(book, row, amount)
            book.sums[currency, item] += amount
            book.moves.append(
                Move(
                    sequence=row["sequence"],
                    time_ns=self._time(row),
                    kind=kind,
                    currency=self._code(currency),
                    amount=decimal(amount),
                    counterparty=other,
                    request=row["cl_ord_id"],
                )
            )

    def _of_move(self, book: Book, row: Row, amount: int) -> tuple[str, str, str]:
        """Which sum it is of, what it is called, and with whom."""
        if row["kind"] == Kind.ADJUSTMENT:
            return "adjustments", "adjustment", ""
        if row["kind"] == Kind.TRANSFER:
            other = row["to_account"] if row["account"] == book.account else row["account"]
            return "transfers", f"transfer {'in' if amount > 0 else 'out'}", self._name(other)
        if amount > 0:
            return "deposits", "deposit", ""
        return "withdrawals", "withdrawal", ""

    def _time(self, row: Row) -> int:
        """When risk took it; of records without a stamp, the last tick."""
        return int(row["received_ns"] or self.tables.arrays["risk"]["now_ns"][0])

    def _name(self, account: int) -> str:
        return self.content.accounts[account - 1].name

    def _code(self, currency: int) -> str:
        return self.content.currencies[currency - 1].code


def decimal(amount: int) -> Decimal:
    """Money of the engine in units of its currency, exactly."""
    return Decimal(amount) / MONEY_SCALE


def _moving(batch: npt.NDArray[Any]) -> list[int]:
    """Places of records that may move cash."""
    kind = batch["kind"]
    found = kind == MOVING[0]
    found &= batch["exec_type"] == ExecType.EXEC_TRADE
    for other in MOVING[1:]:
        found |= kind == other
    return [int(index) for index in found.nonzero()[0]]


def _row(record: npt.NDArray[Any], view: Any) -> Row:
    return dict(zip(view.names, record.view(view)[0].tolist(), strict=True))


def _chain(tables: Tables, account: int) -> list[int]:
    row = tables.arrays["accounts"][account]
    return [int(one) for one in row["chain"][: row["chain_count"]]]


def _effect(code: int) -> str:
    return PositionEffect(code).name if code in tuple(PositionEffect) else ""
