"""Money conservation from record to record: what came in, what was traded, what was charged.

    Ledger(arrays)          what there is
    ledger.take(record)     after the step has run it: sentences for what appeared or vanished

For each balance: the change of cash + fees - open_cost + short_cost - initial_cash is the value
of the fills booked to it, and initial_cash moves only by a deposit, a withdrawal or a transfer.
Every other record leaves every balance's cash as it was. What the end of a day must leave is
said in days.py, what the day counts in counts.py.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

from tidegate.audit.counts import counted
from tidegate.audit.days import is_rolled, rolled
from tidegate.audit.money import own_values
from tidegate.audit.state import (
    SLOT,
    Arrays,
    Row,
    State,
    balance_name,
    chain,
    differs,
    own_deposits,
    read,
)
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    ORDER_RECORD,
    CashPhase,
    ExecType,
    Kind,
    Side,
)

VIEWS: dict[int, Any] = {
    Kind.EXECUTION_REPORT: EXECUTION_RECORD,
    Kind.NEW_ORDER_SINGLE: ORDER_RECORD,
    Kind.CANCEL_REPLACE_REQUEST: ORDER_RECORD,
}


class Ledger:
    """Watches the money of tables that a step changes; has no state of its own but the last."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.before = read(arrays)

    def take(self, record: npt.NDArray[Any]) -> list[str]:
        """What does not follow from the one record that has been run since the last call."""
        before, self.before = self.before, read(self.arrays)
        after = self.before
        if is_rolled(before, after):
            return list(rolled(before, after))
        row = _row(record, VIEWS.get(int(record["kind"][0]), CONTROL_RECORD))
        return [
            *_deposits(before, after, row),
            *_fills(before, after, row),
            *counted(before, after, row),
        ]


def _row(record: npt.NDArray[Any], view: Any) -> Row:
    one = record.view(view)
    return dict(zip(view.names, one[0].tolist(), strict=True))


def _deposits(before: State, after: State, record: Row) -> Iterator[str]:
    """Nobody's deposits move but by a record that says so, by its amount, or not at all."""
    expected: dict[int, int] = defaultdict(int)
    if after.risk["refused_records"] == before.risk["refused_records"]:
        expected = _moved(before, record)
    was, now = own_deposits(before), own_deposits(after)
    for index in range(len(now)):
        where = balance_name(after, index)
        yield from differs(where, "change of deposits", now[index] - was[index], expected[index])


def _moved(before: State, row: Row) -> dict[int, int]:
    """By balance, what a record that is not refused brings or takes."""
    moved: dict[int, int] = defaultdict(int)
    kind = row["kind"]
    if kind == Kind.ADJUSTMENT and not row["side"] and not row["order_id"]:
        moved[row["account"] * before.currency_count + row["currency"]] += row["amount"]
    if kind not in (Kind.CASH, Kind.TRANSFER):
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


def _fills(before: State, after: State, record: Row) -> Iterator[str]:
    """A fill's value and fee on every level of its account's chain, and nothing elsewhere."""
    was, now = own_values(before), own_values(after)
    value: dict[int, int] = defaultdict(int)
    booked: list[int] = []
    if after.risk["fills"] != before.risk["fills"]:
        if after.risk["unbookable"] != before.risk["unbookable"]:
            return
        is_adjusted = record["kind"] == Kind.ADJUSTMENT
        order = record if is_adjusted else after.orders[record["order_id"] & SLOT]
        instrument = after.instruments[order["instrument"]]
        lots, price = ("order_qty", "price") if is_adjusted else ("last_qty", "last_px")
        traded = record[price] * instrument["tick_value"] * record[lots]
        for account in chain(after, order["account"]):
            if not after.accounts[account]["is_pool"]:
                index = account * after.currency_count + instrument["currency"]
                value[index] = -traded if order["side"] == Side.BUY else traded
                booked.append(index)
        if not is_adjusted and record["exec_type"] != ExecType.EXEC_TRADE:
            yield "a record that is no trade was counted as a fill"
    charged = now[booked[0]][1] - was[booked[0]][1] if booked else 0
    if charged < 0 or (charged and record["kind"] == Kind.ADJUSTMENT):
        yield f"a fill was charged {charged}; expected 0 or more, of an adjustment 0"
    for index in range(len(now)):
        where = balance_name(after, index)
        fee = charged if index in booked else 0
        yield from differs(
            where, "change of traded value", now[index][0] - was[index][0], value[index]
        )
        yield from differs(where, "change of fees", now[index][1] - was[index][1], fee)
