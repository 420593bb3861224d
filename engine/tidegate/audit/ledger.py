"""Money conservation from record to record: what came in, what was traded, what was charged.

    Ledger(arrays)          what there is
    ledger.take(record)     after the step has run it: sentences for what appeared or vanished

For each balance: the change of cash + fees - open_cost + short_cost - initial_cash is the value
of the fills booked to it, and initial_cash moves only by a deposit, a withdrawal, a transfer or
an adjustment, and at the end of a day, when it becomes cash + unrealised. Every other record
leaves every balance's cash as it was.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

from tidegate.audit.money import own_values
from tidegate.audit.state import (
    SLOT,
    Arrays,
    Row,
    State,
    balance_name,
    chain,
    differs,
    is_buy,
    members,
    read,
)
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    CashPhase,
    ExecType,
    Kind,
)


class Ledger:
    """Watches the money of tables that a step changes; has no state of its own but the last."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.before = read(arrays)

    def take(self, record: npt.NDArray[Any]) -> list[str]:
        """What does not follow from the one record that has been run since the last call."""
        before, self.before = self.before, read(self.arrays)
        after = self.before
        return [
            *_deposits(before, after, record),
            *_fills(before, after, record),
        ]


def _row(record: npt.NDArray[Any], view: Any) -> Row:
    one = record.view(view)
    return dict(zip(view.names, one[0].tolist(), strict=True))


def _own_deposits(state: State) -> list[int]:
    """initial_cash of each balance, its members' taken off."""
    found = [int(row["initial_cash"]) for row in state.balances]
    own = list(found)
    for pool, drawing in members(state).items():
        for currency in range(1, state.currency_count):
            for member in drawing:
                own[pool * state.currency_count + currency] -= found[
                    member * state.currency_count + currency
                ]
    return own


def _deposits(before: State, after: State, record: npt.NDArray[Any]) -> Iterator[str]:
    """Nobody's deposits move but by a record that says so, by its amount, or not at all."""
    expected: dict[int, int] = defaultdict(int)
    if _is_roll(before, after, record):
        yield from _opened(after)
        return
    if after.risk["refused_records"] == before.risk["refused_records"]:
        expected = _moved(before, record)
    was, now = _own_deposits(before), _own_deposits(after)
    for index in range(len(now)):
        where = balance_name(after, index)
        yield from differs(where, "change of deposits", now[index] - was[index], expected[index])


def _is_roll(before: State, after: State, record: npt.NDArray[Any]) -> bool:
    """A day has ended."""
    is_taken = after.risk["refused_records"] == before.risk["refused_records"]
    return bool(record["kind"][0] == Kind.DAY_ROLL and is_taken)


def _opened(state: State) -> Iterator[str]:
    """A day's profit starts at 0."""
    for index, row in enumerate(state.balances):
        equity = row["cash"] + row["unrealised"]
        where = balance_name(state, index)
        yield from differs(where, "initial_cash of a new day", row["initial_cash"], equity)
        yield from differs(where, "peak of a new day", row["peak"], 0)


def _moved(before: State, record: npt.NDArray[Any]) -> dict[int, int]:
    """By balance, what a record that is not refused brings or takes."""
    moved: dict[int, int] = defaultdict(int)
    kind = int(record["kind"][0])
    if kind not in (Kind.CASH, Kind.TRANSFER, Kind.ADJUSTMENT):
        return moved
    row = _row(record, CONTROL_RECORD)
    if kind == Kind.ADJUSTMENT:
        moved[row["account"] * before.currency_count + row["currency"]] = row["amount"]
        return moved
    phase, amount, account = row["cash_phase"], row["amount"], row["account"]
    to_account, currency = row["to_account"], row["currency"]
    if phase in (CashPhase.CASH_PENDING, CashPhase.CASH_VOID):
        return moved
    if phase == CashPhase.CASH_POST:
        hold = next(h for h in before.cash_holds if h["request"] == row["cl_ord_id"])
        amount, account = -hold["amount"], hold["account"]
        to_account, currency = hold["to_account"], hold["currency"]
    elif kind == Kind.TRANSFER:
        amount = -amount
    moved[account * before.currency_count + currency] += amount
    if to_account:
        moved[to_account * before.currency_count + currency] -= amount
    return moved


def _filled(after: State, record: npt.NDArray[Any]) -> tuple[int, Row, int, bool]:
    """Account, instrument, value (of a sell) and whether a fee may be due, of a fill."""
    if record["kind"][0] == Kind.ADJUSTMENT:
        row = _row(record, CONTROL_RECORD)
        price, lots = row["price"], row["order_qty"]
    else:
        execution = _row(record, EXECUTION_RECORD)
        price, lots = execution["last_px"], execution["last_qty"]
        row = after.orders[execution["order_id"] & SLOT]
    instrument = after.instruments[row["instrument"]]
    value = price * instrument["tick_value"] * lots
    is_charged = record["kind"][0] != Kind.ADJUSTMENT
    return row["account"], instrument, -value if is_buy(row) else value, is_charged


def _fills(before: State, after: State, record: npt.NDArray[Any]) -> Iterator[str]:
    """A fill's value and fee on every level of its account's chain, and nothing elsewhere."""
    was, now = own_values(before), own_values(after)
    value: dict[int, int] = defaultdict(int)
    booked: list[int] = []
    is_charged = False
    if after.risk["fills"] != before.risk["fills"]:
        if after.risk["unbookable"] != before.risk["unbookable"]:
            return
        filled, instrument, traded, is_charged = _filled(after, record)
        for account in chain(after, filled):
            if not after.accounts[account]["is_pool"]:
                index = account * after.currency_count + instrument["currency"]
                value[index] = traded
                booked.append(index)
        if is_charged and int(record["exec_type"][0]) != ExecType.EXEC_TRADE:
            yield "a record that is no trade was counted as a fill"
    elif _is_roll(before, after, record):
        # What a day starts with is no profit of it.
        deposits = zip(_own_deposits(before), _own_deposits(after), strict=True)
        value.update({index: old - new for index, (old, new) in enumerate(deposits)})
    charged = now[booked[0]][1] - was[booked[0]][1] if booked else 0
    if charged < 0 or (charged and not is_charged):
        yield f"a fill was charged {charged}; expected {'0 or more' if is_charged else '0'}"
    for index in range(len(now)):
        where = balance_name(after, index)
        fee = charged if index in booked else 0
        yield from differs(
            where, "change of traded value", now[index][0] - was[index][0], value[index]
        )
        yield from differs(where, "change of fees", now[index][1] - was[index][1], fee)
